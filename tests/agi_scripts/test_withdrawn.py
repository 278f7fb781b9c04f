"""A questionnaire that is withdrawn while a patient is asked is finished as it was begun."""

from __future__ import annotations

import json
from typing import Any

import pytest

from followup.calls.models import Disposition
from followup.database.engine import Database
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE, publish, withdraw
from followup.questionnaires.models import QuestionnaireRow
from followup.responses.models import Response, ResponseState
from tests.agi_scripts.ward import Ward, call, open_ward

NORMAL = "1 1 36*8# 2# 1 2 1"
SAMPLE: dict[str, Any] = json.loads(POST_DISCHARGE.read_bytes())
NEXT = {**SAMPLE, "version": "99", "item": SAMPLE["item"][:3]}


async def take_out(ward: Ward, successor: bool) -> None:
    async with ward.database.session() as session:
        await withdraw(session, SAMPLE["url"], SAMPLE["version"])
        if successor:
            await publish(session, load_questionnaire(NEXT))


async def version_answered(ward: Ward) -> str:
    [response] = await ward.every(Response)
    assert response.state is ResponseState.COMPLETED
    async with ward.database.session() as session:
        return (await session.get_one(QuestionnaireRow, response.questionnaire_id)).version


@pytest.mark.parametrize("successor", [False, True])
async def test_withdrawn_in_mid_call_it_is_asked_to_its_end(database: Database,
                                                           successor: bool) -> None:
    async with open_ward(database) as ward:
        async def withdrawn_at_the_third(prompt: str) -> None:
            if prompt.endswith("/temperature"):
                await take_out(ward, successor)

        patient = await call(ward, NORMAL, on_prompt=withdrawn_at_the_third)
        assert patient.heard[-1] == "zh/goodbye"
        assert (await ward.attempt()).outcome is Disposition.COMPLETED
        assert set(await ward.answers()) == {
            "identity", "feeling", "temperature", "wound-pain", "medication", "breathlessness",
            "return-visit", "message"}
        assert await version_answered(ward) == SAMPLE["version"]


@pytest.mark.parametrize(("successor", "version"), [(True, "99"), (False, SAMPLE["version"])])
async def test_withdrawn_while_it_rings_the_next_one_is_asked_or_without_one_the_same(
        database: Database, successor: bool, version: str) -> None:
    async with open_ward(database) as ward:
        await take_out(ward, successor)
        patient = await call(ward, NORMAL)
        assert patient.heard[-1] == "zh/goodbye"
        assert await version_answered(ward) == version
