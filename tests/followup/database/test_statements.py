"""Statements put together once do the same in a session and on a bare connection."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import uuid
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import Table, bindparam, select, text
from sqlalchemy.dialects.postgresql import insert

from aftercall.provision.postgres import EmbeddedPostgres
from followup.database.engine import UNWELL, Database
from followup.database.statements import Statement
from followup.patients.models import Patient

PATIENT = cast("Table", Patient.__table__)
KEEP = Statement(insert(PATIENT).values({name: bindparam(name) for name in (
    "mrn", "name", "phone", "language", "search_keys")}).returning(PATIENT.c.id))
FIND = Statement(select(PATIENT.c.id, PATIENT.c.name, PATIENT.c.created_at)
                 .where(PATIENT.c.mrn == bindparam("mrn")))
WANG = {"mrn": "M-1", "name": "王秀英", "phone": "+8613800000001", "language": "zh",
        "search_keys": ["王秀英"]}


async def test_what_one_way_keeps_the_other_finds(database: Database) -> None:
    async with database.quick() as connection:
        [kept] = await KEEP.run(connection, **WANG)
    async with database.session() as session:
        [found] = await FIND.run(session, mrn="M-1")
        await KEEP.run(session, **{**WANG, "mrn": "M-2"})
    assert isinstance(kept["id"], uuid.UUID)
    assert (found["id"], found["name"]) == (kept["id"], "王秀英")
    assert found["created_at"] is not None                   # the column's own default
    async with database.quick() as connection:
        assert len(await FIND.run(connection, mrn="M-2")) == 1


async def test_an_error_undoes_all_of_the_transaction(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.quick() as connection:
            await KEEP.run(connection, **WANG)
            raise ZeroDivisionError
    async with database.quick() as connection:
        assert await FIND.run(connection, mrn="M-1") == []


async def test_a_value_that_is_forgotten_is_named(database: Database) -> None:
    async with database.quick() as connection:
        with pytest.raises(KeyError, match="language"):
            await KEEP.run(connection, **{k: v for k, v in WANG.items() if k != "language"})


async def test_connections_that_died_meanwhile_are_passed_over(database: Database) -> None:
    async with database.quick() as one, database.quick() as two:
        await FIND.run(one, mrn="M-1")
        await FIND.run(two, mrn="M-1")
    async with database.session() as session:
        await session.execute(text(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"))
    for _ in range(3):
        async with database.quick() as connection:
            await FIND.run(connection, mrn="M-1")


async def test_a_server_that_is_killed_fails_in_no_way_but_those_that_are_told() -> None:
    """So who tries again knows what to try again after, whatever was going on in that moment."""
    with tempfile.TemporaryDirectory(prefix="ac-pg-") as folder:
        server = EmbeddedPostgres(Path(folder) / "data", durable=False)
        server.start(lambda _: None)
        database = Database(server.url(), ping=False)
        over, failed = asyncio.Event(), 0

        async def at_work() -> None:
            nonlocal failed
            while not over.is_set():
                try:
                    async with database.quick() as connection:
                        await connection.fetch("select pg_sleep(0.001)")
                except UNWELL:
                    failed += 1
                    await asyncio.sleep(0.005)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(12):
                    group.create_task(at_work())
                for _ in range(3):
                    await asyncio.sleep(0.2)
                    running = server.postmaster()
                    assert running
                    os.kill(running.pid, signal.SIGKILL)
                    await asyncio.to_thread(server.start, lambda _: None)
                await asyncio.sleep(0.2)
                over.set()
            assert failed
            async with database.quick() as connection:
                assert await connection.fetch("select 1")
        finally:
            await database.close()
            server.stop()
