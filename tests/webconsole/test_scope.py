"""Who sees their own departments only finds nothing of others: in no list, and by no id."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select, update

from followup.calls.models import Attempt, Recording
from followup.campaigns.models import Task
from followup.cases.models import Case, CaseConcern
from followup.database.engine import Database
from followup.patients.models import Encounter
from followup.people.models import Reach, Role, User
from followup.people.permissions import Grants
from followup.people.scope import EVERYTHING, Scope, scope_of, within_scope
from followup.spotchecks.models import SpotCheck
from followup.views import overview, reach
from tests.followup.spotchecks.ward import open_checks
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_rights import MATRIX, place
from webconsole.rights import MACHINES
from webconsole.rows import ROWS, row_of

OWN, FOREIGN = "骨科", "心内科"
IN_A_SCOPE = [(method, path) for method, path in MATRIX if row_of(path)]


def test_every_room_whose_rows_have_departments_is_guarded() -> None:
    rooms = {path.split("{")[0] for _, path in MATRIX if "{id}" in path
             and MATRIX[_, path] != MACHINES}
    # people, tokens, templates and saved views are nobody's patients
    assert rooms - {start.split("{")[0] for start, _ in ROWS} == {
        "/people/", "/cases/tokens/", "/messages/templates/", "/views/"}


async def test_a_row_of_another_department_is_not_found_whatever_is_asked_of_it(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await open_checks(database, hospital)
    async with database.session() as session:
        await session.execute(update(User).values(departments=[FOREIGN], reach=Reach.OWN))
        await session.execute(update(Encounter).values(department=OWN))
        await session.execute(update(SpotCheck).values(department=OWN, person_id=None))
    for user in ("supervisor", "administrator"):
        await sign_in(user)
        token, tried = await csrf(client), 0
        for method, path in IN_A_SCOPE:
            if Grants().may(Role(user), MATRIX[method, path]):
                answer = await client.request(
                    method, place(path, hospital), allow_redirects=False,
                    data=None if method == "GET" else {"csrf_token": token, "note": "已处理"})
                assert answer.status == 404, (method, path)
                assert "王秀英" not in await answer.text()
                tried += 1
        assert tried > 30


async def test_lists_and_counts_hold_the_own_departments_alone(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    async with database.session() as session:
        await session.execute(update(User).where(User.role == Role.DOCTOR).values(
            departments=[FOREIGN]))
    await sign_in("doctor")
    text = await (await client.get("/patients")).text()
    assert "李建国" in text                                   # of 心内科
    assert "王秀英" not in text
    text = await (await client.get("/alerts")).text()
    assert "李建国" in text
    assert "王秀英" not in text
    assert "王秀英" not in await (await client.get("/")).text()
    badge = await (await client.get("/alerts/count")).text()
    assert "1" in badge
    assert "2" not in badge
    assert "换药时护士态度生硬" not in await (await client.get("/cases")).text()


async def test_a_patient_of_two_departments_shows_each_its_own(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    """The stay, the follow-up, the alert and the complaint of the other are left out."""
    async with database.session() as session:
        session.add(Encounter(patient_id=hospital.patients[0], department="眼科",
                              diagnosis="白内障", discharged_on=(await session.scalars(
                                  select(Encounter.discharged_on))).first()))
        await session.execute(update(User).where(User.role == Role.DOCTOR).values(
            departments=["眼科"]))
    await sign_in("doctor")
    text = await (await client.get(f"/patients/{hospital.patients[0]}")).text()
    assert "白内障" in text
    assert "膝" not in text
    assert "体温 38.9" not in text
    assert "C000001" not in text
    assert (await client.get(f"/alerts/{hospital.alerts[0]}")).status == 404


async def test_the_conditions_agree_with_the_departments_of_every_row(
        database: Database, hospital: Hospital) -> None:
    """For each kind of row: those that one department sees and those that it does not."""
    await open_checks(database, hospital)
    one = Scope(frozenset({OWN}), uuid.uuid4())
    async with database.session() as session:
        for model, of_row in (
                (Attempt, select(Attempt.id, Encounter.department).join(
                    Task, Task.id == Attempt.task_id)),
                (Recording, select(Recording.id, Encounter.department).join(
                    Attempt, Attempt.id == Recording.attempt_id).join(
                    Task, Task.id == Attempt.task_id)),
                (Task, select(Task.id, Encounter.department))):
            rows = (await session.execute(of_row.join(
                Encounter, Encounter.id == Task.encounter_id))).all()
            with within_scope(one):
                seen = set(await session.scalars(reach.within(select(model.id), model)))
            assert seen == {row_id for row_id, department in rows if department == OWN}


async def test_a_case_is_seen_by_whom_it_concerns_who_looks_after_it_and_all_when_it_names_nobody(
        database: Database, hospital: Hospital) -> None:
    owner = uuid.uuid4()
    async with database.session() as session:
        async def seen(scope: Scope) -> bool:
            with within_scope(scope):
                return await reach.sees(session, Case, hospital.case)

        other = Scope(frozenset({FOREIGN}), owner)
        assert await seen(Scope(frozenset({OWN}), owner))          # concerned
        assert not await seen(other)
        await session.execute(update(Case).values(department=FOREIGN))
        assert await seen(other)                                   # looks after it
        await session.execute(update(Case).values(department="医务处"))
        assert not await seen(other)
        session.add(User(id=owner, username="owner", name="主管", role=Role.DOCTOR,
                         password_hash="x"))
        await session.flush()
        await session.execute(update(Case).values(owner_id=owner))
        assert await seen(other)                                   # owns it
        await session.execute(update(Case).values(owner_id=None, department=""))
        assert not await seen(other)
        for concern in await session.scalars(select(CaseConcern)):
            await session.delete(concern)
        await session.flush()
        assert await seen(other)                                   # names no department


async def test_no_scope_reaches_beyond_its_block(database: Database, hospital: Hospital) -> None:
    async with database.session() as session:
        every, _ = await overview.alert_counts(session)
        with within_scope(Scope(frozenset())):
            assert await overview.alert_counts(session) == (0, 0)
        assert await overview.alert_counts(session) == (every, 1)


@pytest.mark.parametrize(("set_for_them", "all_by_role", "departments"), [
    (None, True, None), (None, False, {OWN}), (Reach.OWN, True, {OWN}), (Reach.ALL, False, None)])
def test_what_is_set_for_somebody_goes_before_what_their_role_has(
        set_for_them: Reach | None, all_by_role: bool, departments: set[str] | None) -> None:
    user = User(id=uuid.uuid4(), departments=[OWN], reach=set_for_them)
    assert scope_of(user, all_by_role=all_by_role).departments == departments


def test_nobody_sees_nothing() -> None:
    assert scope_of(None, all_by_role=True).departments == frozenset()
    assert not EVERYTHING.limited
