"""Patients who speak where there is no AudioSocket: a script that Asterisk starts hears them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress

import psutil
import pytest
import pytest_asyncio

from followup.calls.models import (
    Disposition,
    EscalationState,
)
from followup.responses.models import GivenBy
from tests.journeys.hospital import (
    Hospital,
    hospital,
    person,
    short_questionnaire,
    until,
)
from tests.journeys.prompts import PROMPT_HZ
from tests.journeys.sound import listen, of

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240),
              pytest.mark.asyncio(loop_scope="module")]

FALLBACK_HZ = 1300
SPEECH = {"yes": ("en", "yes"), "no": ("en", "no")}
# English after the first question: its recogniser comes with us
SPEAKS = person("91", "press 8", "press 1", "press 36*6#", "speak no", "press 1",
                "press #")
TALKS_OVER = person("92", "press 8", "press 1 early", "press 39# early",
                    "speak yes early", "press 1", "wait 8")
KEYS = person("93", "press 1 early", "press 36*5#", "press 2 early", "say tone 2",
              "press # at once")
LEAVES = person("94", "press 1", "wait 0.5", "hang up")
LISTENER_DIES = person("95", "press 1 early", "wait 5", "press 36*5# at once",
                       "press 2", "say tone 2", "press # at once")
HOUSE_DIES = person("96", "press 1 early", "wait 20", stay_s=5)
PEOPLE = (SPEAKS, TALKS_OVER, KEYS, LEAVES)
MORE = 'hold_max_s = 0\n[speech]\nenabled = true\ntransport = "eagi"\n'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(shared_database_url: str) -> AsyncIterator[Hospital]:
    """A hospital that listens by EAGI, after everybody has been called."""
    async with hospital(shared_database_url, (*PEOPLE, LISTENER_DIES, HOUSE_DIES), agents=({}, {}),
                        more_settings=MORE, questionnaire=short_questionnaire("message"),
                        languages=("zh", "en"), speech=SPEECH,
                        sounds={"fallback": FALLBACK_HZ}) as place:
        await place.call(*((one, 0) for one in PEOPLE), seconds=120)
        yield place


def listeners(place: Hospital) -> list[psutil.Process]:
    """The scripts that this hospital's Asterisk has started and that still run."""
    pid = place.house.nodes["node1"].pid
    assert pid is not None
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):         # over meanwhile; a zombie too
            if "agi_scripts.eagi_listener" in child.cmdline():
                found.append(child)
    return found


async def test_spoken_answers_are_kept_as_spoken(place: Hospital) -> None:
    [attempt] = await place.attempts_of(SPEAKS)
    given = await place.answers_in(attempt)
    assert attempt.disposition is Disposition.COMPLETED, await place.tell()
    assert given["temperature"].given_by is GivenBy.KEY
    breath = given["breathlessness"]
    assert (breath.given_by, breath.value) == (GivenBy.VOICE, {"valueBoolean": False})
    assert "no" in breath.heard


async def test_a_patient_may_talk_and_press_over_the_prompts(place: Hospital) -> None:
    [attempt] = await place.attempts_of(TALKS_OVER)
    given = await place.answers_in(attempt)
    breath = given["breathlessness"]
    assert (breath.given_by, breath.value) == (GivenBy.VOICE, {"valueBoolean": True})
    assert attempt.disposition is Disposition.ESCALATED
    [escalation] = await place.escalations(attempt)
    assert escalation.state is EscalationState.BRIDGED


async def test_keys_and_messages_do_as_without_a_voice(place: Hospital) -> None:
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


async def test_a_hang_up_ends_the_call_and_its_script(place: Hospital) -> None:
    [attempt] = await place.attempts_of(LEAVES)
    assert (attempt.disposition, attempt.hangup_point) == (Disposition.PARTIAL, "temperature")
    assert list(await place.answers_in(attempt)) == ["identity"]

    async def gone() -> bool:
        return not listeners(place)
    await until(gone, 40, place.tell)


async def test_nothing_went_wrong_unseen_and_no_number_was_told(place: Hospital) -> None:
    assert not place.logged("agi", "cut off")
    assert not [line for line in place.logged("agi") if line.get("level") == "error"]
    node = place.house.nodes["node1"]
    told = node.console_log.read_text("utf-8", "replace") \
        + node.messages_log.read_text("utf-8", "replace")
    assert not [one for one in PEOPLE if one.number(0)[3:] in told]
    assert "aftercall-eagi" not in told


async def test_a_listener_that_dies_leaves_the_call_to_keys(place: Hospital) -> None:
    await place.admit([(LISTENER_DIES, 0)])
    await place.call_everybody()
    await until(lambda: place.asked(LISTENER_DIES, 0, "temperature"), 40, place.tell)
    [script] = listeners(place)
    script.send_signal(signal.SIGKILL)
    await place.until_settled(60)
    [attempt] = await place.attempts_of(LISTENER_DIES)
    given = await place.answers_in(attempt)
    assert attempt.disposition is Disposition.COMPLETED, await place.tell()
    assert given["breathlessness"].given_by is GivenBy.KEY
    assert place.logged("agi", "cut off")


async def test_when_the_house_dies_the_listener_lets_go_and_the_dialplan_speaks(
        place: Hospital) -> None:
    await place.admit([(HOUSE_DIES, 0)])
    await place.call_everybody()
    await until(lambda: place.asked(HOUSE_DIES, 0, "temperature"), 40, place.tell)
    killed = place.house.parts["agi"].pid
    assert killed
    os.kill(killed, signal.SIGKILL)
    await place.until_settled(60)
    [attempt] = await place.attempts_of(HOUSE_DIES)
    sound = await asyncio.to_thread(listen, await place.sealed_sound(attempt))
    assert of(sound.right, FALLBACK_HZ)
    assert not listeners(place)
