"""The disk of the spool runs full while ten people are on the phone: they notice nothing, and
nothing stays silently unrecorded (I7)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from followup.alarms.models import AlarmKind
from followup.alarms.register import open_alarms
from followup.calls.models import Attempt, Disposition, RecordingState
from tests.journeys.hospital import (
    Hospital,
    dispositions,
    hospital,
    person,
    short_questionnaire,
    until,
)

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]

MEGABYTES = 24
TALKS = person("71", "wait 0.5", "press 1 at once", "wait 3", "press 1 at once", "wait 3",
               "press 36*5# at once", "wait 3", "press 1 at once", "wait 3", "press 2 at once")
BRIEF = person("72", "wait 0.5", "press 1 at once", "press 1 at once", "press 36*5# at once",
               "press 1 at once", "press 2 at once")
ANSWERS = {"identity": "1", "feeling": "1", "temperature": "36*5", "medication": "1",
           "breathlessness": "2"}


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of a few megabytes in place of a folder."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "none",
                              str(folder)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("this machine lets us mount nothing: not root, or a container without it")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path) -> None:
    """Take all the room that is left."""
    with path.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(bytes(65536))


async def alarms(place: Hospital) -> set[tuple[AlarmKind, str]]:
    async with place.house.database.session() as session:
        return {(one.kind, one.subject) for one in await open_alarms(session)}


async def test_the_disk_runs_full_in_the_middle_of_ten_calls(database_url: str) -> None:
    full = AlarmKind.DISK_LOW, "spool"
    async with hospital(database_url, [TALKS, BRIEF], agents=(),
                        questionnaire=short_questionnaire("feeling", "medication"),
                        more_settings="[recordings]\nlow_disk_mb = 10\n") as place:
        with small_disk(place.settings.spool_dir):
            filler = place.settings.spool_dir / "filler"
            await place.admit([(TALKS, index) for index in range(10)])
            await place.call_everybody()

            async def all_talk() -> bool:
                return all([await place.asked(TALKS, index, "feeling") for index in range(10)])
            await until(all_talk, 40, place.tell)
            assert full not in await alarms(place)
            fill(filler)

            async def told() -> bool:
                return full in await alarms(place)
            await until(told, 40, place.tell)
            assert await place.unsettled() == 10, "it was told while they talked"
            await place.admit([(BRIEF, 0)])              # for whom there is no room at all
            await place.call_everybody()
            await place.until_settled(60)
            cut = [(await place.attempts_of(TALKS, index))[-1] for index in range(10)]
            [without] = await place.attempts_of(BRIEF, 0)
            assert dispositions([*cut, without]) == {Disposition.COMPLETED: 11}
            for attempt in (*cut, without):
                await _kept_and_told(place, attempt)
            assert (await place.recording(without)).state is RecordingState.LOST
            assert (AlarmKind.RECORDINGS_LOST, "") in await alarms(place)

            filler.unlink()

            async def room() -> bool:
                return full not in await alarms(place)
            await until(room, 40, place.tell)
            [well] = await place.call((BRIEF, 1))
            assert well.disposition is Disposition.COMPLETED
            assert await place.sealed_sound(well)


async def _kept_and_told(place: Hospital, attempt: Attempt) -> None:
    """Every answer is there; what was not recorded says so."""
    answers = await place.answers_in(attempt)
    assert {link_id: answer.heard for link_id, answer in answers.items()} == ANSWERS
    recording = await place.recording(attempt)
    assert recording.state is RecordingState.LOST or recording.missing_ms > 0, (
        recording.state, recording.duration_ms)
