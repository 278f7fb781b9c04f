"""The asterisk container's program, run here: a node of the settings, a real Asterisk."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from aftercall.loopback_ports import free_port
from tests.deployment.test_compose import script

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder of short path: Asterisk's control socket lives in it."""
    with tempfile.TemporaryDirectory(prefix="aftercall-node-") as made:
        yield Path(made)


async def run_node(environment: dict[str, str], *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "docker/run_node.py"), *arguments, env=environment, cwd=ROOT,
        stderr=asyncio.subprocess.PIPE)


def settings_of(folder: Path, url: str, ami_port: int) -> dict[str, str]:
    (folder / "aftercall.toml").write_text(f"""
[[nodes]]
name = "node1"
ami_port = {ami_port}
sip_port = {free_port()}
http_port = {free_port()}

[[nodes]]
name = "other"
""")
    return {**os.environ, "AFTERCALL_CONFIG": str(folder / "aftercall.toml"),
            "AFTERCALL_DATA_DIR": str(folder / "data"), "AFTERCALL_DATABASE__URL": url,
            "PYTHONPATH": str(ROOT)}


@pytest.mark.journey
async def test_a_node_runs_until_it_is_told_to_stop(
        folder: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = settings_of(folder, database_url, ami_port := free_port())
    process = await run_node(environment, "node1")
    try:
        async with asyncio.timeout(60):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", ami_port)
                except OSError:
                    assert process.returncode is None, (await process.communicate())[1].decode()
                    await asyncio.sleep(0.1)
                else:
                    writer.close()
                    break
        for name in ("AFTERCALL_CONFIG", "AFTERCALL_DATA_DIR", "AFTERCALL_DATABASE__URL"):
            monkeypatch.setenv(name, environment[name])
        assert await asyncio.to_thread(script("healthy").main, "asterisk", "node1") == 0
        assert not (folder / "data/asterisk/other").exists()
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            await process.communicate()
    assert process.returncode == 0
    assert await asyncio.to_thread(script("healthy").main, "asterisk", "node1") == 1


async def test_a_node_that_is_not_there_is_named(folder: Path) -> None:
    process = await run_node(settings_of(folder, "postgresql://nowhere", 5038), "nonesuch")
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.decode().splitlines()[-1] == \
        "nodes: expected one named 'nonesuch', found node1, other"
