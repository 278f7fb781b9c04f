"""Who records a call: the recorder, or Asterisk where it does not; and nothing is kept of those
who object."""

from __future__ import annotations

from pathlib import Path

import pytest

from followup.calls.models import RecordingState
from followup.campaigns.models import CampaignMode
from followup.database.engine import Database
from recordings.recorder.client import Recorder
from tests.agi_scripts.ward import Telephone, Ward, call, open_ward
from tests.fakes.recorder import FakeRecorder, died, refusing

NORMAL = "1 1 36*8# 2# 1 2 1"


async def _call(ward: Ward, keys: str) -> Telephone:
    async with ward.dial() as line:
        return await Telephone(line, keys).live()


async def test_the_recorder_records_from_the_first_word_to_the_last(
        database: Database, fake: FakeRecorder, recorder: Recorder, tmp_path: Path) -> None:
    async with open_ward(database, recorder=recorder, data_dir=tmp_path) as ward:
        patient = await _call(ward, NORMAL)
        recording = await ward.recording()
    assert not any("MixMonitor" in command for command in patient.call.commands)
    assert fake.done(recording.capture_file) == ["begin", "finish"]
    assert fake.orders[0]["local"] == "127.0.0.1:20000"
    assert patient.heard[0] == "zh/greeting"
    assert recording.state is RecordingState.CAPTURING


@pytest.mark.parametrize("why", ["refuses", "is not there"])
async def test_where_it_does_not_asterisk_does(database: Database, fake: FakeRecorder,
                                               recorder: Recorder, tmp_path: Path,
                                               why: str) -> None:
    if why == "refuses":
        fake.say = refusing
    else:
        await fake.die()
    async with open_ward(database, recorder=recorder, data_dir=tmp_path) as ward:
        patient = await _call(ward, NORMAL)
        path = ward.settings.spool_dir.resolve() / (await ward.recording()).capture_file
    assert patient.call.commands[0] == f'EXEC MixMonitor "{path},D"'
    assert "finish" not in fake.done()


async def test_of_who_objects_nothing_is_recorded_any_more(
        database: Database, fake: FakeRecorder, recorder: Recorder, tmp_path: Path) -> None:
    async with open_ward(database, recorder=recorder, data_dir=tmp_path) as ward:
        patient = await _call(ward, "7 1 1 x")
        assert (await ward.recording()).state is RecordingState.REFUSED
    assert fake.done() == ["begin", "drop"]
    assert not any("MixMonitor" in command for command in patient.call.commands)


async def test_a_call_that_is_hung_up_is_over(database: Database, fake: FakeRecorder,
                                              recorder: Recorder, tmp_path: Path) -> None:
    async with open_ward(database, recorder=recorder, data_dir=tmp_path) as ward:
        await _call(ward, "1 x")
    assert fake.done() == ["begin", "finish"]


async def test_a_script_that_fails_leaves_the_call_to_the_dialplan_recorded(
        database: Database, fake: FakeRecorder, recorder: Recorder, tmp_path: Path) -> None:
    async with open_ward(database, recorder=recorder, data_dir=tmp_path) as ward, \
            ward.dial() as line:
        while await line.read():
            await line.send("200 what")                 # no answer that Asterisk would give
    assert fake.done() == ["begin", "leave"]


async def test_a_call_that_it_lets_down_is_recorded_on_by_asterisk(
        database: Database, fake: FakeRecorder, recorder: Recorder, tmp_path: Path) -> None:
    async def on_prompt(prompt: str) -> None:
        if prompt.endswith("temperature"):
            fake.tell(fake.orders[0]["name"], "deaf")
            fake.say = refusing

    async with open_ward(database, recorder=recorder, data_dir=tmp_path) as ward, \
            ward.dial() as line:
        ward.settings.spool_dir.mkdir()
        patient = await Telephone(line, NORMAL, on_prompt=on_prompt).live()
        path = ward.settings.spool_dir.resolve() / (await ward.recording()).capture_file
    [command] = [one for one in patient.call.commands if "MixMonitor" in one]
    assert command == f'EXEC MixMonitor "{path},D"'
    assert patient.heard[-1] == "zh/goodbye"
    assert fake.done() == ["begin"]


@pytest.mark.parametrize(("mode", "keys"), [(CampaignMode.IVR, "1 1 39*0# 1"),
                                            (CampaignMode.PREDICTIVE, "")])
async def test_a_talk_with_an_agent_is_recorded_by_asterisk_where_the_recorder_is_away_before_it(
        database: Database, fake: FakeRecorder, recorder: Recorder, tmp_path: Path,
        mode: CampaignMode, keys: str) -> None:
    """While the two speak, nobody could take over."""
    async def ring(extension: str, escalation_id: str) -> str:
        if extension == "8001":
            await died(fake, recorder)
            return "NOANSWER"
        await ward.agent_picks_up(escalation_id)
        return "ANSWER"

    async with open_ward(database, mode=mode, recorder=recorder, data_dir=tmp_path,
                         hold_max_s=20) as ward:
        await ward.add_agent("8001", idle_min=9)
        await ward.add_agent("8002")
        patient = await call(ward, keys, ring)
        path = ward.settings.spool_dir.resolve() / (await ward.recording()).capture_file
    told = [one for one in patient.call.commands if "MixMonitor" in one or "EXEC Dial" in one]
    assert patient.rung == ["8001", "8002"]
    assert told[1] == f'EXEC MixMonitor "{path},D"' and len(told) == 3
    assert fake.done() == ["begin"]
