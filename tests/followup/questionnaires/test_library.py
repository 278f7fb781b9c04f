"""A published version never changes."""

from __future__ import annotations

import asyncio
import json

import pytest

from followup.database.engine import Database
from followup.errors import Conflict, NotFound
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import (
    POST_DISCHARGE,
    at_hand,
    by_id,
    get_active,
    parsed,
    publish,
)
from followup.questionnaires.models import QuestionnaireRow

SAMPLE = json.loads(POST_DISCHARGE.read_bytes())


async def test_the_same_version_again_is_the_same_row(database: Database) -> None:
    async with database.session() as session:
        first = await publish(session, load_questionnaire(SAMPLE))
    async with database.session() as session:
        again = await publish(session, load_questionnaire(POST_DISCHARGE.read_bytes()))
        found = await get_active(session, SAMPLE["url"])
    assert first.id == again.id == found.id
    assert parsed(found) == load_questionnaire(SAMPLE)


async def test_other_content_under_a_published_version_is_refused(database: Database) -> None:
    changed = {**SAMPLE, "title": "别的"}
    async with database.session() as session:
        await publish(session, load_questionnaire(SAMPLE))
    with pytest.raises(Conflict, match="new version"):
        async with database.session() as session:
            await publish(session, load_questionnaire(changed))
    async with database.session() as session:
        assert (await get_active(session, SAMPLE["url"])).title == SAMPLE["title"]


async def test_the_newest_version_is_in_force(database: Database) -> None:
    for version in ("1.1", "1.2"):
        async with database.session() as session:
            await publish(session, load_questionnaire({**SAMPLE, "version": version}))
    async with database.session() as session:
        assert (await get_active(session, SAMPLE["url"])).version == "1.2"
        with pytest.raises(NotFound):
            await get_active(session, "urn:nowhere")


async def test_two_processes_may_publish_at_once(database: Database) -> None:
    async def one() -> object:
        async with database.session() as session:
            return (await publish(session, load_questionnaire(SAMPLE))).id
    assert len(set(await asyncio.gather(*(one() for _ in range(5))))) == 1


async def test_a_questionnaire_is_read_once_and_anew_when_a_draft_has_changed(
        database: Database) -> None:
    async with database.session() as session:
        row = await publish(session, load_questionnaire({**SAMPLE, "status": "draft"}))
        first = parsed(row)
        assert parsed(row) is first
        row.resource = {**row.resource, "title": "别的"}
        assert parsed(row).title == "别的"


async def test_whoever_else_waits_gets_a_turn_after_each_item_of_one_that_is_read(
        database: Database) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)
    async with database.session() as session:
        row = await publish(session, load_questionnaire({**SAMPLE, "version": "some"}))
    async with database.session() as one, database.session() as another:
        await asyncio.gather(one.get_one(QuestionnaireRow, row.id),
                             another.get_one(QuestionnaireRow, row.id))
        waiting = asyncio.create_task(others())
        first, second = await asyncio.gather(by_id(one, row.id), by_id(another, row.id))
        waiting.cancel()
    assert turns > len(first.order)
    assert first is second == load_questionnaire({**SAMPLE, "version": "some"})
    assert at_hand(row.id) is first
