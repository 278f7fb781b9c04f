"""What calls told of a patient, on the console: staff look, and set the record right."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from followup.database.base import now
from followup.database.engine import Database
from followup.patients.models import Death, Patient
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_particulars import page_of, save


async def tell(database: Database, hospital: Hospital) -> str:
    async with database.session() as session:
        await session.execute(
            update(Patient).where(Patient.id == hospital.patients[0])
            .values(death=Death.REPORTED, death_told_at=now(), do_not_call=True,
                    phone_wrong_at=now()))
    return f"/patients/{hospital.patients[0]}"


async def patient(database: Database, hospital: Hospital) -> Patient:
    async with database.session() as session:
        return (await session.scalars(select(Patient).where(
            Patient.id == hospital.patients[0]))).one()


@pytest.mark.parametrize("found", ["alive", "died"])
async def test_staff_see_what_was_told_and_say_what_they_found(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn,
        found: str) -> None:
    await sign_in("agent")
    path = await tell(database, hospital)
    assert f'href="{path}/death"' in await (await client.get(path)).text()
    token = await csrf(client)
    answer = await client.post(f"{path}/death", data={"csrf_token": token, "found": "",
                                                      "why": "问过女儿" * 60})
    page = await answer.text()
    assert answer.status == 422
    assert 'id="found-fault"' in page
    assert 'id="why-fault"' in page
    assert "问过女儿问过女儿" in page, "what was typed is kept"
    answer = await client.post(f"{path}/death", allow_redirects=False, data={
        "csrf_token": token, "found": found, "why": "问过女儿"})
    assert answer.status == 303
    after = await patient(database, hospital)
    assert (after.death, after.do_not_call) == (
        (Death.CONFIRMED, True) if found == "died" else (None, False))
    again = await client.post(f"{path}/death", data={
        "csrf_token": token, "found": "died", "why": "又问"})
    assert again.status == 409
    shown = await (await client.get(path)).text()
    assert f'href="{path}/death"' not in shown
    assert "问过女儿" in shown, "the timeline tells how they knew"


async def test_calls_are_not_allowed_again_before_somebody_has_looked(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    await tell(database, hospital)
    page = await page_of(client, hospital.patients[0])
    status, shown = await save(client, hospital.patients[0], page, may_call="yes", why="x")
    assert (status, 'id="may_call-fault"' in shown) == (422, True)
    assert (await patient(database, hospital)).do_not_call


async def test_a_number_that_is_right_after_all_is_called_again(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    path = await tell(database, hospital)
    assert f'action="{path}/number-is-right"' in await (await client.get(path)).text()
    token = await csrf(client)
    for contact, status in (("x", 422), ("00000000-0000-0000-0000-000000000000", 404), ("", 303)):
        answer = await client.post(f"{path}/number-is-right", allow_redirects=False,
                                   data={"csrf_token": token, "contact": contact})
        assert answer.status in ((status, 400) if status == 422 else (status,))
    assert (await patient(database, hospital)).phone_wrong_at is None
