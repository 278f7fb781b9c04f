"""A new campaign: who is chosen, and what is refused before anything is stored."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bench.sample import fill
from followup.campaigns.models import Campaign, CampaignState, Task, TaskState
from followup.campaigns.planning import ByDischarge, ByNumber, choose, create
from followup.campaigns.progress import plan
from followup.campaigns.rules import CampaignRules
from followup.database.base import now
from followup.database.engine import Database
from followup.errors import Conflict, InvalidInput
from followup.patients.models import Encounter, Patient
from followup.questionnaires.models import QuestionnaireRow, QuestionnaireStatus

TODAY = now().date()
ALL = ByDischarge(TODAY - timedelta(days=1), TODAY + timedelta(days=1))


async def questionnaire(database: Database) -> uuid.UUID:
    async with database.session() as session:
        return (await session.scalars(select(QuestionnaireRow.id))).one()


async def campaigns(database: Database) -> int:
    async with database.session() as session:
        return await session.scalar(select(func.count()).select_from(Campaign)) or 0


async def test_a_campaign_is_a_draft_with_a_task_for_each_stay(database: Database) -> None:
    await fill(database, 2500)                           # more than one statement holds
    async with database.session() as session:
        made = await create(session, "  a   name ", await questionnaire(database), ALL,
                            rules=CampaignRules(priority=7), actor="head-nurse")
    async with database.session() as session:
        states = (await session.execute(select(Task.state, func.count()).where(
            Task.campaign_id == made.id).group_by(Task.state))).all()
    assert (made.name, made.state, made.rules) == ("a name", CampaignState.DRAFT, {"priority": 7})
    assert [tuple(row) for row in states] == [(TaskState.DUE, 2500)]


async def test_only_the_department_and_the_days_that_are_meant_are_chosen(
        database: Database) -> None:
    await fill(database, 3)
    async with database.session() as session:
        stays = (await session.scalars(select(Encounter.id).order_by(Encounter.id))).all()
        await session.execute(update(Encounter).where(Encounter.id == stays[0]).values(
            department="心内科"))
        await session.execute(update(Encounter).where(Encounter.id == stays[1]).values(
            discharged_on=date(2020, 1, 1)))
    async with database.session() as session:
        found = await choose(session, ByDischarge(ALL.first, ALL.last, "骨科"))
        assert [stay for stay, _ in found.stays] == [stays[2]]


async def test_record_numbers_are_looked_up_once_each_and_unknown_ones_told(
        database: Database) -> None:
    await fill(database, 2)
    async with database.session() as session:
        first, second = (await session.scalars(select(Patient).order_by(Patient.mrn))).all()
        second.do_not_call = True
    async with database.session() as session:
        found = await choose(session, ByNumber([first.mrn, "x", second.mrn, first.mrn, "x"]))
    assert [patient for _, patient in found.stays] == [first.id]
    assert (found.refusing, list(found.unknown)) == (1, ["x"])


@pytest.mark.parametrize(("changed", "field"), [
    ({"name": " "}, "name"), ({"name": "x" * 61}, "name"),
    ({"questionnaire_id": uuid.UUID(int=0)}, "questionnaire"),
    ({"selection": ByNumber(["nobody"])}, "numbers"),
    ({"selection": ByDischarge(date(2001, 1, 1), date(2001, 1, 2))}, "patients")])
async def test_what_does_not_fit_names_its_field_and_leaves_nothing_behind(
        database: Database, changed: dict[str, Any], field: str) -> None:
    await fill(database, 1)
    wanted = {"name": "x", "questionnaire_id": await questionnaire(database), "selection": ALL,
              "actor": "head-nurse", **changed}
    with pytest.raises(InvalidInput) as refused:
        async with database.session() as session:
            await create(session, **wanted)
    assert refused.value.field == field
    assert await campaigns(database) == 1


async def test_a_withdrawn_questionnaire_and_a_name_that_is_taken_are_refused(
        database: Database) -> None:
    await fill(database, 1)
    row = await questionnaire(database)
    for again in (False, True):
        async with database.session() as session:
            if again:
                with pytest.raises(Conflict):
                    await create(session, "x", row, ALL, actor="head-nurse")
            else:
                await create(session, "x", row, ALL, actor="head-nurse")
    async with database.session() as session:
        await session.execute(update(QuestionnaireRow).values(
            status=QuestionnaireStatus.RETIRED))
    with pytest.raises(InvalidInput, match="questionnaire"):
        async with database.session() as session:
            await create(session, "y", row, ALL, actor="head-nurse")
    assert await campaigns(database) == 2


async def test_a_campaign_that_is_planned_again_is_topped_up(database: Database) -> None:
    await fill(database, 2)
    row = await questionnaire(database)
    async with database.session() as session:
        await session.execute(update(Encounter).values(discharged_on=TODAY))
    for _ in range(2):
        async with database.session() as session:
            made = await plan(session, "x", row, discharged_from=TODAY, discharged_to=TODAY)
    async with database.session() as session:
        assert await session.scalar(select(func.count()).select_from(Task).where(
            Task.campaign_id == made.id)) == 2
