"""Fixtures that every room needs: a real PostgreSQL, and a fresh migrated database a test."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog
from hypothesis import settings

from aftercall.provision.postgres import EmbeddedPostgres
from aftercall.reaper import end_with_us
from followup.database.engine import Database
from followup.database.migrate import upgrade
from recordings.recorder import client
from recordings.recorder.client import Recorder
from tests import compiled_once, in_memory
from tests.fakes.recorder import FakeRecorder, fake_recorder

_numbers = itertools.count(1)

# A test side by side with telephone calls may be slow: no test measures time. The same examples
# everywhere, so that a change is judged by what it changes; --hypothesis-profile anew makes others.
settings.register_profile("house", deadline=None, derandomize=True)
settings.register_profile("anew", deadline=None)
settings.load_profile("house")


def pytest_configure() -> None:
    """A test run that is killed leaves nothing behind."""
    end_with_us()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of this test run; its address, ``postgresql+asyncpg://…``."""
    with in_memory.folder(tmp_path_factory.mktemp("postgres")) as folder:
        server = EmbeddedPostgres(folder / "data", durable=False)
        server.start(lambda _: None)
        try:
            yield server.url("postgres")
        finally:
            server.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that wait for telephone calls start first; the others fill the time beside them."""
    items.sort(key=lambda item: (item.get_closest_marker("journey") is None,
                                 item.get_closest_marker("browser") is None))


def in_database(url: str, name: str) -> str:
    """The same server's address for another database."""
    base, _, query = url.partition("?")
    return f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _drop(url: str, name: str) -> None:
    """Drop a database; one that an autovacuum worker, whom we may not end, is just leaving too."""
    for wait in (0.2, 0.5, 1.0, 3.0, None):
        try:
            await _execute(url, f"drop database {name} with (force)")
        except (asyncpg.InsufficientPrivilegeError, asyncpg.ObjectInUseError):
            if wait is None:
                raise
            await asyncio.sleep(wait)
        else:
            return


@pytest.fixture(scope="session")
def _template(postgres: str) -> str:
    """A database with all migrations applied, to copy from."""
    async def make() -> None:
        await _execute(postgres, "create database aftercall_template")
        database = Database(in_database(postgres, "aftercall_template"))
        await upgrade(database)
        await database.check()
        compiled_once.share(database.engine)
        await database.close()

    asyncio.run(make())
    return "aftercall_template"


@pytest.fixture
async def database_url(postgres: str, _template: str) -> AsyncIterator[str]:
    """The address of a fresh migrated database."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    await _execute(postgres, f"create database {name} template {_template} strategy file_copy")
    yield in_database(postgres, name)
    await _drop(postgres, name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh migrated database."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture(autouse=True)
def no_kept_loggers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test that configures logging leaves the loggers to the next one's ``capture_logs``."""
    configure = structlog.configure

    def without_cache(*args: Any, **kwargs: Any) -> None:
        configure(*args, **{**kwargs, "cache_logger_on_first_use": False})

    monkeypatch.setattr(structlog, "configure", without_cache)
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads the user's settings or writes to the user's data folder."""
    for name in list(os.environ):
        if name.startswith("AFTERCALL_") or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    monkeypatch.setenv("AFTERCALL_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
async def fake(tmp_path: Path) -> AsyncIterator[FakeRecorder]:
    """A recorder that speaks as the real one does, and records nothing."""
    async with fake_recorder(tmp_path / "recorder.sock") as made:
        yield made


@pytest.fixture
async def recorder(fake: FakeRecorder,
                   monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Recorder]:
    """The scripts' side of ``fake``, whose answer is waited for however busy the machine is."""
    monkeypatch.setattr(client, "ANSWER_S", 20.0)
    made = Recorder(fake.path)
    yield made
    await made.close()
