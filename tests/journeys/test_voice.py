"""Patients who speak: their sound passes through us by AudioSocket, and keys still count."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from followup.calls.models import Disposition, EscalationState
from followup.responses.models import GivenBy
from tests.journeys.hospital import Hospital, hospital, person, short_questionnaire
from tests.journeys.prompts import PROMPT_HZ
from tests.journeys.sound import listen, of

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180),
              pytest.mark.asyncio(loop_scope="module")]

SPEECH = {"yes": ("en", "yes"), "no": ("en", "no"),
          "mailbox": ("zh", "您好，您拨打的用户暂时无法接听，请在滴声后留言。")}
# English after the first question: its recogniser comes with us
SPEAKS = person("81", "press 8", "press 1", "press 36*6#", "speak no", "press 1",
                "press #")
TALKS_OVER = person("82", "press 8", "press 1 early", "press 39# early",
                    "speak yes early", "press 1", "wait 8")
KEYS = person("83", "press 1 early", "press 36*5#", "press 2 early", "say tone 2",
              "press # at once")
LEAVES = person("84", "press 1", "wait 0.5", "hang up")
MACHINE = person("85", "speak mailbox at once", "wait 0.4", "beep", "wait 60")
PEOPLE = (SPEAKS, TALKS_OVER, KEYS, LEAVES, MACHINE)
MORE = "hold_max_s = 0\n[speech]\nenabled = true\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(shared_database_url: str) -> AsyncIterator[Hospital]:
    """A hospital that listens, after everybody has been called."""
    async with hospital(shared_database_url, PEOPLE, agents=({}, {}), more_settings=MORE,
                        questionnaire=short_questionnaire("message"), languages=("zh", "en"),
                        speech=SPEECH) as place:
        await place.call(*((one, 0) for one in PEOPLE), seconds=120)
        yield place


async def test_spoken_answers_are_kept_as_spoken_and_a_red_flag_is_confirmed_by_key(
        place: Hospital) -> None:
    [attempt] = await place.attempts_of(SPEAKS)
    given = await place.answers_in(attempt)
    assert attempt.disposition is Disposition.COMPLETED
    assert given["temperature"].given_by is GivenBy.KEY
    breath = given["breathlessness"]
    assert (breath.given_by, breath.value) == (GivenBy.VOICE, {"valueBoolean": False})
    assert "no" in breath.heard
    assert 0 < breath.confidence <= 1


async def test_a_patient_may_talk_and_press_over_the_prompts(place: Hospital) -> None:
    [attempt] = await place.attempts_of(TALKS_OVER)
    given = await place.answers_in(attempt)
    breath = given["breathlessness"]
    assert (breath.given_by, breath.value) == (GivenBy.VOICE, {"valueBoolean": True})
    assert attempt.disposition is Disposition.ESCALATED
    [escalation] = await place.escalations(attempt)
    assert escalation.state is EscalationState.BRIDGED


async def test_without_a_model_for_the_language_keys_and_messages_do_as_before(
        place: Hospital) -> None:
    [attempt] = await place.attempts_of(KEYS)
    given = await place.answers_in(attempt)
    assert attempt.disposition is Disposition.COMPLETED
    assert {name: answer.given_by for name, answer in given.items()} == {
        "identity": GivenBy.KEY, "temperature": GivenBy.KEY, "breathlessness": GivenBy.KEY,
        "message": GivenBy.MESSAGE}


async def test_the_prompts_and_the_patient_are_in_the_recording(place: Hospital) -> None:
    [attempt] = await place.attempts_of(KEYS)
    sound = listen(await place.sealed_sound(attempt))
    assert of(sound.right, PROMPT_HZ)
    assert of(sound.left, KEYS.pitch)


async def test_a_hang_up_ends_the_call_at_once(place: Hospital) -> None:
    [attempt] = await place.attempts_of(LEAVES)
    assert (attempt.disposition, attempt.hangup_point) == (Disposition.PARTIAL, "temperature")
    assert list(await place.answers_in(attempt)) == ["identity"]


async def test_an_answering_machine_is_found_out_and_left(place: Hospital) -> None:
    [attempt] = await place.attempts_of(MACHINE)
    assert attempt.disposition is Disposition.VOICEMAIL
    assert await place.answers_in(attempt) == {}


async def test_nothing_went_wrong_unseen(place: Hospital) -> None:
    assert not place.logged("agi", "cut off")
    assert not [line for line in place.logged("agi") if line.get("level") == "error"]
