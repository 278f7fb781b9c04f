"""The benchmark of conversations in its smallest form: a few calls of some seconds each."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from aftercall.bench_stage import bench_ivr
from bench.ivr.flows import Flow
from bench.ivr.plan import Plan
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE
from ivr.prompts.campaign import campaign_prompts
from ivr.prompts.texts import catalogue
from tests.journeys.prompts import write_tone

pytestmark = [pytest.mark.soak, pytest.mark.journey, pytest.mark.timeout(500)]

CALLS = 3
PLAN = Plan(per_second=10, most=CALLS, window_s=1, hold_s=1, grow_s=0, starts=1, pairs=1,
            measure_s=38, load=1, voice_calls=CALLS, voice_s=40)


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Prompts of a moment each, without the pauses of speech."""
    questionnaire = load_questionnaire(POST_DISCHARGE.read_bytes())
    for language in ("zh", "en"):
        names = set(catalogue(language))
        names |= {prompt.id for prompt in campaign_prompts(questionnaire, {"zh": "医院"}, [])}
        names |= {f"{questionnaire.slug}/{item.link_id}" for item in questionnaire.items}
        for name in names:
            write_tone(tmp_path / language / f"{name}.wav", seconds=0.2)
    return tmp_path


async def test_calls_are_held_by_every_flow_and_their_answers_kept(
        recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERCALL_CONFIG", "of-nobody")          # put back at the end
    said: list[str] = []
    before = _children()
    told = await bench_ivr(PLAN, said.append, recordings)
    # a machine that is busy with other things may hold none without fault
    assert [error for error in told["errors"] if "was held" not in error] == []
    assert set(told["calls_held"]) == {flow.value for flow in Flow}
    assert told["ratio"] is None or told["ratio"] > 0
    for name, flow in told["flows"].items():
        assert flow["completed"] >= 1, (name, flow)              # with all answers, see its count
        assert flow["wrong"] == 0, (name, flow)
        for climb in flow["climbs"]:                             # a reason wherever it broke
            assert (climb["broke_at"] is None) == (climb["why"] is None), (name, climb)
        assert flow["digit_to_prompt_ms"]["samples"] >= CALLS, (name, flow)
        assert flow["cpu_s_per_call"]["asterisk"] > 0
        assert (flow["cpu_s_per_call"]["scripts"] > 0) == (name != Flow.DIALPLAN)
    assert told["flows"][Flow.AFTERCALL]["cpu_s_per_call"]["postgresql"] > 0
    assert told["cpu_over_asterisk"] > 0
    assert set(told["agi_round_trip_ms"]) == {"p50", "p99"}
    assert all(told["agi_round_trip_ms"].values())
    assert set(told["digit_to_prompt_over_dialplan_ms"]) == {"p50", "p99"}
    assert told["voice_calls"] >= 1
    assert told["voice_late_frames"] >= 0
    assert told["voice"]["completed"] >= 1
    assert told["voice"]["frame_clock"]["frames"] > 0
    assert _children() <= before


def _children() -> set[int]:
    """Processes below this one, but for Python's own tracker of shared memory, which stays."""
    return {process.pid for process in psutil.Process().children(recursive=True)
            if "resource_tracker" not in " ".join(process.cmdline())}
