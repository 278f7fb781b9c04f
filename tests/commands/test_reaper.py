"""What a benchmark, a demo or a test run has started ends with it, even when it is killed."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from aftercall.provision.postgres import EmbeddedPostgres

PATIENCE_S = 60.0            # on a machine that is busy with other things

# A run as it is begun by ``aftercall bench``; what it starts ignores what it can.
RUN = """\
import json, subprocess, sys, time
from pathlib import Path
from aftercall.provision.postgres import EmbeddedPostgres
from aftercall.reaper import end_with_us

end_with_us()
pids = []
if sys.argv[1]:
    server = EmbeddedPostgres(Path(sys.argv[1]))
    server.start(lambda _: None)
    pids.append(server.postmaster().pid)
stubborn = subprocess.Popen(["sh", "-c", "trap '' TERM HUP INT; sleep 500 & echo $!; wait; wait"],
                            stdout=subprocess.PIPE, text=True, start_new_session=True)
print(json.dumps([*pids, stubborn.pid, int(stubborn.stdout.readline())]), flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one database for all tests here: making it takes long."""
    return tmp_path_factory.mktemp("reaper") / "postgres"


async def begin(folder: Path | None, seconds: float = 500,
                ) -> tuple[asyncio.subprocess.Process, list[Any]]:
    """The run, and the server (in a folder), child and grandchild that it has started."""
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-c", RUN, str(folder or ""), str(seconds), stdout=asyncio.subprocess.PIPE)
    assert run.stdout is not None
    return run, [psutil.Process(pid) for pid in json.loads(await run.stdout.readline())]


async def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


async def execute(server: EmbeddedPostgres, statement: str) -> list[Any]:
    connection = await asyncpg.connect(server.url().replace("postgresql+asyncpg", "postgresql"))
    try:
        return list(await connection.fetch(statement))
    finally:
        await connection.close()


async def test_a_killed_run_takes_its_children_with_it_and_its_database_stays_whole(
        folder: Path) -> None:
    run, started = await begin(folder)
    await execute(EmbeddedPostgres(folder), "create table kept as select 7 as number")
    bystander = await asyncio.create_subprocess_exec("sleep", "500")
    run.send_signal(signal.SIGKILL)
    await run.wait()
    await until(lambda: all(gone(process) for process in started))
    assert bystander.returncode is None
    bystander.kill()
    await bystander.wait()

    assert (folder / "postmaster.pid").exists() is False         # it was shut down, it did not die
    again = EmbeddedPostgres(folder)
    again.start(lambda _: None)
    try:
        assert [row["number"] for row in await execute(again, "select number from kept")] == [7]
    finally:
        again.stop()


async def test_so_does_one_that_is_told_to_end_and_does_not_clean_up() -> None:
    run, started = await begin(None)
    run.send_signal(signal.SIGTERM)
    await run.wait()
    await until(lambda: all(gone(process) for process in started))


async def test_a_database_that_somebody_else_uses_goes_on(folder: Path) -> None:
    run, (postmaster, child, grandchild) = await begin(folder)
    other = EmbeddedPostgres(folder)
    assert other.start(lambda _: None) is False                  # it runs already
    try:
        run.send_signal(signal.SIGKILL)
        await run.wait()
        await until(lambda: gone(child) and gone(grandchild))
        assert not gone(postmaster)
        assert [row["number"] for row in await execute(other, "select 1 as number")] == [1]
    finally:
        assert other.stop()
    await until(lambda: gone(postmaster))


async def test_so_does_one_that_forgets_its_children_and_the_reaper_is_the_last() -> None:
    run, started = await begin(None, seconds=0)

    def reapers() -> list[int]:
        return [process.pid for process in psutil.process_iter(["cmdline"])
                if (process.info["cmdline"] or [])[1:4] == ["-m", "aftercall.reaper", str(run.pid)]]

    await run.wait()
    await until(lambda: not reapers())
    assert all(gone(process) for process in started)
