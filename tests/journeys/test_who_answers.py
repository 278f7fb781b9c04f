"""Who picks up: a machine, a network's announcement, a relative, somebody who talks on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select

from followup.calls.models import AnsweredBy, Attempt, Disposition
from followup.campaigns.models import Task, TaskState
from followup.responses.models import Answer
from tests.journeys.hospital import (
    BIRTH_DATE,
    Hospital,
    hospital,
    person,
    short_questionnaire,
)
from tests.journeys.prompts import PROMPT_HZ
from tests.journeys.sound import Sound, listen, of

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180),
              pytest.mark.asyncio(loop_scope="module")]

SPEECH = {
    "mailbox": ("zh", "您好，您拨打的用户暂时无法接听，请在滴声后留言。"),
    "announcement": ("zh", "对不起，您拨打的电话暂时无法接通，请稍后再拨。"
                     "您拨打的电话暂时无法接通，请稍后再拨。"),
    "chatter": ("zh", "喂，您好，哪位呀？我听不太清楚，您稍等一下，"
                "我把电视关小一点，好了，您请说。")}
YEAR = f"{BIRTH_DATE.year}#"
MAILBOX = person("51", "speak mailbox at once", "wait 0.4", "beep", "wait 60")
ANNOUNCEMENT = person("52", "speak announcement at once", "wait 2", "hang up")
TALKATIVE = person("53", "speak chatter at once", "press 1", f"press {YEAR}", "press 36*5#",
                   "press 2")
RELATIVE = person("54", "press 4", "press 2")
GUESSES = person("55", "press 1", "press 1900#", "press 1901#", "wait 60")
PEOPLE = (MAILBOX, ANNOUNCEMENT, TALKATIVE, RELATIVE, GUESSES)
WORD_HZ, GOODBYE_HZ = 1210, 700
MORE = "voicemail_message = true\n"


def questionnaire() -> dict[str, Any]:
    """The short one, which asks for the year of birth."""
    resource = short_questionnaire()
    resource["url"] += "-year"
    resource["item"].insert(1, {
        "linkId": "year", "type": "integer", "required": True, "text": "请输入出生年份。",
        "_text": json.loads(json.dumps(resource["item"][0]["_text"])),
        "extension": [{"url": "urn:aftercall:role", "valueCode": "birth-year"}]})
    return resource


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(shared_database_url: str) -> AsyncIterator[Hospital]:
    """After everybody has been called."""
    async with hospital(shared_database_url, PEOPLE, agents=(), questionnaire=questionnaire(),
                        sounds={"voicemail": WORD_HZ, "goodbye": GOODBYE_HZ}, speech=SPEECH,
                        more_settings=MORE) as place:
        await place.call(*((one, 0) for one in PEOPLE), seconds=120)
        yield place


async def answers(place: Hospital, attempt: Attempt) -> dict[str, str]:
    async with place.house.database.session() as session:
        return {answer.link_id: answer.heard for answer in await session.scalars(
            select(Answer).where(Answer.attempt_id == attempt.id))}


async def heard(place: Hospital, attempt: Attempt) -> Sound:
    return listen(await place.sealed_sound(attempt))


async def state_of(place: Hospital, attempt: Attempt) -> TaskState:
    async with place.house.database.session() as session:
        return (await session.get_one(Task, attempt.task_id)).state


async def test_a_mailbox_that_beeps_gets_a_neutral_word_and_another_call(place: Hospital) -> None:
    [attempt] = await place.attempts_of(MAILBOX)
    assert attempt.disposition is Disposition.VOICEMAIL
    assert await state_of(place, attempt) is TaskState.DUE
    assert await answers(place, attempt) == {}
    sound = await heard(place, attempt)
    [beep] = of(sound.left, 1000)
    [word] = of(sound.right, WORD_HZ)
    assert word.start > beep.end
    assert not [tone for tone in of(sound.right, PROMPT_HZ) if tone.start > word.start]


async def test_an_announcement_that_hangs_up_was_no_patient(place: Hospital) -> None:
    [attempt] = await place.attempts_of(ANNOUNCEMENT)
    assert attempt.disposition is Disposition.VOICEMAIL
    assert not of((await heard(place, attempt)).right, WORD_HZ)


async def test_somebody_who_talks_on_is_asked_like_anybody(place: Hospital) -> None:
    [attempt] = await place.attempts_of(TALKATIVE)
    assert attempt.disposition is Disposition.COMPLETED
    assert attempt.answered_by is AnsweredBy.PATIENT
    assert await answers(place, attempt) == {
        "identity": "1", "temperature": "36*5", "breathlessness": "2"}
    assert of((await heard(place, attempt)).right, GOODBYE_HZ)


async def test_a_relative_says_when_to_call_and_hears_no_question(place: Hospital) -> None:
    [attempt] = await place.attempts_of(RELATIVE)
    assert (attempt.disposition, attempt.answered_by) == (
        Disposition.CALL_BACK, AnsweredBy.RELATIVE)
    assert attempt.call_back_at is not None
    assert await state_of(place, attempt) is TaskState.DUE


async def test_who_guesses_the_year_of_birth_gets_no_question_and_a_person_looks_after_it(
        place: Hospital) -> None:
    [attempt] = await place.attempts_of(GUESSES)
    assert (attempt.disposition, attempt.answered_by) == (Disposition.IDENTITY_FAILED, None)
    assert await state_of(place, attempt) is TaskState.NEEDS_PERSON
    assert await answers(place, attempt) == {"identity": "1"}
