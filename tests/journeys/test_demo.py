"""`aftercall demo --exit --json`, as a newcomer's script would run it, in an empty data folder."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import psutil
import pytest

from simgateway.personas import load_personas

pytestmark = [pytest.mark.journey, pytest.mark.timeout(800)]

KEYS = {"patients", "attempts", "answered", "completed", "answers", "findings", "escalations",
        "answer_to_agent_seconds", "recordings", "personas"}
LONGEST_S = 700              # three minutes, once all is started, on a machine of its own


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder with a name short enough for control sockets."""
    path = Path(tempfile.mkdtemp(prefix="ac-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


async def test_the_demo_ends_by_itself_with_a_report_that_holds(folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "aftercall", "demo", "--exit", "--json",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "AFTERCALL_DATA_DIR": str(folder), "COLUMNS": "200"})
    said: list[str] = []
    try:
        async with asyncio.timeout(LONGEST_S):
            address = await _address(process, said)
            page, policy = await _sign_in_page(address)
            rest, out, code = await asyncio.gather(
                process.stderr.read(), process.stdout.read(), process.wait())
            said.append(rest.decode())
    finally:
        if process.returncode is None:
            process.terminate()                     # it ends its parts itself
            await process.wait()
    assert 'type="password"' in page
    assert "default-src 'self'" in policy
    told = "".join(said)
    assert "Traceback" not in told
    assert code == 0, told[-3000:] + out.decode()
    _check(json.loads(out))
    assert _left_behind(folder) == []
    with pytest.raises(aiohttp.ClientError):
        await _sign_in_page(address)


async def _address(process: asyncio.subprocess.Process, said: list[str]) -> str:
    """The console's address, as told to the person at the terminal."""
    assert process.stderr is not None
    async for line in process.stderr:
        said.append(line.decode())
        if found := re.search(r"console: (http://\S+)", said[-1]):
            return found[1]
    raise AssertionError("it ended before it told the console's address:\n" + "".join(said))


async def _sign_in_page(address: str) -> tuple[str, str]:
    async with aiohttp.ClientSession() as session, session.get(address) as reply:
        assert reply.status == 200
        return await reply.text(), reply.headers["Content-Security-Policy"]


def _check(report: dict[str, object]) -> None:
    """The report has the documented keys, and its figures do not contradict each other."""
    assert set(report) == KEYS
    count = {name: value for name, value in report.items() if isinstance(value, int)}
    assert set(count) == KEYS - {"findings", "answer_to_agent_seconds", "personas"}
    assert count["patients"] >= len(load_personas())
    assert count["attempts"] >= count["patients"]
    assert count["attempts"] > count["answered"] > count["completed"] > 0
    assert count["recordings"] == count["answered"]
    assert count["answers"] > count["answered"]
    assert 2 <= count["escalations"] <= count["answered"]
    findings = report["findings"]
    assert isinstance(findings, dict)
    assert set(findings) == {"abnormal", "critical"}
    assert all(number > 0 for number in findings.values())
    waits = report["answer_to_agent_seconds"]
    assert isinstance(waits, dict)
    assert set(waits) == {"p50", "max"}
    assert 0 < waits["p50"] <= waits["max"]
    personas = report["personas"]
    assert isinstance(personas, list)
    assert all(set(one) == {"name", "expected", "actual", "ok"} for one in personas)
    assert [one for one in personas if one["ok"] is not True] == []
    assert sorted(one["name"] for one in personas) == sorted(
        persona.name for persona in load_personas())


def _left_behind(folder: Path) -> list[str]:
    """Command lines of processes that still live in the folder, or were started for it."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if str(folder) in " ".join([*words, process.cwd()]) \
                    or process.environ().get("AFTERCALL_DATA_DIR") == str(folder):
                found.append(" ".join(words))
        except psutil.Error:
            continue
    return found
