"""How patients answer, and what is kept of it: by the keys of real telephones, over real RTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select, update

from followup.calls.models import (
    Attempt,
    AttemptState,
    Disposition,
    Recording,
    RecordingMark,
)
from followup.campaigns.models import Task, TaskState
from followup.database.base import now
from followup.patients.models import Patient
from followup.recordings.models import VoiceMessage
from followup.responses.models import Answer, Finding, GivenBy, Response, ResponseState
from recordings.vault import Vault
from simgateway.personas import Persona
from tests.asterisk_conf.wire import pitch_of
from tests.journeys.hospital import Hospital, hospital, person, short_questionnaire, until
from tests.journeys.sound import Sound, listen, of

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180),
              pytest.mark.asyncio(loop_scope="module")]

SETTINGS = "hold_max_s = 0\nmax_attempts = 9\nmax_per_5_min = 10\nmax_per_day = 20\n"
ENGLISH_HZ, VOICE_HZ = 1500, 440

EARLY = person("61", "press 1 early", "press 36*5# early", "press 2 early", "press # early")
WRONG_FIRST = person("62", "press 6", "press 1 early", "press 99# early", "press 36*8# early",
                     "press 5 early", "press 2 early", "press # early")
SILENT = person("63")
MEANS = person("64", "wait 0.5", "press 1 at once", "press 385# at once", "press 1 early",
               "press 2 at once", "press # early")
MEANT_NOT = person("65", "wait 0.5", "press 1 at once", "press 385# at once", "press 2 early",
                   "press 36*5# early", "press 2 at once", "press # early")
ENGLISH = person("66", "press 8", "press 1", "press 36*6# early", "press 2",
                 "press # early")
SPEAKS = person("67", "wait 0.5", "press 136*5#2 at once", "say tone 2", "press # at once",
                pitch=VOICE_HZ)
PEOPLE = (EARLY, WRONG_FIRST, SILENT, MEANS, MEANT_NOT, ENGLISH, SPEAKS)

# One patient, who hangs up at each question in turn, and what each call asks of them.
LEAVES = (
    (person("71", "wait 1", "hang up"), ["identity"]),
    (person("72", "wait 0.5", "press 1 at once", "wait 1", "hang up"), ["identity", "temperature"]),
    (person("73", "wait 0.5", "press 136*5# at once", "wait 0.3", "hang up"),
     ["identity", "temperature", "breathlessness"]),
    (person("74", "wait 0.5", "press 12 at once", "wait 0.2", "hang up"),
     ["identity", "breathlessness", "message"]),
    (person("75", "wait 0.5", "press 1# at once"), ["identity", "message"]),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(shared_database_url: str) -> AsyncIterator[Hospital]:
    """Everybody is being called at once."""
    async with hospital(
            shared_database_url, [*PEOPLE, *(persona for persona, _ in LEAVES)], agents=(),
            questionnaire=short_questionnaire("message"), languages=("zh", "en"),
            sounds={"en/goodbye": ENGLISH_HZ}, more_settings=SETTINGS) as place:
        await place.admit([(persona, 0) for persona in PEOPLE])
        await place.call_everybody()
        yield place


async def _over(place: Hospital, persona: Persona, seconds: float = 90) -> Attempt:
    """The patient's only call, once it is over."""
    found: list[Attempt] = []

    async def ended() -> bool:
        found[:] = await place.attempts_of(persona)
        return bool(found) and found[-1].state is AttemptState.ENDED
    await until(ended, seconds, place.tell)
    [attempt] = found
    return attempt


async def _answers(place: Hospital, attempt: Attempt) -> dict[str, Answer]:
    """What holds after the call, by linkId."""
    async with place.house.database.session() as session:
        rows = await session.scalars(
            select(Answer).join(Response, Response.id == Answer.response_id)
            .where(Response.task_id == attempt.task_id, Answer.superseded_at.is_(None)))
        return {one.link_id: one for one in rows}


async def _values(place: Hospital, attempt: Attempt) -> dict[str, Any]:
    """The same, as plain values."""
    def plain(value: dict[str, Any]) -> Any:
        [one] = value.values()
        return one.get("code", one) if isinstance(one, dict) else one
    return {link_id: plain(one.value) for link_id, one in (await _answers(place, attempt)).items()}


async def _response(place: Hospital, attempt: Attempt) -> Response:
    async with place.house.database.session() as session:
        return (await session.scalars(
            select(Response).where(Response.task_id == attempt.task_id))).one()


async def _message(place: Hospital, name: str) -> bytes:
    """The WAV of a message that a patient left, once it is sealed."""
    found: list[VoiceMessage] = []

    async def sealed() -> bool:
        async with place.house.database.session() as session:
            found[:] = await session.scalars(select(VoiceMessage).where(VoiceMessage.name == name))
        return bool(found)
    await until(sealed, 40, place.tell)
    assert found[0].file
    assert found[0].stored
    vault = Vault.of(place.settings, place.house.secrets)
    return await (await vault.open_checked(found[0].file, found[0].stored, found[0].sha256)).read()


async def _sound(place: Hospital, attempt: Attempt) -> Sound:
    return listen(await place.sealed_sound(attempt))


