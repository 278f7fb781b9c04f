"""The follow-up call, from the first command to the last row."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from agi_scripts.follow_up import FollowUpDesk
from followup.alerts.models import Alert
from followup.calls.models import (
    AnsweredBy,
    AttemptState,
    Disposition,
    RecordingMark,
    RecordingState,
)
from followup.database.base import now
from followup.database.engine import Database
from followup.responses.models import GivenBy, Response, ResponseState
from followup.responses.store import Given, deadlines, record_answer
from ivr.conversation.actions import StoreAnswer
from tests.agi_scripts.ward import call, open_ward
from tests.fakes.agi import FakeCall
from tests.ivr.answering.test_watch import MACHINE, stereo

NORMAL = "1 1 36*8# 2# 1 2 1"


async def test_a_normal_call_is_completed_and_every_answer_kept(database: Database) -> None:
    async with open_ward(database) as ward:
        patient = await call(ward, NORMAL)
        attempt, answers = await ward.attempt(), await ward.answers()
        [response] = await ward.every(Response)
        assert (attempt.outcome, attempt.hangup_point) == (Disposition.COMPLETED, None)
        assert attempt.state is AttemptState.ANSWERED and attempt.answered_at is not None
        assert response.state is ResponseState.COMPLETED and response.completed_at is not None
        assert {name: answer.heard for name, answer in answers.items()} == {
            "identity": "1", "feeling": "1", "temperature": "36*8", "wound-pain": "2",
            "medication": "1", "breathlessness": "2", "return-visit": "1", "message": "5000 ms"}
        assert {answer.attempt_id for answer in answers.values()} == {attempt.id}
        assert answers["message"].value["valueAttachment"]["url"].startswith(str(attempt.id))
        assert await ward.every(Alert) == []
        assert patient.heard[0] == "zh/greeting" and patient.heard[-1] == "zh/goodbye"
        assert patient.call.commands[-2:] == ['SET VARIABLE "AFTERCALL_DONE" "1"', "HANGUP"]


async def test_both_legs_are_recorded_before_the_first_word(database: Database) -> None:
    async with open_ward(database) as ward:
        patient = await call(ward, NORMAL)
        recording = await ward.recording()
        path = ward.settings.spool_dir.resolve() / recording.capture_file
        assert patient.call.commands[0] == f'EXEC MixMonitor "{path},D"'
        assert recording.attempt_id == ward.attempt_id
        assert recording.state is RecordingState.CAPTURING


async def test_no_phone_number_leaves_in_a_command_or_a_log(database: Database) -> None:
    async with open_ward(database) as ward:
        await ward.add_agent("801")
        with capture_logs() as logs:
            patient = await call(ward, "1 1 36*8# 2# 1 1")
        phone = (await ward.attempt()).phone.removeprefix("+86")
        assert patient.rung == ["801"]
        assert phone not in " ".join(patient.call.commands)
        assert phone not in repr(logs)


@pytest.mark.parametrize("channel_id", ["1763970000.12", "aftercall-", "aftercall-1234",
                                        "aftercall-; drop table attempt", "x"])
async def test_a_call_that_is_none_of_ours_is_left_at_once(database: Database,
                                                           channel_id: str) -> None:
    async with open_ward(database) as ward:
        with capture_logs() as logs:
            async with ward.dial(channel_id) as line:
                assert await line.closed()
        assert line.commands == []
        [error] = [entry for entry in logs if entry["log_level"] == "error"]
        assert "did not place" in error["event"]
        assert (await ward.attempt()).state is AttemptState.RINGING


async def test_an_attempt_that_has_ended_is_left_to_the_fallback(database: Database) -> None:
    async with open_ward(database) as ward:
        await ward.end_attempt()
        with capture_logs() as logs:
            async with ward.dial() as line:
                assert await line.closed()
        assert line.commands == [], "nothing said, nothing recorded, not marked as done"
        assert "agi_handler_failed" in [entry["event"] for entry in logs]
        assert await ward.every(Response) == []
        assert (await ward.attempt()).state is AttemptState.ENDED


async def test_an_attempt_that_nobody_knows_is_left_to_the_fallback(database: Database) -> None:
    async with open_ward(database) as ward:
        with capture_logs() as logs:
            async with ward.dial(f"aftercall-{uuid.uuid4()}") as line:
                assert await line.closed()
        assert line.commands == []
        assert "agi_handler_failed" in [entry["event"] for entry in logs]


async def test_a_hang_up_half_way_keeps_what_was_said_and_where(database: Database) -> None:
    async with open_ward(database) as ward:
        await call(ward, "1 1 36*8# x")
        attempt = await ward.attempt()
        [response] = await ward.every(Response)
        assert list(await ward.answers()) == ["identity", "feeling", "temperature"]
        assert (attempt.outcome, attempt.hangup_point) == (Disposition.PARTIAL, "wound-pain")
        assert response.state is ResponseState.IN_PROGRESS


async def test_the_next_call_goes_on_where_the_last_one_ended(database: Database) -> None:
    async with open_ward(database) as ward:
        await call(ward, "1 1 36*8# x")
        first = ward.attempt_id
        await ward.try_again()
        patient = await call(ward, "1 2# 1 2 1")
        answers = await ward.answers()
        assert "zh/post-discharge/identity" in patient.heard, "who answers is asked each time"
        assert "zh/post-discharge/feeling" not in patient.heard
        assert answers["temperature"].attempt_id == first
        assert answers["identity"].attempt_id == answers["wound-pain"].attempt_id \
            == ward.attempt_id
        assert (await ward.attempt()).outcome is Disposition.COMPLETED
        [response] = await ward.every(Response)
        assert response.state is ResponseState.COMPLETED


async def test_the_language_that_was_chosen_is_kept(database: Database) -> None:
    async with open_ward(database) as ward:
        patient = await call(ward, "8 1 1 x")
        [response] = await ward.every(Response)
        assert response.language == "en"
        assert 'SET VARIABLE "CHANNEL(language)" "en"' in patient.call.commands
        assert patient.heard[-1] == "en/post-discharge/temperature"
        await ward.try_again()
        assert (await call(ward, "x")).heard[0] == "en/greeting"


async def test_when_our_side_breaks_the_attempt_has_failed_and_the_fallback_speaks(
        database: Database) -> None:
    async with open_ward(database) as ward:
        with capture_logs() as logs:
            async with ward.dial() as line:
                while command := await line.read():
                    if command.startswith("STREAM FILE") and "/quiet" in command:
                        await line.send("200 what")         # no answer that Asterisk would give
                    else:
                        await line.send("200 result=0 endpos=0")
        assert (await ward.attempt()).outcome is Disposition.FAILED
        assert "agi_handler_failed" in [entry["event"] for entry in logs]
        assert not any("AFTERCALL_DONE" in command for command in line.commands)


async def test_the_probe_says_that_we_are_here(database: Database) -> None:
    async with open_ward(database) as ward, \
            FakeCall(ward.port, {"agi_network_script": "probe"}) as line:
        await line.expect('SET VARIABLE "AFTERCALL_DONE" "1"', "200 result=1")
        assert await line.closed()


async def test_a_patient_who_objects_is_not_recorded_and_nothing_stays(database: Database) -> None:
    async with open_ward(database) as ward:
        patient = await call(ward, "7 1 1 x")
        recording = await ward.recording()
        assert recording.state is RecordingState.REFUSED
        assert await ward.every(RecordingMark) == []
        assert "EXEC StopMixMonitor" in " ".join(patient.call.commands)
        assert list(await ward.answers()) == ["identity", "feeling"]


async def test_the_time_a_patient_asks_for_is_kept_with_the_attempt(database: Database) -> None:
    async with open_ward(database) as ward:
        await call(ward, "3 1530")
        attempt = await ward.attempt()
        assert attempt.outcome is Disposition.CALL_BACK
        assert attempt.call_back_at is not None
        local = attempt.call_back_at.astimezone(ZoneInfo("Asia/Shanghai"))
        assert (local.hour, local.minute) == (15, 30)
        assert now() < attempt.call_back_at <= now() + timedelta(days=1)


async def test_a_relative_who_answers_is_known_to_the_staff_and_hears_nothing_of_the_stay(
        database: Database) -> None:
    async with open_ward(database) as ward:
        patient = await call(ward, "4 1830")
        attempt = await ward.attempt()
        assert attempt.outcome is Disposition.CALL_BACK
        assert attempt.answered_by is AnsweredBy.RELATIVE
        assert attempt.call_back_at is not None
        assert "zh/introduction" not in patient.heard
        assert "zh/reach-when" in patient.heard


async def test_an_answering_machine_is_told_nothing_and_known_as_one(database: Database) -> None:
    async with open_ward(database) as ward:
        async def beeps(prompt: str) -> None:
            """The machine has talked and beeped; each prompt takes a while."""
            capture = ward.settings.spool_dir / (await ward.recording()).capture_file
            capture.parent.mkdir(parents=True, exist_ok=True)
            capture.write_bytes(stereo(MACHINE))
            await asyncio.sleep(1)
        patient = await call(ward, "", on_prompt=beeps)
        attempt = await ward.attempt()
        assert attempt.outcome is Disposition.VOICEMAIL
        assert patient.heard.count("zh/post-discharge/identity") <= 1
        assert "zh/goodbye-no-input" not in patient.heard
        assert await ward.answers() == {}
        assert patient.call.commands[-1] == "HANGUP"


async def test_what_is_being_asked_is_known_while_it_is_asked(database: Database) -> None:
    async with open_ward(database) as ward:
        seen: list[tuple[str, set[str | None]]] = []

        async def look(file: str) -> None:
            asked = {mark.link_id for mark in await ward.every(RecordingMark)
                     if mark.kind == "question"}
            seen.append((file.rpartition("/")[2], asked))

        await call(ward, "1 1 36*5# x", on_prompt=look)
        questions = {"identity", "feeling", "temperature", "wound-pain"}
        assert {name for name, _ in seen} >= questions
        assert all(name in asked for name, asked in seen if name in questions)


async def test_what_was_heard_before_a_key_that_says_otherwise_is_kept_with_the_answer(
        database: Database) -> None:
    async with open_ward(database) as ward:
        await call(ward, "7 1 x")                      # nothing is recorded
        [response] = await ward.every(Response)

        class House:
            async def answer(self, _call: object, given: Given) -> None:
                async with database.session() as session:
                    await record_answer(session, response.id, ward.attempt_id, given,
                                        deadlines(critical_min=10, abnormal_min=120))

        nothing: Any = None
        desk = FollowUpDesk(nothing, nothing, cast("Any", House()), nothing)
        await desk.store(StoreAnswer("feeling", {"valueInteger": 2}, "2", GivenBy.KEY,
                                     doubted="还好"))
        assert (await ward.answers())["feeling"].doubted == "还好"


async def test_the_marks_of_a_recording_are_kept_with_the_answers_and_at_the_end(
        database: Database) -> None:
    async with open_ward(database) as ward:
        await call(ward, "1 1")                 # then silence, until the call ends
        marks = sorted(await ward.every(RecordingMark), key=lambda mark: mark.at_ms)
        assert sorted((mark.kind, mark.link_id) for mark in marks) == sorted([
            ("question", "identity"), ("answer", "identity"), ("question", "feeling"),
            ("answer", "feeling"), ("question", "temperature"), ("question", "wound-pain")])
        asked = [mark.link_id for mark in marks if mark.kind == "question"]
        assert asked[0] == "identity" and marks[0].at_ms < marks[-1].at_ms
