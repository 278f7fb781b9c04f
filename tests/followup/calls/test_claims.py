"""I5: who is called next, who is put off and until when, with two workers side by side."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from bench.sample import fill
from followup.calls import ledger
from followup.calls.claims import PAGES
from followup.calls.ledger import NUMBER_CHECK
from followup.calls.models import Attempt, Disposition
from followup.campaigns.following import step_of
from followup.campaigns.holidays import (
    list_holidays,
    remove_holiday,
    set_holiday,
)
from followup.campaigns.house import House
from followup.campaigns.models import Campaign, CampaignState, Held, Task, TaskState
from followup.campaigns.permission import Caps
from followup.campaigns.progress import set_rules
from followup.database.engine import Database
from followup.errors import InvalidInput
from followup.patients.models import Patient, PatientContact, Whose

HOUSE = House(Caps(), time(8), time(21), ZoneInfo("Asia/Shanghai"))
NOON = datetime(2100, 11, 24, 4, tzinfo=UTC)          # 12:00 in Shanghai; all tasks are long due
NIGHT = NOON + timedelta(hours=10)
MORNING = datetime(2100, 11, 25, 0, tzinfo=UTC)       # 08:00


async def claim(database: Database, moment: datetime = NOON, house: House = HOUSE,
                **options: Any) -> Attempt | None:
    async with database.session() as session:
        return await ledger.claim(session, node="node1", house=house, moment=moment, **options)


async def end(database: Database, attempt: Attempt, how: Disposition,
              moment: datetime = NOON, settled_by: str = "event") -> None:
    async with database.session() as session:
        step = await step_of(session, attempt.id, how, HOUSE, moment)
        await ledger.end(session, attempt.id, how, step=step, moment=moment,
                         settled_by=settled_by)


async def call(database: Database, how: Disposition, moment: datetime = NOON) -> Attempt:
    """Claim the only patient's call, and let it end so."""
    attempt = await claim(database, moment)
    assert attempt is not None
    await end(database, attempt, how, moment)
    return attempt


async def the_task(database: Database) -> Task:
    async with database.session() as session:
        return (await session.scalars(select(Task))).one()


async def rule(database: Database, campaign: uuid.UUID, **rules: Any) -> None:
    async with database.session() as session:
        await set_rules(session, campaign, rules, actor="head-nurse")


async def second_campaign(database: Database) -> uuid.UUID:
    """Another one with a task for each patient of the first."""
    async with database.session() as session:
        old = (await session.scalars(select(Campaign))).one()
        other = Campaign(id=uuid.uuid4(), name="other", questionnaire_id=old.questionnaire_id,
                         state=CampaignState.RUNNING)
        tasks = (await session.scalars(select(Task))).all()
        session.add(other)
        await session.flush()
        session.add_all([Task(campaign_id=other.id, patient_id=task.patient_id,
                              encounter_id=task.encounter_id) for task in tasks])
        return other.id


async def add_number(database: Database, number: str, whose: Whose = Whose.RELATIVE) -> uuid.UUID:
    async with database.session() as session:
        patient = (await session.scalars(select(Patient))).one()
        contact = PatientContact(id=uuid.uuid4(), patient_id=patient.id, position=1, number=number,
                                 whose=whose, relation="女儿")
        session.add(contact)
    return contact.id


async def test_i5_at_night_a_task_is_put_off_to_the_morning_with_the_reason(
        database: Database) -> None:
    await fill(database, 1)
    assert await claim(database, NIGHT) is None
    task = await the_task(database)
    assert (task.state, task.due_at, task.held_why) == (TaskState.DUE, MORNING, Held.HOURS)
    assert await claim(database, MORNING - timedelta(seconds=1)) is None
    assert await claim(database, MORNING) is not None
    assert (await the_task(database)).held_why is None


async def test_i5_each_patient_is_called_in_the_hours_of_where_they_are(
        database: Database) -> None:
    await fill(database, 3)
    async with database.session() as session:
        shanghai, berlin, california = (
            await session.scalars(select(Patient).order_by(Patient.phone))).all()
        berlin.timezone = "Europe/Berlin"
        california.phone = "+16502530000"
    early = await claim(database, NOON - timedelta(hours=3))       # 09:00, 02:00, 17:00 yesterday
    later = await claim(database, NOON - timedelta(hours=3))
    assert early is not None and later is not None
    assert {early.patient_id, later.patient_id} == {shanghai.id, california.id}
    assert await claim(database, NOON - timedelta(hours=3)) is None
    last = await claim(database, NOON + timedelta(hours=3))               # 08:00 in Berlin
    assert last is not None and last.patient_id == berlin.id


