"""The embedded PostgreSQL comes back after anything, and leaves no door open."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil
import pytest

from aftercall.provision import postgres_programs
from aftercall.provision.errors import ProvisionError
from aftercall.provision.postgres import EmbeddedPostgres


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder; whatever runs on it at the end is stopped."""
    yield tmp_path / "postgres"
    last = EmbeddedPostgres(tmp_path / "postgres")
    if last.postmaster() is not None:
        last.start(lambda _: None)
        last.stop()


def server_on(folder: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder, durable=False)


async def query(url: str, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
    try:
        rows: list[asyncpg.Record] = await connection.fetch(statement)
        return rows
    finally:
        await connection.close()


async def test_it_comes_back_after_its_postmaster_is_killed(
        folder: Path, said: list[str]) -> None:
    server = server_on(folder)
    assert server.start(said.append)
    await query(server.url(), "CREATE TABLE answers AS SELECT 38.6 AS temperature")
    running = server.postmaster()
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)

    again = server_on(folder)
    assert await asyncio.to_thread(again.start, said.append)
    assert [str(row[0]) for row in await query(again.url(), "TABLE answers")] == ["38.6"]
    server.stop()
    assert again.stop()
    assert again.postmaster() is None


async def test_it_comes_back_after_all_its_processes_are_killed(
        folder: Path, said: list[str]) -> None:
    server = server_on(folder)
    server.start(said.append)
    running = server.postmaster()
    assert running is not None
    postmaster = psutil.Process(running.pid)
    for process in [*postmaster.children(recursive=True), postmaster]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    assert await asyncio.to_thread(server.start, said.append)
    assert await query(server.url(), "SELECT 1")


async def test_a_recycled_process_id_is_not_taken_for_the_server(
        folder: Path, said: list[str]) -> None:
    server = server_on(folder)
    server.start(said.append)
    mark = folder / "postmaster.pid"
    lines = mark.read_text().splitlines()
    server.stop()
    mark.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert server.postmaster() is None
    assert server.start(said.append)
    assert await query(server.url(), "SELECT 1")


async def test_the_last_to_leave_stops_it(folder: Path, said: list[str]) -> None:
    first, second = server_on(folder), server_on(folder)
    assert first.start(said.append)
    assert not second.start(said.append)
    assert not first.stop()
    assert await query(second.url(), "SELECT 1")
    assert second.stop()
    assert second.postmaster() is None
    assert not second.stop()


def test_a_user_that_was_killed_does_not_keep_it_running(
        folder: Path, said: list[str]) -> None:
    code = ("import sys, os; from pathlib import Path;"
            "from aftercall.provision.postgres import EmbeddedPostgres;"
            "EmbeddedPostgres(Path(sys.argv[1]), durable=False).start(lambda _: None);"
            "os.kill(os.getpid(), 9)")
    killed = subprocess.run([sys.executable, "-c", code, str(folder)], check=False,
                            cwd=Path(__file__).parents[2])
    assert killed.returncode == -signal.SIGKILL
    server = server_on(folder)
    assert not server.start(said.append)      # the server outlived its user and is adopted
    assert server.stop()


async def test_it_lives_in_a_private_folder_and_opens_no_way_there(
        folder: Path, said: list[str]) -> None:
    home = folder.parent / "home"
    home.mkdir(mode=0o700)
    server = server_on(home / "data/postgres")
    server.start(said.append)
    try:
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        server.create_database("other")            # writes a checkpoint
        assert await query(server.url("other"), "SELECT 1")
    finally:
        server.stop()
    assert server.start(said.append)
    assert await query(server.url("other"), "SELECT 1")
    server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="root's server has an account of its own: "
                    "run as root")
