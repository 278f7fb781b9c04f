"""What whoever answers says of the patient, and what becomes of it."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select, update

from agi_scripts.house import House as CallHouse
from followup.alerts.models import Alert, AlertState
from followup.calls import ledger, said_of
from followup.calls.models import Attempt, Disposition
from followup.campaigns.house import House
from followup.campaigns.models import Campaign, CampaignState, Held, Task, TaskState
from followup.database.base import now
from followup.database.engine import Database
from followup.errors import Conflict
from followup.messages import outbox
from followup.patients import consent
from followup.patients.models import Death, Encounter, Patient
from followup.people import audit
from followup.people.models import AuditEvent
from tests.agi_scripts.ward import Ward, call, open_ward
from tests.webconsole.hospital import add_task


async def patient_of(database: Database) -> Patient:
    async with database.session() as session:
        return (await session.scalars(select(Patient))).one()


async def another_task(database: Database) -> uuid.UUID:
    """A second campaign wants the same patient called."""
    async with database.session() as session:
        patient = (await session.scalars(select(Patient))).one()
        stay = (await session.scalars(select(Encounter))).one()
        first = (await session.scalars(select(Campaign))).one()
        campaign = Campaign(id=uuid.uuid4(), name="二次随访", state=CampaignState.RUNNING,
                            started_at=now(), questionnaire_id=first.questionnaire_id)
        session.add(campaign)
        await session.flush()
        return (await add_task(session, campaign.id, patient, stay, TaskState.DUE)).id


async def claims(database: Database) -> Attempt | None:
    async with database.session() as session:
        return await ledger.claim(session, node="node1", house=House())


async def state_of(database: Database, task: uuid.UUID) -> tuple[TaskState, Held | None]:
    async with database.session() as session:
        row = await session.get_one(Task, task)
        return row.state, row.held_why


async def told_of_death(ward: Ward) -> None:
    house = CallHouse(ward.settings, ward.database)
    await house.report(await house.open_call(ward.attempt_id), Disposition.DEATH_REPORTED)


async def test_a_wrong_number_is_called_by_nobody_until_staff_say_that_it_is_right(
        database: Database) -> None:
    async with open_ward(database) as ward:
        await call(ward, "2")
        assert (await ward.attempt()).outcome is Disposition.WRONG_PERSON
        await ward.end_attempt()
        other = await another_task(database)
        patient = await patient_of(database)
        assert patient.phone_wrong_at is not None
        assert not patient.do_not_call, "the number is wrong, not the patient"
        assert await claims(database) is None
        assert await state_of(database, other) == (TaskState.NEEDS_PERSON, Held.NO_NUMBER)
        async with database.session() as session:
            await said_of.number_is_right(session, patient.id, None, actor="nurse")
        assert (await patient_of(database)).phone_wrong_at is None


async def test_a_new_number_is_not_held_to_what_was_said_of_the_old_one(
        database: Database) -> None:
    async with open_ward(database) as ward:
        await call(ward, "2")
        async with database.session() as session:
            patient = (await session.scalars(select(Patient))).one()
            patient.phone = "+8613900001234"
        assert (await patient_of(database)).phone_wrong_at is None


async def test_after_a_death_was_told_of_nobody_calls_or_writes_and_staff_are_alerted(
        database: Database) -> None:
    async with open_ward(database) as ward:
        other = await another_task(database)
        await told_of_death(ward)
        await ward.end_attempt()
        patient = await patient_of(database)
        assert (patient.death, patient.do_not_call) == (Death.REPORTED, True)
        assert await state_of(database, other) == (TaskState.NEEDS_PERSON, Held.DEATH_REPORTED)
        assert await claims(database) is None
        alert = await ward.alert()
        assert (alert.state, alert.reasons[0]["rule"]) == (AlertState.OPEN, said_of.DIED)
        assert alert.deadline > now()
        async with database.session() as session:
            message = outbox.Letter(
                uuid.uuid4(), patient.id, patient.phone, "t", {}, "x", 1, "zh", "nurse", "none",
                now(), now().replace(year=2099))
            await outbox.put(session, message)
            assert await outbox.claim(session, now()) is None
            with pytest.raises(Conflict):
                await consent.allow_calling(session, await session.get_one(Patient, patient.id),
                                            actor="nurse")
            [event] = await session.scalars(
                select(AuditEvent).where(AuditEvent.action == audit.REPORT_DEATH))
            assert event.subject == f"patient:{patient.id}"


async def settled(database: Database, *, died: bool) -> Patient:
    """The patient after staff have found out."""
    patient = await patient_of(database)
    async with database.session() as session:
        await said_of.settle_death(session, patient.id, died=died, actor="nurse", why="x",
                                   moment=now())
    return await patient_of(database)


@pytest.mark.parametrize("died", [True, False])
async def test_only_staff_set_the_record_right(database: Database, died: bool) -> None:
    async with open_ward(database) as ward:
        other = await another_task(database)
        await told_of_death(ward)
        await ward.end_attempt()
        patient = await patient_of(database)
        after = await settled(database, died=died)
        assert (after.death, after.do_not_call) == ((Death.CONFIRMED, True) if died
                                                    else (None, False))
        assert (await state_of(database, other))[0] is (TaskState.CANCELLED if died
                                                        else TaskState.DUE)
        claimed = await claims(database)
        assert (claimed is None) == died
        async with database.session() as session:
            with pytest.raises(Conflict):
                await said_of.settle_death(session, patient.id, died=True, actor="nurse", why="x",
                                           moment=now())
            assert len((await session.scalars(select(Alert))).all()) == 1


async def test_who_wanted_no_calls_before_wants_none_after(database: Database) -> None:
    async with open_ward(database) as ward:
        other = await another_task(database)
        async with database.session() as session:
            await session.execute(update(Patient).values(do_not_call=True))
        await told_of_death(ward)
        await ward.end_attempt()
        after = await settled(database, died=False)
        assert (after.death, after.do_not_call) == (None, True)
        assert (await state_of(database, other))[0] is TaskState.CANCELLED