async def test_i5_on_a_holiday_nobody_is_called(database: Database) -> None:
    campaign = await fill(database, 1)
    async with database.session() as session:
        await set_holiday(session, date(2100, 11, 24), "校庆", actor="head-nurse")
    assert await claim(database) is None
    task = await the_task(database)
    assert (task.due_at, task.held_why) == (MORNING, Held.HOLIDAY)
    await rule(database, campaign, on_holidays=True)
    async with database.session() as session:
        await session.execute(update(Task).values(due_at=NOON))
    assert await claim(database) is not None


async def test_a_saturday_that_is_worked_counts_as_a_working_day(database: Database) -> None:
    campaign = await fill(database, 1)
    await rule(database, campaign, weekdays=[1, 2, 3, 4, 5])
    saturday = NOON + timedelta(days=(5 - NOON.weekday()) % 7)
    assert await claim(database, saturday) is None
    async with database.session() as session:
        await set_holiday(session, saturday.date(), "调休", working=True, actor="head-nurse")
        await session.execute(update(Task).values(due_at=saturday))
    assert await claim(database, saturday) is not None


async def test_holidays_are_set_changed_listed_and_removed(database: Database) -> None:
    day = date(2100, 10, 1)
    async with database.session() as session:
        await set_holiday(session, day, "国庆", actor="a")
        await set_holiday(session, day, " 国庆节 ", actor="a")
    async with database.session() as session:
        assert [(each.day, each.name, each.working) for each in await list_holidays(
            session, day)] == [(day, "国庆节", False)]
        assert await remove_holiday(session, day, actor="a")
        assert not await remove_holiday(session, day, actor="a")
        with pytest.raises(InvalidInput) as caught:
            await set_holiday(session, day, " ", actor="a")
    assert caught.value.field == "name"


async def test_i5_a_patient_over_a_cap_is_put_off_over_all_campaigns(database: Database) -> None:
    await fill(database, 1)
    other = await second_campaign(database)
    for minute in range(3):
        attempt = await claim(database, NOON + timedelta(minutes=minute), campaign_id=other)
        assert attempt is not None
        async with database.session() as session:
            await session.execute(update(Task).where(Task.id == attempt.task_id).values(
                state=TaskState.DUE))
            await session.execute(update(Attempt).values(state="ended", disposition="busy"))
    assert await claim(database, NOON + timedelta(minutes=3)) is None
    async with database.session() as session:
        held = (await session.scalars(select(Task))).all()
    assert {(task.due_at, task.held_why) for task in held} == {
        (NOON + timedelta(minutes=5), Held.CAP_5_MIN)}


async def test_i5_two_workers_with_two_campaigns_hold_a_patients_caps_exactly(
        database: Database) -> None:
    """Each worker claims from its own campaign, for the same patients, as fast as it can."""
    await fill(database, 4)
    first = (await the_campaigns(database))[0]
    second = await second_campaign(database)
    house = House(Caps(per_day=5, per_5_min=2))

    async def worker(campaign: uuid.UUID) -> None:
        for _ in range(40):
            attempt = await claim(database, NOON, house, campaign_id=campaign)
            if attempt is not None:
                async with database.session() as session:
                    await session.execute(update(Attempt).where(Attempt.id == attempt.id).values(
                        state="ended", disposition="busy"))
                    await session.execute(update(Task).where(Task.id == attempt.task_id).values(
                        state=TaskState.DUE))

    await asyncio.gather(*(worker(each) for each in (first, second) * 3))
    async with database.session() as session:
        made = (await session.scalars(
            select(func.count(Attempt.id)).group_by(Attempt.patient_id))).all()
    assert list(made) == [2, 2, 2, 2]


async def the_campaigns(database: Database) -> list[uuid.UUID]:
    async with database.session() as session:
        return list(await session.scalars(select(Campaign.id)))


@pytest.mark.parametrize("how", [Disposition.CONGESTION, Disposition.NOT_PLACED])
async def test_what_rang_nobody_counts_for_no_cap_and_burns_no_attempt(
        database: Database, how: Disposition) -> None:
    await fill(database, 1)
    for made in range(6):
        await call(database, how, NOON + timedelta(minutes=6 * made))
    assert (await the_task(database)).attempts_made == 0


async def test_the_campaign_that_is_more_urgent_goes_first(database: Database) -> None:
    await fill(database, 2)
    first = (await the_campaigns(database))[0]
    other = await second_campaign(database)
    await rule(database, first, priority=50)
    await rule(database, other, priority=20)
    claimed = [await claim(database) for _ in range(3)]
    async with database.session() as session:
        campaigns = [(await session.get_one(Task, attempt.task_id)).campaign_id
                     for attempt in claimed if attempt]
    assert campaigns == [other, other]       # the others' patients are on the phone


