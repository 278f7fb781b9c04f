"""The hospital changes who may do what, and it holds at once, in every process."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from followup.database.engine import Database
from followup.errors import Conflict
from followup.people.models import AuditEvent, Role
from followup.people.permissions import (
    GROUPS,
    MANAGES_PEOPLE,
    PERMISSIONS,
    RECORDS_PROMPTS,
    SEES_PATIENTS,
    SETS_RIGHTS,
    Grants,
    departing,
)
from followup.people.roles import GrantsBook, load_grants, save_grants
from followup.settings import Settings
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.hospital import Hospital
from webconsole.app import create_app
from webconsole.keys import FEED, GRANTS

DEFAULT = Grants()


def ticked(grants: Grants) -> list[str]:
    """What the matrix sends."""
    return [f"{each.key}:{role.value}" for each in PERMISSIONS for role in grants.roles(each)
            if role not in each.fixed]


def changed_by(permission: object, role: Role) -> Grants:
    """The default, but that ``role`` has what it had not, or the other way round."""
    return departing({each: DEFAULT.roles(each) ^ {role} if each == permission
                      else DEFAULT.roles(each) for each in PERMISSIONS})


async def save(client: Client, grants: Grants, seen: str) -> int:
    answer = await client.post("/roles", allow_redirects=False, data={
        "csrf_token": await csrf(client), "grant": ticked(grants), "seen": seen})
    return answer.status


async def until_changed(book: GrantsBook) -> None:
    for _ in range(2000):
        if not (await book.current()).may(Role.AGENT, SEES_PATIENTS):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it was not heard of")


async def test_what_is_taken_away_is_closed_and_what_is_given_is_open_at_once(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn) -> None:
    await sign_in()
    assert await save(client, changed_by(SEES_PATIENTS, Role.AGENT), DEFAULT.mark) == 303
    await sign_in("agent")
    answer = await client.get("/patients")
    assert answer.status == 403
    assert 'href="/patients"' not in await (await client.get("/")).text()
    await sign_in()
    wanted = changed_by(RECORDS_PROMPTS, Role.SUPERVISOR)
    assert await save(client, wanted, changed_by(SEES_PATIENTS, Role.AGENT).mark) == 303
    await sign_in("agent")
    assert (await client.get("/patients")).status == 200
    await sign_in("supervisor")
    assert (await client.get("/prompts")).status == 200
    async with database.session() as session:
        rows = (await session.scalars(select(AuditEvent).where(
            AuditEvent.action == "set-rights").order_by(AuditEvent.id))).all()
    assert rows[0].detail == {
        "before": {"see-patients": ["agent", "supervisor", "auditor", "doctor", "administrator"]},
        "after": {"see-patients": ["supervisor", "auditor", "doctor", "administrator"]}}
    assert set(rows[1].detail["after"]) == {"see-patients", "record-prompts"}


async def test_another_process_hears_of_it_and_asks_the_database_no_more_than_once(
        client: Client, users: None, database: Database, settings: Settings, server: TestServer,
        vendor_dir: Path, sign_in: SignIn) -> None:
    other = TestServer(create_app(settings, database, vendor_dir=vendor_dir))
    await other.start_server()
    try:
        book = other.app[GRANTS]
        await other.app[FEED].connected.wait()
        first = await book.current()
        assert await book.current() is first                  # nothing was asked again
        await sign_in()
        assert await save(client, changed_by(SEES_PATIENTS, Role.AGENT), DEFAULT.mark) == 303
        await until_changed(book)
    finally:
        await other.close()


async def test_nobody_locks_everybody_out(client: Client, users: None, sign_in: SignIn) -> None:
    await sign_in()
    nothing = Grants({each.key: frozenset() for each in PERMISSIONS})
    assert await save(client, nothing, DEFAULT.mark) == 303
    assert (await client.get("/patients")).status == 403
    for path in ("/roles", "/people", "/audit", "/"):
        assert (await client.get(path)).status == 200
    for kept in (MANAGES_PEOPLE, SETS_RIGHTS):
        assert nothing.may(Role.ADMINISTRATOR, kept)
        assert not nothing.may(Role.SUPERVISOR, kept)
    text = await (await client.get("/roles")).text()
    seen = text.partition('name="seen" value="')[2].partition('"')[0]
    answer = await client.post("/roles/reset", allow_redirects=False, data={
        "csrf_token": await csrf(client), "seen": seen})
    assert answer.status == 303
    assert (await client.get("/patients")).status == 200


async def test_who_comes_second_sees_the_other_change_and_keeps_what_was_ticked(
        client: Client, users: None, sign_in: SignIn) -> None:
    await sign_in()
    assert await save(client, changed_by(SEES_PATIENTS, Role.AGENT), DEFAULT.mark) == 303
    answer = await client.post("/roles", data={
        "csrf_token": await csrf(client), "seen": DEFAULT.mark,
        "grant": ticked(changed_by(RECORDS_PROMPTS, Role.DOCTOR))})
    assert answer.status == 409
    text = await answer.text()
    assert text.count('class="differs"') == 2
    cell = text.partition('value="record-prompts:doctor"')[2].partition(">")[0]
    assert "checked" in cell


async def test_two_at_once_do_not_overwrite_each_other(database: Database) -> None:
    async def change(role: Role) -> str:
        try:
            async with database.session() as session:
                await save_grants(session, changed_by(SEES_PATIENTS, role), seen=DEFAULT.mark,
                                  actor="x")
        except Conflict:
            return "conflict"
        return "saved"

    assert sorted(await asyncio.gather(change(Role.AGENT), change(Role.MANAGER))) == [
        "conflict", "saved"]


async def test_what_is_back_at_the_default_follows_the_default(database: Database) -> None:
    async with database.session() as session:
        wanted = changed_by(SEES_PATIENTS, Role.AGENT)
        await save_grants(session, wanted, seen=DEFAULT.mark, actor="x")
        await save_grants(session, DEFAULT, seen=wanted.mark, actor="x")
        assert (await load_grants(session)).changed == {}


@pytest.mark.parametrize("permission", PERMISSIONS, ids=lambda each: each.key)
def test_every_permission_is_in_one_group_and_has_a_key_of_its_own(permission: object) -> None:
    assert sum(permission in group for group in GROUPS.values()) == 1
    assert len({each.key for each in PERMISSIONS}) == len(PERMISSIONS)
