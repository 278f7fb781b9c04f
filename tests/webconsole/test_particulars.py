"""A patient's particulars on the console: language, whether to call, further numbers."""

from __future__ import annotations

import re
import uuid
from typing import Any

from sqlalchemy import select, update

from followup.calls.models import Attempt
from followup.campaigns.models import Task, TaskState
from followup.database.engine import Database
from followup.patients.models import Patient, PatientContact, Whose
from followup.people.models import AuditEvent, Reach, Role, User
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.hospital import Hospital


async def page_of(client: Client, patient: uuid.UUID) -> str:
    return await (await client.get(f"/patients/{patient}/edit")).text()


async def save(client: Client, patient: uuid.UUID, page: str, **fields: str) -> tuple[int, str]:
    seen = re.search(r'name="seen" value="(\w+)"', page)
    known = dict(re.findall(r'name="((?:id|number)\d)"[^>]*value="([^"]*)"', page))
    kept = {name: value for name, value in known.items() if value}
    answer = await client.post(f"/patients/{patient}/edit", allow_redirects=False, data={
        "csrf_token": await csrf(client), "seen": seen[1] if seen else "", "language": "zh",
        "may_call": "yes", **kept, **fields})
    return answer.status, await answer.text()


async def of(database: Database, patient: uuid.UUID) -> tuple[Patient, list[PatientContact]]:
    async with database.session() as session:
        found = (await session.scalars(select(Patient).where(Patient.id == patient))).one()
        contacts = (await session.scalars(select(PatientContact).where(
            PatientContact.patient_id == patient).order_by(PatientContact.position))).all()
        return found, list(contacts)


async def trail(database: Database, patient: uuid.UUID) -> list[tuple[str, Any]]:
    async with database.session() as session:
        return [(row.action, row.detail) for row in await session.scalars(
            select(AuditEvent).where(AuditEvent.subject == f"patient:{patient}")
            .order_by(AuditEvent.id))]


async def test_numbers_come_change_and_go_and_the_trail_holds_none_in_full(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    patient = hospital.patients[0]
    await sign_in("agent")
    page = await page_of(client, patient)
    status, _ = await save(client, patient, page, language="en", number0="139 1234 5678",
                           relation0="女儿", number1="0315-5550100", whose1="own")
    assert status == 303
    found, contacts = await of(database, patient)
    assert found.language == "en"
    assert [(each.number, each.whose, each.relation) for each in contacts] == [
        ("+8613912345678", Whose.RELATIVE, "女儿"), ("+863155550100", Whose.OWN, "")]
    async with database.session() as session:              # it has been called, so it is tied
        await session.execute(update(Attempt).where(Attempt.patient_id == patient).values(
            contact_id=contacts[0].id))
    page = await page_of(client, patient)
    status, _ = await save(client, patient, page, language="en", number0="",
                           number1="13700137000")
    assert status == 303
    _, left = await of(database, patient)
    assert [(each.id, each.number) for each in left] == [(contacts[1].id, "+8613700137000")]
    told = await trail(database, patient)
    assert [action for action, _ in told] == ["see-numbers", "change-patient"] * 2
    assert told[1][1]["before"] == {"language": "zh", "contacts": []}
    assert not any(number in str(told) for number in ("13912345678", "13700137000", "1234 5678"))


async def test_who_is_not_to_be_called_is_not_and_agrees_again_with_a_reason(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    patient = hospital.patients[11]                          # has a task that is due
    await sign_in("doctor")
    status, shown = await save(client, patient, await page_of(client, patient), may_call="no")
    assert (status, 'id="why-fault"' in shown) == (422, True)
    status, _ = await save(client, patient, shown, may_call="no", why="女儿来电要求")
    assert status == 303
    async with database.session() as session:
        assert await session.scalar(select(Task.state).where(
            Task.patient_id == patient)) is TaskState.CANCELLED
    page = await page_of(client, patient)
    assert (await save(client, patient, page, why="本人来电，愿意随访"))[0] == 303
    assert not (await of(database, patient))[0].do_not_call
    shown = await (await client.get(f"/patients/{patient}?kind=consent")).text()
    assert "重新同意电话随访" in shown
    assert "女儿来电要求" in shown


async def test_what_is_wrong_is_told_at_its_field_and_what_was_typed_is_kept(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    patient = hospital.patients[0]
    await sign_in("agent")
    status, shown = await save(
        client, patient, await page_of(client, patient), language="tlh", number0="12345",
        number1="+8613800000001", number2="13912345678", relation2="很" * 21)
    assert status == 422
    for name in ("language", "number0", "number1", "relation2"):
        assert f'id="{name}-fault"' in shown, name
    assert "号码不存在" in shown
    assert 'value="13912345678"' in shown
    assert (await of(database, patient))[1] == []


async def test_the_second_of_two_loses_nothing_and_sees_what_the_first_has_done(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    patient = hospital.patients[0]
    await sign_in("agent")
    page = await page_of(client, patient)
    assert (await save(client, patient, page, number0="13912345678"))[0] == 303
    status, shown = await save(client, patient, page, language="en", number0="13712345678")
    assert status == 409
    assert "13912345678" in shown
    assert 'value="13712345678"' in shown
    assert (await save(client, patient, shown, language="en"))[0] == 303
    assert [each.number for each in (await of(database, patient))[1]] == ["+8613712345678"]


async def test_another_department_s_patient_is_not_there_and_an_auditor_changes_none(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    async with database.session() as session:
        await session.execute(update(User).where(User.role == Role.DOCTOR).values(
            reach=Reach.OWN, departments=["心内科"]))
    await sign_in("doctor")
    path = f"/patients/{hospital.patients[0]}/edit"
    assert (await client.get(path)).status == 404
    assert (await client.post(path, data={"csrf_token": await csrf(client)})).status == 404
    await sign_in("auditor")
    assert (await client.get(path)).status == 403