async def test_a_campaign_calls_in_its_own_hours_and_as_often_as_it_says(
        database: Database) -> None:
    campaign = await fill(database, 1)
    await rule(database, campaign, window={"start": "13:00", "end": "14:00"}, max_attempts=2,
               retry={"busy": [15]})
    assert await claim(database) is None
    one = NOON + timedelta(hours=1)
    assert (await the_task(database)).due_at == one
    await call(database, Disposition.BUSY, one)
    assert (await the_task(database)).due_at == one + timedelta(minutes=15)
    await call(database, Disposition.BUSY, one + timedelta(minutes=15))
    assert (await the_task(database)).state is TaskState.GAVE_UP


async def test_rules_that_do_not_fit_stop_that_campaign_alone(database: Database) -> None:
    broken = await fill(database, 1)
    async with database.session() as session:
        await session.execute(update(Campaign).values(rules={"unheard": "of"}))
    await fill(database, 1)
    attempt = await claim(database)
    assert attempt is not None
    async with database.session() as session:
        assert (await session.get_one(Task, attempt.task_id)).campaign_id != broken
    assert await claim(database) is None


async def test_a_number_the_network_does_not_know_is_followed_by_the_next_at_once(
        database: Database) -> None:
    await fill(database, 1)
    daughter = await add_number(database, "+8613900139000")
    first = await call(database, Disposition.INVALID_NUMBER)
    assert first.contact_id is None
    second = await claim(database)
    assert second is not None
    assert (second.phone, second.contact_id, second.seq) == ("+8613900139000", daughter, 2)
    await end(database, second, Disposition.INVALID_NUMBER)
    assert (await the_task(database)).state is TaskState.NEEDS_PERSON
    # another campaign does not try them at all, until one is put right
    await second_campaign(database)
    assert await claim(database) is None
    async with database.session() as session:
        patient = (await session.scalars(select(Patient))).one()
        patient.phone = "+8613800139999"
        held = (await session.scalars(select(Task).where(Task.held_why == Held.NO_NUMBER))).one()
        held.state = TaskState.DUE
    corrected = await claim(database)
    assert corrected is not None and corrected.phone == "+8613800139999"


async def test_after_two_calls_in_vain_the_next_number_is_called(database: Database) -> None:
    await fill(database, 1)
    await add_number(database, "+8613900139000")
    dialled = [(await call(database, Disposition.BUSY, NOON + timedelta(hours=hours))).phone
               for hours in (0, 1, 2)]
    assert dialled[0] == dialled[1] and dialled[2] == "+8613900139000"


async def test_a_number_that_our_own_trunk_may_not_call_is_not_marked(database: Database) -> None:
    await fill(database, 1)
    attempt = await claim(database)
    assert attempt is not None
    await end(database, attempt, Disposition.INVALID_NUMBER, settled_by=NUMBER_CHECK)
    async with database.session() as session:
        assert (await session.scalars(select(Patient.phone_invalid_at))).one() is None
    assert (await the_task(database)).state is TaskState.NEEDS_PERSON


async def test_who_wants_no_calls_is_taken_off_the_list(database: Database) -> None:
    await fill(database, 1)
    async with database.session() as session:
        await session.execute(update(Patient).values(do_not_call=True))
    assert await claim(database) is None
    task = await the_task(database)
    assert (task.state, task.held_why) == (TaskState.CANCELLED, Held.DO_NOT_CALL)


async def test_what_may_not_be_called_is_looked_at_once_and_no_more_than_some_at_a_time(
        database: Database) -> None:
    tasks, at_once = 1000, sum(PAGES)
    await fill(database, tasks)
    for decision in (1, 2, 3):
        assert await claim(database, NIGHT) is None
        async with database.session() as session:
            held = await session.scalar(
                select(func.count()).where(Task.held_why == Held.HOURS, Task.due_at == MORNING))
        assert held == min(tasks, decision * at_once)


async def test_who_may_be_called_is_found_behind_many_who_may_not(database: Database) -> None:
    await fill(database, 60)
    async with database.session() as session:
        awake = (await session.scalars(select(Task).limit(1))).one()
        awake.priority = 200
        (await session.get_one(Patient, awake.patient_id)).timezone = "America/New_York"
    attempt = await claim(database, NIGHT)
    assert attempt is not None and attempt.task_id == awake.id
