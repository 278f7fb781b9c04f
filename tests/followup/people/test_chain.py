"""The audit trail cannot be changed unnoticed: not even by who owns the database."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from followup.database.base import now
from followup.database.engine import Database
from followup.people import audit
from followup.people.chain import BEGIN, Break, Chain, Link, digest
from followup.people.models import AuditEvent
from followup.people.trail import Verdict, seal_some, verify


async def seal(database: Database) -> None:
    """Until nothing waits."""
    async with database.session() as session:
        while await seal_some(session):
            pass


async def write(database: Database, count: int = 1, **more: str) -> None:
    async with database.session() as session:
        for number in range(count):
            audit.record(session, "test", actor="nurse", subject=f"row:{number}",
                         before={"temperature": 36.5, "名": "旧"}, after={"名": "新"}, **more)


async def verdict(database: Database, place: int = 0, known: str = BEGIN) -> Verdict:
    async with database.session() as session:
        return await verify(session, place=place, known=known)


async def by_the_owner(database: Database, statement: str) -> None:
    """As who owns the table may: with its triggers off."""
    async with database.session() as session:
        await session.execute(text("alter table audit_event disable trigger user"))
        await session.execute(text(statement))
        await session.execute(text("alter table audit_event enable trigger user"))


@pytest.fixture
async def trail(database: Database) -> Database:
    """Twelve rows, sealed."""
    await write(database, 12)
    await seal(database)
    return database


async def test_an_untouched_trail_is_whole_and_new_rows_wait_for_their_seal(
        trail: Database) -> None:
    await write(trail, 3)
    found = await verdict(trail)
    assert (found.place, found.unsealed, found.broken) == (12, 3, None)
    await seal(trail)
    found = await verdict(trail)
    assert (found.place, found.unsealed, found.broken) == (15, 0, None)


@pytest.mark.parametrize(("statement", "broken", "place"), [
    ("update audit_event set actor = 'somebody else' where place = 5", Break.CHANGED, 5),
    ("update audit_event set detail = detail || '{\"after\": {}}' where place = 5",
     Break.CHANGED, 5),
    ("update audit_event set at = at + interval '1 second' where place = 5", Break.CHANGED, 5),
    ("update audit_event set hash = repeat('0', 64) where place = 5", Break.CHANGED, 5),
    ("delete from audit_event where place = 5", Break.MISSING, 6),
    ("delete from audit_event where place = 1", Break.MISSING, 2),
    # a gap that is closed again
    ("with gone as (delete from audit_event where place = 5 returning 1) "
     "update audit_event set place = -place from gone where place > 5", Break.MISSING, -12),
    # a row is put in between, the others make room for it
    ("alter table audit_event drop constraint uq_audit_event_place; "
     "update audit_event set place = place + 1 where place > 5; "
     "insert into audit_event (at, actor, action, subject, address, detail, place, hash) "
     "values (now(), 'nurse', 'test', '', '', '{}', 6, repeat('0', 64))", Break.CHANGED, 6),
    ("alter table audit_event drop constraint uq_audit_event_place; "
     "insert into audit_event (at, actor, action, subject, address, detail, place, hash) "
     "select at, actor, action, subject, address, detail, place, hash from audit_event "
     "where place = 12", Break.MISSING, 12),
])
async def test_who_turns_the_triggers_off_is_found_out_at_the_row(
        trail: Database, statement: str, broken: Break, place: int) -> None:
    for part in statement.split("; "):
        await by_the_owner(trail, part)
    found = await verdict(trail)
    assert (found.broken, found.row_place) == (broken, place)


async def test_a_row_that_says_it_is_old_is_found_before_and_after_it_is_sealed(
        trail: Database) -> None:
    async with trail.session() as session:
        session.add(AuditEvent(at=now() - timedelta(days=2), actor="nurse", action="test"))
    assert (await verdict(trail)).broken is Break.OUT_OF_TIME
    await write(trail)
    await seal(trail)
    found = await verdict(trail)
    assert (found.broken, found.row_place) == (Break.OUT_OF_TIME, 13)


async def test_a_hash_that_was_noted_tells_of_a_trail_made_anew_or_cut_short(
        trail: Database) -> None:
    noted = await verdict(trail)
    await write(trail, 2)
    await seal(trail)
    later = await verdict(trail, noted.place, noted.hash)
    assert (later.place, later.broken) == (14, None)
    # all hashes from the first on are made anew: the chain alone looks whole
    await by_the_owner(trail, "update audit_event set actor = 'x', place = null, hash = null")
    await seal(trail)
    assert (await verdict(trail)).broken is None
    assert (await verdict(trail, noted.place, noted.hash)).broken is Break.CHANGED
    await by_the_owner(trail, "delete from audit_event where place > 8")
    assert (await verdict(trail)).broken is None
    assert (await verdict(trail, noted.place, noted.hash)).broken is Break.MISSING


async def test_the_database_lets_a_row_be_sealed_once_and_nothing_else(trail: Database) -> None:
    await write(trail)
    for statement in ("update audit_event set hash = repeat('0', 64) where place = 3",
                      "update audit_event set place = null, hash = null where place = 3",
                      "update audit_event set actor = 'x', place = 13, hash = 'x' "
                      "where place is null",
                      "delete from audit_event where place is null"):
        with pytest.raises(DBAPIError, match="only ever added"):
            async with trail.session() as session:
                await session.execute(text(statement))


async def test_writers_wait_for_nobody_and_all_their_rows_find_their_place(
        database: Database) -> None:
    """A transaction that has left a trace and goes on holds up neither the others nor the seal;
    its row, whose id is lower, comes after theirs."""
    async with database.session() as slow:
        audit.record(slow, "test", actor="slow")
        await slow.flush()
        await asyncio.gather(*(write(database, 5) for _ in range(6)),
                             *(seal(database) for _ in range(3)))
        await seal(database)
        assert (await verdict(database)).place == 30
    await seal(database)
    found = await verdict(database)
    assert (found.place, found.unsealed, found.broken) == (31, 0, None)
    async with database.session() as session:
        last = await session.scalar(select(AuditEvent).order_by(AuditEvent.place.desc()).limit(1))
        lowest = await session.scalar(select(func.min(AuditEvent.id)))
    assert last is not None
    assert (last.actor, last.id) == ("slow", lowest)


async def test_only_one_seals_at_a_time(database: Database) -> None:
    await write(database)
    async with database.session() as one, database.session() as other:
        assert await seal_some(one) == 1
        assert await seal_some(other) == 0


def test_a_hash_is_over_the_one_before_and_all_that_a_row_says() -> None:
    said = {"actor": "a", "action": "b", "subject": "c", "address": "d", "detail": {"x": [1, 2]}}
    link = Link(7, now(), said)
    one = digest(BEGIN, link)
    others = [digest("1" * 64, link), digest(BEGIN, Link(8, link.at, said)),
              digest(BEGIN, Link(7, link.at + timedelta(microseconds=1), said)),
              *(digest(BEGIN, Link(7, link.at, {**said, name: "other"})) for name in said)]
    assert len({one, *others}) == len(others) + 1
    assert one == digest(BEGIN, Link(7, link.at, dict(reversed(said.items()))))


def test_rows_of_long_transactions_are_in_time() -> None:
    chain, moment = Chain(), now()
    for place, minutes in ((1, 0), (2, 5), (3, -50), (4, 5)):
        link = Link(place, moment + timedelta(minutes=minutes), {})
        place, told = Chain(chain.place, chain.hash).seal(link)
        assert chain.follow(Link(place, link.at, {}, place, told)) is None
