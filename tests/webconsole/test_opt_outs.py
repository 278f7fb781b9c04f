"""Who wants no messages is told on the patient's page, and lifted on purpose alone."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from followup.database.base import now
from followup.database.engine import Database
from followup.messages import consent
from followup.messages.models import MessageOptOut
from followup.patients.consent import stop_calling
from followup.patients.models import Patient
from followup.people.models import AuditEvent
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.hospital import Hospital

SINCE = now().replace(microsecond=123) - timedelta(days=2)


@pytest.fixture
async def stopped(database: Database, hospital: Hospital) -> uuid.UUID:
    """A patient who has answered "no more", and another one with the same number."""
    async with database.session() as session:
        patient = await session.get_one(Patient, hospital.patients[0])
        session.add(MessageOptOut(number=patient.phone, at=SINCE, words="退订"))
        await session.execute(update(Patient).where(Patient.id == hospital.patients[1]).values(
            phone=patient.phone))
    return hospital.patients[0]


async def change(client: Client, patient: uuid.UUID, what: str = "allow",
                 **fields: str) -> tuple[int, str]:
    answer = await client.post(f"/patients/{patient}/messages/{what}", allow_redirects=False, data={
        "csrf_token": await csrf(client), "to": "own", "seen": SINCE.isoformat(),
        "why": "患者来电要求恢复", "sure": "1", **fields})
    return answer.status, await answer.text()


async def opt_outs(database: Database) -> list[MessageOptOut]:
    async with database.session() as session:
        return list(await session.scalars(select(MessageOptOut)))


async def test_it_is_told_with_when_and_how_and_lifted_with_a_reason_for_all_who_have_the_number(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn,
        stopped: uuid.UUID) -> None:
    await sign_in("supervisor")
    record = await (await client.get(f"/patients/{stopped}")).text()
    assert "回复“退订”退订" in record
    assert f'href="/patients/{stopped}/messages"' in record
    page = await (await client.get(f"/patients/{stopped}/messages")).text()
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    assert seen
    assert "+861380000" not in page
    assert (await change(client, stopped, seen=seen[1].replace("&#43;", "+")))[0] == 303
    assert await opt_outs(database) == []
    async with database.session() as session:
        trail = (await session.scalars(select(AuditEvent).where(
            AuditEvent.action == "allow-messages"))).all()
    assert {row.subject for row in trail} == {f"patient:{one}" for one in hospital.patients[:2]}
    assert {(row.actor, row.detail["why"]) for row in trail} == {("supervisor", "患者来电要求恢复")}
    record = await (await client.get(f"/patients/{stopped}")).text()
    assert "恢复接收短信" in record
    assert "已退订短信" not in record


@pytest.mark.parametrize(("fields", "status", "told"), [
    ({"why": " "}, 422, "请写明原因"), ({"sure": ""}, 422, "没有得到同意"),
    ({"seen": (SINCE - timedelta(days=1)).isoformat()}, 409, "没有改动"),
    ({"seen": "x"}, 409, "没有改动"), ({"to": str(uuid.UUID(int=1))}, 409, "没有改动")])
async def test_it_is_never_lifted_by_accident(
        client: Client, database: Database, sign_in: SignIn, stopped: uuid.UUID,
        fields: dict[str, str], status: int, told: str) -> None:
    await sign_in("supervisor")
    got, page = await change(client, stopped, **fields)
    assert (got, told in page) == (status, True)
    assert "why" in fields or "to" in fields or "患者来电要求恢复" in page    # kept as typed
    assert len(await opt_outs(database)) == 1


async def test_who_says_no_anew_while_the_page_is_open_is_obeyed(
        client: Client, database: Database, sign_in: SignIn, stopped: uuid.UUID) -> None:
    await sign_in("supervisor")
    async with database.session() as session:
        patient = await session.get_one(Patient, stopped)
        await consent.obey(session, patient.phone, [stopped], at=now(), words="TD")
    assert (await change(client, stopped))[0] == 409
    assert [row.words for row in await opt_outs(database)] == ["TD"]


async def test_who_may_edit_patients_notes_one_and_needs_more_to_lift_it(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    patient = hospital.patients[3]
    assert (await change(client, patient, "stop", why=""))[0] == 422
    assert (await change(client, patient, "stop", why="来电说不要短信"))[0] == 303
    assert (await change(client, patient, "stop", why="又一次"))[0] == 409
    [row] = await opt_outs(database)
    assert (row.words, row.noted_by) == ("来电说不要短信", "agent")
    assert (await change(client, patient))[0] == 403
    page = await (await client.get(f"/patients/{patient}/messages")).text()
    assert "来电说不要短信" in page
    assert "/messages/allow" not in page
    await sign_in("doctor")
    assert (await change(client, patient))[0] == 403


async def test_the_record_tells_since_when_and_why_nobody_calls(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    async with database.session() as session:
        await stop_calling(session, hospital.patients[0], actor="agent", why="太打扰了")
    await sign_in("doctor")
    record = await (await client.get(f"/patients/{hospital.patients[0]}?kind=case")).text()
    assert "太打扰了" in record
