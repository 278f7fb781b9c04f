"""A version that is withdrawn is finished by whoever has begun it, and begun by nobody."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from sqlalchemy import select

from bench.sample import fill
from followup.calls import ledger
from followup.campaigns.house import House
from followup.campaigns.models import Campaign, Task
from followup.database.engine import Database
from followup.errors import Conflict, InvalidInput, NotFound
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import (
    POST_DISCHARGE,
    exported,
    get_active,
    get_version,
    parsed,
    publish,
    shelf,
    withdraw,
)
from followup.questionnaires.models import QuestionnaireRow
from followup.responses.store import open_response

SAMPLE: dict[str, Any] = json.loads(POST_DISCHARGE.read_bytes())
URL, OLD = SAMPLE["url"], SAMPLE["version"]
NEW = {**SAMPLE, "version": "2"}


async def claimable(database: Database) -> set[uuid.UUID]:
    """The tasks that would be called now, taken one after the other."""
    found = set()
    while True:
        async with database.session() as session:
            attempt = await ledger.claim(session, node="node1", house=House())
            if attempt is None:
                return found
            found.add(attempt.task_id)


async def begin_one_of(database: Database, count: int) -> Task:
    """So many tasks; the first has been spoken with, and hung up."""
    await fill(database, count)
    async with database.session() as session:
        task = (await session.scalars(select(Task).order_by(Task.id))).first()
        assert task is not None
        await open_response(session, task)
        return task


async def version_of(database: Database, task: Task) -> str:
    async with database.session() as session:
        response = await open_response(session, task)
        return parsed(await session.get_one(QuestionnaireRow, response.questionnaire_id)).version


async def test_who_has_begun_is_called_again_and_who_has_not_waits(database: Database) -> None:
    begun = await begin_one_of(database, 3)
    async with database.session() as session:
        await withdraw(session, URL, OLD)
        assert [(each.row.version, each.waiting) for each in await shelf(session)] == [(OLD, 2)]
    assert await claimable(database) == {begun.id}
    assert await version_of(database, begun) == OLD


async def test_with_a_new_version_the_others_go_on_and_the_begun_one_keeps_its_own(
        database: Database) -> None:
    begun = await begin_one_of(database, 2)
    async with database.session() as session:
        await withdraw(session, URL, OLD)
    async with database.session() as session:
        await publish(session, load_questionnaire(NEW))
    assert len(await claimable(database)) == 2
    async with database.session() as session:
        other = (await session.scalars(select(Task).where(Task.id != begun.id))).one()
    assert await version_of(database, begun) == OLD
    assert await version_of(database, other) == "2"


async def test_a_new_version_alone_leaves_campaigns_with_theirs(database: Database) -> None:
    await fill(database, 1)
    async with database.session() as session:
        await publish(session, load_questionnaire(NEW))
        campaign = (await session.scalars(select(Campaign))).one()
        assert (await session.get_one(QuestionnaireRow, campaign.questionnaire_id)).version == OLD
        assert (await get_active(session, URL)).version == "2"
        await withdraw(session, URL, OLD)
        await session.refresh(campaign)
        assert (await session.get_one(QuestionnaireRow, campaign.questionnaire_id)).version == "2"


async def test_what_is_withdrawn_stays_so_and_is_still_there_to_read(database: Database) -> None:
    async with database.session() as session:
        await publish(session, load_questionnaire(SAMPLE))
    for _ in range(2):
        async with database.session() as session:
            await withdraw(session, URL, OLD)
    async with database.session() as session:
        with pytest.raises(NotFound):
            await get_active(session, URL)
        assert exported(await get_version(session, URL)) == {**SAMPLE, "status": "retired"}
        with pytest.raises(Conflict, match="withdrawn"):
            await publish(session, load_questionnaire(SAMPLE))
        with pytest.raises(NotFound):
            await withdraw(session, URL, "none")


async def test_a_draft_is_not_in_force_until_it_is_published_as_active(database: Database) -> None:
    async with database.session() as session:
        await publish(session, load_questionnaire({**SAMPLE, "status": "draft"}))
        with pytest.raises(NotFound):
            await get_active(session, URL)
        await publish(session, load_questionnaire(SAMPLE))
        assert exported(await get_active(session, URL)) == SAMPLE
        with pytest.raises(InvalidInput, match="one of draft, active"):
            await publish(session, load_questionnaire({**NEW, "status": "retired"}))