async def test_programs_in_a_private_folder_are_run_from_a_copy(
        folder: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    private = folder.parent / "private"
    private.mkdir(mode=0o700)
    wheel = postgres_programs.wheel_folder()
    shutil.copytree(wheel, private / wheel.name, symlinks=True)
    shutil.copytree(wheel.with_name(f"{wheel.name}.libs"), private / f"{wheel.name}.libs")
    for folder_made in (private / wheel.name).rglob("*"):       # under a narrow umask
        if not folder_made.is_symlink():
            folder_made.chmod(stat.S_IMODE(folder_made.stat().st_mode) & 0o700)
    for_all = Path("/tmp") / f"aftercall-test-programs-{os.getpid()}"
    monkeypatch.setattr(postgres_programs, "wheel_folder", lambda: private / wheel.name)
    monkeypatch.setattr(postgres_programs, "PROGRAMS_FOR_ALL", for_all)
    postgres_programs.programs_folder.cache_clear()
    try:
        server = server_on(folder)
        server.start(said.append)
        assert await query(server.url(), "SELECT now() AT TIME ZONE 'Asia/Shanghai'")
        running = server.postmaster()
        assert running is not None
        assert psutil.Process(running.pid).exe().startswith(f"{for_all}/")
        server.stop()
    finally:
        postgres_programs.programs_folder.cache_clear()
        shutil.rmtree(for_all, ignore_errors=True)


async def test_two_processes_may_start_it_at_once(folder: Path, said: list[str]) -> None:
    servers = [server_on(folder), server_on(folder)]
    started = await asyncio.gather(*(asyncio.to_thread(server.start, said.append)
                                     for server in servers))
    assert sorted(started) == [False, True]


async def test_a_long_path_still_gets_a_socket(folder: Path, said: list[str]) -> None:
    server = server_on(folder / ("long" * 40) / "postgres")
    server.start(said.append)
    try:
        assert await query(server.url(), "SELECT 1")
        running = server.postmaster()
        assert running is not None
        assert running.socket_dir != server.folder
    finally:
        server.stop()
    assert not running.socket_dir.exists()


async def test_we_are_not_the_superuser_and_make_databases_of_our_own(
        folder: Path, said: list[str]) -> None:
    server = server_on(folder)
    server.start(said.append)
    [[user, is_super]] = await query(
        server.url(), "SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
    assert (user, is_super) == ("aftercall", False)
    server.create_database("病案-1")
    server.create_database("病案-1")
    [[name, encoding]] = await query(
        server.url("病案-1"), "SELECT current_database(), current_setting('server_encoding')")
    assert (name, encoding) == ("病案-1", "UTF8")


async def test_no_network_reaches_it(folder: Path, said: list[str]) -> None:
    server = server_on(folder)
    server.start(said.append)
    [[addresses]] = await query(server.url(), "SHOW listen_addresses")
    assert addresses == ""


def test_only_our_own_account_gets_in(folder: Path, said: list[str]) -> None:
    server = server_on(folder)
    server.start(said.append)
    assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0
    rules = [line.split() for line in (folder / "pg_hba.conf").read_text().splitlines()]
    assert rules == [["local", "all", "all", "peer", "map=aftercall"]]


async def test_the_log_holds_no_values_of_patients(folder: Path, said: list[str]) -> None:
    server = server_on(folder)
    server.start(said.append)
    url = server.url()
    await query(url, "CREATE TABLE patients (phone text PRIMARY KEY)")
    for _ in range(2):
        try:
            await query(url, "INSERT INTO patients VALUES ('13800000000')")
        except asyncpg.UniqueViolationError:
            break
    server.stop()
    logs = "".join(log.read_text() for log in (folder / "log").iterdir())
    assert "duplicate key" in logs
    assert "13800000000" not in logs


def test_a_folder_of_another_version_is_refused(folder: Path, said: list[str]) -> None:
    folder.mkdir()
    (folder / "PG_VERSION").write_text("15\n")
    with pytest.raises(ProvisionError, match="made by PostgreSQL 15: expected 18"):
        server_on(folder).start(said.append)


def test_no_address_while_it_does_not_run(folder: Path) -> None:
    with pytest.raises(ProvisionError, match="start it first"):
        server_on(folder).url()


async def test_a_half_made_folder_is_made_anew(folder: Path, said: list[str]) -> None:
    half = folder.with_name("postgres.new")     # initdb was killed
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server = server_on(folder)
    assert server.start(said.append)
    assert await query(server.url(), "SELECT 1")
    assert not half.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="others may not hasten anything")
async def test_a_patient_s_answer_is_kept_before_usual_work_gets_its_turn(
        folder: Path, said: list[str]) -> None:
    server = server_on(folder)
    server.start(said.append)
    running = server.postmaster()
    assert running is not None
    connection = await asyncpg.connect(server.url().replace("postgresql+asyncpg", "postgresql"))
    try:
        backend = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()"))
        assert backend.nice() == psutil.Process(running.pid).nice() < 0
    finally:
        await connection.close()