async def test_a_patient_who_hangs_up_is_asked_on_where_they_left(place: Hospital) -> None:
    """At each question in turn; every call begins with who is speaking, and asks nothing twice."""
    first = LEAVES[0][0]
    await place.admit([(first, 0)])
    await place.call_everybody()
    for made, (persona, _) in enumerate(LEAVES):
        attempt = await _over(place, persona)
        if made + 1 == len(LEAVES):
            break
        async with place.house.database.session() as session:    # the next call is due, elsewhere
            task = await session.get_one(Task, attempt.task_id)
            assert task.state is TaskState.DUE
            assert task.due_at > now()
            await session.execute(update(Patient).where(Patient.id == attempt.patient_id).values(
                phone="+86" + LEAVES[made + 1][0].number()))
            task.due_at = now()
    attempts = [(await place.attempts_of(persona))[0] for persona, _ in LEAVES]
    assert [one.seq for one in attempts] == [1, 2, 3, 4, 5]
    for attempt, (_, asked) in zip(attempts, LEAVES, strict=True):
        async with place.house.database.session() as session:
            marks = await session.scalars(
                select(RecordingMark).join(Recording, Recording.id == RecordingMark.recording_id)
                .where(Recording.attempt_id == attempt.id, RecordingMark.kind == "question")
                .order_by(RecordingMark.at_ms))
            assert [mark.link_id for mark in marks] == asked, attempt.seq
    assert [one.hangup_point for one in attempts] == [
        "identity", "temperature", "breathlessness", "message", None]
    assert [one.disposition for one in attempts] == [
        Disposition.NO_INPUT, *[Disposition.PARTIAL] * 3, Disposition.COMPLETED]
    answers = await _answers(place, attempts[-1])
    assert {link_id: one.attempt_id for link_id, one in answers.items()} == {
        "identity": attempts[4].id, "temperature": attempts[2].id,
        "breathlessness": attempts[3].id}
    assert (await _response(place, attempts[-1])).state is ResponseState.COMPLETED


async def test_keys_pressed_before_the_prompt_ends_count(place: Hospital) -> None:
    attempt = await _over(place, EARLY)
    assert attempt.disposition is Disposition.COMPLETED
    assert await _values(place, attempt) == {
        "identity": "self", "temperature": 36.5, "breathlessness": False}


async def test_wrong_keys_are_forgiven(place: Hospital) -> None:
    attempt = await _over(place, WRONG_FIRST)
    assert attempt.disposition is Disposition.COMPLETED
    assert await _values(place, attempt) == {
        "identity": "self", "temperature": 36.8, "breathlessness": False}


async def test_a_silent_line_is_not_held_for_ever(place: Hospital) -> None:
    attempt = await _over(place, SILENT)
    assert attempt.disposition is Disposition.NO_INPUT
    assert attempt.hangup_point == "identity"
    assert await _values(place, attempt) == {}
    # it is asked three times, then told good-bye
    assert len(of((await _sound(place, attempt)).right, 300)) >= 4


async def test_385_is_read_back_and_taken_for_38_5(place: Hospital) -> None:
    attempt = await _over(place, MEANS)
    assert (await _values(place, attempt))["temperature"] == 38.5
    assert (await _answers(place, attempt))["temperature"].heard == "385"
    async with place.house.database.session() as session:
        found = (await session.scalars(
            select(Finding).join(Response, Response.id == Finding.response_id)
            .where(Response.task_id == attempt.task_id))).all()
    assert [(one.link_id, one.severity.value) for one in found] == [("temperature", "abnormal")]
    assert attempt.disposition is Disposition.CALLBACK_ALERT       # no agent in this hospital


async def test_what_is_read_back_can_be_denied(place: Hospital) -> None:
    attempt = await _over(place, MEANT_NOT)
    assert attempt.disposition is Disposition.COMPLETED
    assert (await _values(place, attempt))["temperature"] == 36.5


async def test_a_patient_can_ask_for_english(place: Hospital) -> None:
    attempt = await _over(place, ENGLISH)
    assert attempt.disposition is Disposition.COMPLETED
    assert (await _response(place, attempt)).language == "en"
    assert (await _values(place, attempt))["temperature"] == 36.6
    assert of((await _sound(place, attempt)).right, ENGLISH_HZ)
    other = await _over(place, EARLY)
    assert not of((await _sound(place, other)).right, ENGLISH_HZ)


async def test_a_message_is_kept_as_it_was_spoken(place: Hospital, tmp_path: Path) -> None:
    attempt = await _over(place, SPEAKS)
    assert attempt.disposition is Disposition.COMPLETED
    message = (await _answers(place, attempt))["message"]
    assert message.given_by is GivenBy.MESSAGE
    attachment = message.value["valueAttachment"]
    assert attachment["contentType"] == "audio/wav"
    file = tmp_path / "message.wav"
    file.write_bytes(await _message(place, attachment["url"]))

    async def nothing_lies_plain() -> bool:
        return not list(place.settings.spool_dir.glob("*-message-*"))
    await until(nothing_lies_plain, 40)
    assert pitch_of(file) == pytest.approx(VOICE_HZ, abs=10)
    spoken_ms = int(message.heard.removesuffix(" ms"))
    assert 1500 < spoken_ms < 6000
    assert file.stat().st_size == pytest.approx(spoken_ms * 16, abs=2000)
