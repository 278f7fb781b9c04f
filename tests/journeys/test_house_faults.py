"""A part of our own house fails in mid-call: no patient is left in silence, nothing is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select

from aftercall.provision.postgres import EmbeddedPostgres
from followup.calls.models import (
    AttemptState,
    Disposition,
    Recording,
    RecordingMark,
    RecordingState,
)
from followup.campaigns.models import Task, TaskState
from followup.database.base import now
from followup.responses.models import Answer
from recordings.naming import capture_name
from tests.journeys.hospital import Hospital, hospital, person, until
from tests.journeys.sound import listen, of

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180),
              pytest.mark.asyncio(loop_scope="module")]

FALLBACK_HZ = 1300
WAITS = person("51", "wait 0.5", "press 1 at once", "wait 20", stay_s=5)
SLOW = person("52", "wait 0.5", "press 1 at once", "wait 4", "press 36*5# at once", "press 2")
BRIEF = person("53", "wait 0.5", "press 136*5#2 at once")


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of this file's own: it is going to be killed."""
    with tempfile.TemporaryDirectory(prefix="ac-pg-") as folder:
        server = EmbeddedPostgres(Path(folder) / "data", durable=False)
        server.start(lambda _: None)
        yield server
        server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(server: EmbeddedPostgres) -> AsyncIterator[Hospital]:
    async with hospital(server.url(), [WAITS, SLOW, BRIEF], agents=(),
                        roles=("agi", "dialer", "keeper"),
                        sounds={"fallback": FALLBACK_HZ}) as place:
        yield place


async def test_the_fastagi_process_is_killed(place: Hospital) -> None:
    """The dialplan's own recording speaks, the answers are kept, the part is started again."""
    await place.admit([(WAITS, 0)])
    await place.call_everybody()
    await until(lambda: place.asked(WAITS, 0, "temperature"), 40, place.tell)
    part = place.house.parts["agi"]
    killed = part.pid
    assert killed
    os.kill(killed, signal.SIGKILL)
    await place.until_settled(60)
    [attempt] = await place.attempts_of(WAITS)
    assert attempt.disposition is Disposition.FAILED
    assert (await place.answers())["P5100", "identity"][0] == "1"
    async with place.house.database.session() as session:
        task = await session.get_one(Task, attempt.task_id)
        assert task.state is TaskState.DUE
        assert task.due_at > now()                  # not at once: in an hour
    heard = of(listen(await place.sealed_sound(attempt)).right, FALLBACK_HZ)
    assert heard, "the patient heard nothing"
    assert part.pid not in (None, killed)
    [next_one] = await place.call((BRIEF, 0))
    assert next_one.disposition is Disposition.COMPLETED


async def test_postgresql_is_killed(place: Hospital, server: EmbeddedPostgres) -> None:
    """The conversation goes on; an answer given meanwhile is stored before more is asked."""
    parts = {name: part.pid for name, part in place.house.parts.items()}
    await place.admit([(SLOW, 0)])
    await place.call_everybody()
    await until(lambda: place.asked(SLOW, 0, "temperature"), 40, place.tell)
    before = len(place.logged("agi", "the database does not answer"))
    running = server.postmaster()
    assert running
    os.kill(running.pid, signal.SIGKILL)

    async def misses_it() -> bool:
        return len(place.logged("agi", "the database does not answer")) > before
    await until(misses_it, 40)
    await asyncio.to_thread(server.start, lambda _: None)
    back = now()
    await place.until_settled(60)
    [attempt] = await place.attempts_of(SLOW)
    assert attempt.disposition is Disposition.COMPLETED, (
        await place.tell(), place.logged("agi")[-6:])
    answers = await place.answers()
    assert {link_id: heard for (mrn, link_id), (heard, _) in answers.items() if mrn == "P5200"} == {
        "identity": "1", "temperature": "36*5", "breathlessness": "2"}
    async with place.house.database.session() as session:
        given = list(await session.scalars(
            select(Answer).where(Answer.attempt_id == attempt.id).order_by(Answer.given_at)))
        recording = await session.scalar(
            select(Recording).where(Recording.attempt_id == attempt.id))
        assert recording
        asked = {mark.link_id: recording.created_at.timestamp() + mark.at_ms / 1000
                 for mark in await session.scalars(select(RecordingMark).where(
                     RecordingMark.recording_id == recording.id, RecordingMark.kind == "question"))}
    assert [one.link_id for one in given] == ["identity", "temperature", "breathlessness"]
    # I2: what was keyed while the database was away was in it with the mark of the next question,
    # which tells whole milliseconds
    assert asked["breathlessness"] > given[1].given_at.timestamp() - 0.001
    assert back.timestamp() - 3 < given[1].given_at.timestamp()
    assert {name: part.pid for name, part in place.house.parts.items()} == parts, "a part died"
    assert place.dialled()[SLOW.number()] == 1
    [next_one] = await place.call((BRIEF, 1))
    assert next_one.disposition is Disposition.COMPLETED


async def test_recordings_are_lost(place: Hospital) -> None:
    """One vanishes in mid-call, the next cannot even begin; both calls go on: I7."""
    spool, away = place.settings.spool_dir, place.settings.data_dir / "away"
    await place.admit([(SLOW, 1)])
    await place.call_everybody()
    await until(lambda: place.asked(SLOW, 1, "temperature"), 40, place.tell)
    [first] = await place.attempts_of(SLOW, 1)
    (spool / capture_name(first.id)).unlink()
    spool.rename(away)
    spool.write_text("no folder")
    try:
        [second] = await place.call((BRIEF, 2))
    finally:
        spool.unlink()
        away.rename(spool)
    for attempt in (first, second):
        assert (await place.recording(attempt)).state is RecordingState.LOST
    attempts = [*await place.attempts_of(SLOW, 1), *await place.attempts_of(BRIEF, 2)]
    assert [(one.state, one.disposition) for one in attempts] == [
        (AttemptState.ENDED, Disposition.COMPLETED)] * 2
    told = {one["attempt_id"]: one["level"] for one in place.logged("keeper", "recording lost")}
    assert told == {str(first.id): "error", str(second.id): "error"}       # and no other
