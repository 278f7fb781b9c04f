"""Calls are recorded from their packets; the recorder dies in the middle of one, comes back or
does not, and the recording goes on in its place."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from sqlalchemy import select

from followup.calls.models import (
    Attempt,
    Disposition,
    Recording,
    RecordingMark,
    RecordingState,
)
from followup.database.base import now
from recordings.recorder.client import BACK_S
from recordings.recorder.packets import PacketRing
from recordings.recorder.standing import look
from recordings.sealing import BYTES_PER_MS
from recordings.vault import Vault
from tests.journeys.hospital import Hospital, hospital, person, short_questionnaire, until
from tests.journeys.sound import Sound, listen

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]

SLOW = person("81", "wait 0.5", "press 1 at once", "wait 4", "press 1 at once", "wait 4",
              "press 36*5# at once", "wait 3", "press 1 at once", "wait 3", "press 2 at once")
ITEMS = ("feeling", "medication")
LET_DOWN = "the recorder has let a call down: Asterisk records the rest"
in_one_house = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module", autouse=True)
def _packets_can_be_seen() -> None:
    try:
        PacketRing([(20000, 20001)]).close()
    except OSError as error:
        pytest.skip(f"packets cannot be seen here: {error}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(shared_database_url: str) -> AsyncIterator[Hospital]:
    """A hospital that records from packets, as usual; the last test takes its recorder away."""
    async with hospital(shared_database_url, [SLOW], agents=(),
                        questionnaire=short_questionnaire(*ITEMS)) as place:
        yield place


async def _heard(place: Hospital, attempt: Attempt) -> tuple[Sound, Recording]:
    recording = await place.recording(attempt)
    assert (attempt.disposition, recording.state) == (Disposition.COMPLETED, RecordingState.SEALED)
    assert recording.file and recording.stored and recording.sha256
    sealed = await Vault.of(place.settings, place.house.secrets).open_checked(
        recording.file, recording.stored, recording.sha256)
    return listen(await sealed.read()), recording


def _asked_unheard(sound: Sound, recording: Recording) -> list[str | None]:
    """The questions whose prompt is not heard, on the right, where its mark says."""
    return [mark.link_id for mark in recording.marks if mark.kind == "question"
            and not any(-0.4 < tone.start - mark.at_ms / 1000 < 0.7 for tone in sound.right)]


async def _written(place: Hospital, index: int, link_id: str) -> bool:
    """Whether all that was said before a question is in the file: a recorder that is killed takes
    with it what is not."""
    [attempt] = await place.attempts_of(SLOW, index)
    async with place.house.database.session() as session:
        name, at_ms = (await session.execute(
            select(Recording.capture_file, RecordingMark.at_ms)
            .join(RecordingMark, RecordingMark.recording_id == Recording.id)
            .where(Recording.attempt_id == attempt.id, RecordingMark.kind == "question",
                   RecordingMark.link_id == link_id))).one()
    return (place.settings.spool_dir / name).stat().st_size >= at_ms * BYTES_PER_MS


async def _answers(place: Hospital) -> bool:
    """Whether a recorder does."""
    try:
        await look(place.settings.recorder_socket)
    except OSError:
        return False
    return True


async def _mixmonitors(place: Hospital) -> int:
    [node] = place.house.nodes.values()
    channels = [line.split("!")[0] for line in
                (await node.cli("core show channels concise")).splitlines() if "!" in line]
    told = [await node.cli(f"mixmonitor list {channel}") for channel in channels]
    return sum("/spool/" in text for text in told)


@in_one_house
async def test_from_packets_everything_is_heard_where_it_was_said(place: Hospital) -> None:
    await _everything_is_heard(place, mixmonitors=False)


async def test_where_asterisk_records_everything_is_heard_where_it_was_said(
        database_url: str) -> None:
    async with hospital(database_url, [SLOW], agents=(),
                        questionnaire=short_questionnaire(*ITEMS),
                        more_settings='[recordings]\ncapture = "asterisk"\n') as place:
        await _everything_is_heard(place, mixmonitors=True)


async def _everything_is_heard(place: Hospital, *, mixmonitors: bool) -> None:
    await place.admit([(SLOW, 0), (SLOW, 1)])
    await place.call_everybody()
    await until(lambda: place.asked(SLOW, 0, "feeling"), 40, place.tell)
    assert bool(await _mixmonitors(place)) is mixmonitors
    await place.until_settled(60)
    for index in (0, 1):
        sound, recording = await _heard(place, (await place.attempts_of(SLOW, index))[-1])
        assert _asked_unheard(sound, recording) == []
        assert recording.missing_ms == 0


@in_one_house
async def test_a_recorder_that_dies_is_back_and_the_recording_goes_on_in_its_place(
        place: Hospital) -> None:
    await place.admit([(SLOW, 2)])
    await place.call_everybody()
    await until(lambda: place.asked(SLOW, 2, "feeling"), 40, place.tell)
    await until(lambda: _written(place, 2, "feeling"), 40, place.tell)
    pid = place.house.parts["recorder"].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    await until(lambda: _answers(place), 60)
    away_s, back = time.monotonic() - killed, now()
    await place.until_settled(60)
    assert place.logged("agi", "the recorder is gone")
    if in_time := away_s < BACK_S - 1:           # else Asterisk may have gone on
        assert not place.logged("agi", LET_DOWN)
    sound, recording = await _heard(place, (await place.attempts_of(SLOW, 2))[-1])
    back_ms = (back - recording.created_at) / timedelta(milliseconds=1) + 1000
    asked = {mark.link_id: mark.at_ms for mark in recording.marks if mark.kind == "question"}
    later = {link_id for link_id, at_ms in asked.items() if at_ms > back_ms}
    assert asked.keys() >= {"identity", "medication", "breathlessness"}
    assert not set(_asked_unheard(sound, recording)) & (later | {"identity"})
    assert "breathlessness" in later or not in_time


@in_one_house
async def test_where_it_does_not_come_back_asterisk_records_the_rest(place: Hospital) -> None:
    before = len(place.logged("agi", LET_DOWN))
    await place.admit([(SLOW, 3)])
    await place.call_everybody()
    await until(lambda: place.asked(SLOW, 3, "feeling"), 40, place.tell)
    await place.house.parts["recorder"].stop()
    await place.until_settled(60)
    sound, recording = await _heard(place, (await place.attempts_of(SLOW, 3))[-1])
    assert len(place.logged("agi", LET_DOWN)) > before
    unheard = set(_asked_unheard(sound, recording))
    assert unheard <= {"feeling", "temperature", "medication"}
    last = next(mark for mark in recording.marks if mark.link_id == "breathlessness")
    assert any(-0.4 < tone.start - last.at_ms / 1000 < 0.7 for tone in sound.right)
