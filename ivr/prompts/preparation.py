"""Renders every prompt that a campaign's calls can need, before the first call."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable

from sqlalchemy import select

from followup.campaigns.models import Campaign, Task
from followup.database.engine import Database
from followup.log import get_logger
from followup.patients.models import Encounter, Patient
from followup.questionnaires.definition import Questionnaire
from followup.questionnaires.library import parsed
from followup.settings import Settings
from ivr.prompts.book import Prepared, PromptBook
from ivr.prompts.campaign import campaign_prompts

log = get_logger(__name__)


async def prepare_prompts(database: Database, book: PromptBook, settings: Settings,
                          campaign_id: uuid.UUID) -> Prepared:
    """Render what is missing; faults are told in the log, and in the result."""
    async with database.session() as session:
        campaign = await session.get_one(Campaign, campaign_id)
        people = [(name, department) for name, department in await session.execute(
            select(Patient.name, Encounter.department)
            .join(Task, Task.patient_id == Patient.id)
            .join(Encounter, Encounter.id == Task.encounter_id)
            .where(Task.campaign_id == campaign_id))]
    return await prepare_for(book, settings, parsed(campaign.questionnaire), people)


async def prepare_for(book: PromptBook, settings: Settings, questionnaire: Questionnaire,
                      people: Iterable[tuple[str, str]]) -> Prepared:
    """The same for calls to these people, each with name and department."""
    done = await asyncio.to_thread(
        book.reading(questionnaire).prepare,
        campaign_prompts(questionnaire, settings.hospital_names, people))
    for fault in done.faults:
        log.warning("a prompt is not as it should be", fault=fault)
    log.info("prompts prepared", rendered=done.rendered, reused=done.reused)
    return done
