"""Adding, changing and disabling people; what does not fit is told beside the field."""

from __future__ import annotations

import asyncio
import re

import pytest
from multidict import MultiDict
from sqlalchemy import select

from followup.agents.models import Agent
from followup.database.engine import Database
from followup.people import staff
from followup.people.models import AuditEvent, Reach, Role, User
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.forms import Forms
from tests.webconsole.hospital import PASSWORD, Hospital
from webconsole.forms.person import PersonForm

PASSWORD_SHOWN = re.compile(r"data-password>([a-z0-9-]{19})<")


async def send(client: Client, path: str, **fields: object) -> tuple[int, str]:
    answer = await client.post(path, allow_redirects=False, data=MultiDict(
        [("csrf_token", await csrf(client)), *(
            (name, str(each)) for name, value in fields.items()
            for each in (value if isinstance(value, list) else [value]))]))
    return answer.status, await answer.text()


async def user(database: Database, username: str) -> User:
    async with database.session() as session:
        return (await session.scalars(select(User).where(User.username == username))).one()


def seen(text: str) -> str:
    return text.rpartition('name="seen" value="')[2].partition('"')[0]


async def test_a_new_person_signs_in_with_the_password_that_is_shown_once(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn) -> None:
    await sign_in()
    async with database.session() as session:
        desk = (await session.scalars(select(Agent).where(Agent.extension == "802"))).one()
    status, text = await send(client, "/people/new", username="Zhao.Li", name="赵力", role="doctor",
                              locale="zh", departments=["骨科", "普外科"], agent=desk.id,
                              more_departments="康复科，疼痛科")
    assert status == 200
    password = PASSWORD_SHOWN.search(text)
    assert password is not None
    made = await user(database, "zhao.li")
    assert made.departments == ["康复科", "普外科", "疼痛科", "骨科"]
    assert (made.role, made.reach, made.agent_id) == (Role.DOCTOR, None, desk.id)
    text = await (await client.get(f"/people/{made.id}")).text()
    assert not PASSWORD_SHOWN.search(text)
    text = await (await client.get("/people", params={"q": "疼痛科"})).text()
    assert "赵力" in text
    assert "何班长" not in text
    answer = await sign_in("zhao.li", password[1])
    assert answer.status == 303


async def test_every_fault_stands_at_its_field_and_what_was_typed_is_kept(
        client: Client, users: None, sign_in: SignIn) -> None:
    await sign_in()
    status, text = await send(client, "/people/new", username="x!", name="", role="doctor",
                              locale="zh", reach="own", more_departments="")
    assert status == 422
    form = Forms(text, "/people/new")
    assert form.faulty() == {"username", "name", "more_departments"}
    assert (form.value("username"), form.value("role"), form.value("reach")) == (
        "x!", "doctor", "own")
    status, text = await send(client, "/people/new", username="doctor", name="另一位", role="agent",
                              locale="zh")
    assert status == 409
    form = Forms(text, "/people/new")
    assert (form.faulty(), form.value("name")) == ({"username"}, "另一位")


async def test_a_change_is_written_down_before_and_after_and_a_disabled_user_is_out_at_once(
        client: Client, users: None, database: Database, sign_in: SignIn) -> None:
    await sign_in("doctor")
    doctor = await user(database, "doctor")
    await sign_in()
    text = await (await client.get(f"/people/{doctor.id}")).text()
    status, _ = await send(client, f"/people/{doctor.id}", seen=seen(text), name="徐医生",
                           role="doctor", locale="zh", departments=["骨科"], reach="own",
                           disabled="1")
    assert status == 303
    assert (await sign_in("doctor")).status == 403
    async with database.session() as session:
        row = (await session.scalars(select(AuditEvent).where(
            AuditEvent.action == "change-user"))).one()
        out = (await session.scalars(select(AuditEvent).where(     # as at the terminal
            AuditEvent.action == "disable-user"))).one()
    assert row.subject == "user:doctor"
    assert row.detail == {
        "before": {"departments": doctor.departments, "reach": None},
        "after": {"departments": ["骨科"], "reach": "own"}}
    assert out.subject == "user:doctor"


async def test_the_second_of_two_sees_what_the_first_made_of_it(
        client: Client, users: None, database: Database, sign_in: SignIn) -> None:
    await sign_in()
    agent = await user(database, "agent")
    old = seen(await (await client.get(f"/people/{agent.id}")).text())
    one = {"name": "林护士长", "role": "agent", "locale": "zh", "departments": agent.departments}
    assert (await send(client, f"/people/{agent.id}", seen=old, **one))[0] == 303
    status, text = await send(client, f"/people/{agent.id}", seen=old, **{**one, "name": "林小姐"})
    assert status == 409
    form = Forms(text, f"/people/{agent.id}")
    assert (form.value("name"), form.fault("name")) == ("林小姐", "现在是：林护士长")
    assert (await send(client, f"/people/{agent.id}", seen=seen(text),
                       **{**one, "name": "林小姐"}))[0] == 303


async def test_the_last_administrator_stays(client: Client, users: None, database: Database,
                                            sign_in: SignIn) -> None:
    await sign_in()
    me = await user(database, "administrator")
    text = await (await client.get(f"/people/{me.id}")).text()
    for change in ({"role": "agent"}, {"role": "administrator", "disabled": "1"}):
        status, text = await send(client, f"/people/{me.id}", seen=seen(text), name=me.name,
                                  locale="zh", departments=me.departments, **change)
        assert status == 409
        assert 'id="role-fault"' in text
    assert (await user(database, "administrator")).role is Role.ADMINISTRATOR


async def test_two_administrators_cannot_take_the_right_from_each_other_at_once(
        users: None, database: Database) -> None:
    async with database.session() as session:
        await staff.add_person(session, "second", staff.Person("二", Role.ADMINISTRATOR), actor="x")
    both = [await user(database, name) for name in ("administrator", "second")]

    async def demote(who: User) -> bool:
        try:
            async with database.session() as session:
                await staff.change_person(session, who.id, staff.Person(who.name, Role.AGENT),
                                          seen=staff.mark(who), actor="x")
        except staff.LastOne:
            return False
        return True

    assert sorted(await asyncio.gather(*map(demote, both))) == [False, True]


async def test_a_new_password_replaces_the_old_one_and_ends_every_session(
        client: Client, users: None, database: Database, sign_in: SignIn) -> None:
    await sign_in()
    agent = await user(database, "agent")
    status, text = await send(client, f"/people/{agent.id}/password")
    password = PASSWORD_SHOWN.search(text)
    assert (status, password is None) == (200, False)
    assert (await sign_in("agent", PASSWORD)).status == 403


@pytest.mark.parametrize(("role", "reach", "departments", "fault"), [
    ("doctor", "", (), True), ("doctor", "all", (), False), ("agent", "", (), False),
    ("agent", "own", (), True), ("agent", "own", ("骨科",), False),
    ("agent", "own", ("科" * 61,), True)])
def test_who_would_see_nothing_is_told_so(role: str, reach: str, departments: tuple[str, ...],
                                          fault: bool) -> None:
    form = PersonForm(name="某", role=role, reach=reach, departments=departments).checked(
        new=False, agents=(), sees_all={Role.AGENT})
    assert ("departments" in form.faults) == fault
    if not fault:
        assert form.read().reach == (Reach(reach) if reach else None)
