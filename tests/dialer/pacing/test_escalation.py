"""What becomes of a finding while all agents are busy."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dialer.pacing import Finding, Step, next_step


def test_an_abnormal_finding_is_finished_with_useful_questions_then_held_then_an_alert() -> None:
    assert next_step(Finding(critical=False, useful_left=2), spare=0) is Step.ASK
    assert next_step(Finding(critical=False, useful_left=0), spare=0) is Step.HOLD
    assert next_step(Finding(critical=False, useful_left=0, held_s=20), spare=0) is Step.ALERT


def test_nobody_is_held_without_hope() -> None:
    assert next_step(Finding(critical=False, useful_left=0), spare=0, hope=0.0) is Step.ALERT


def test_a_critical_finding_waits_for_no_question_and_goes_first() -> None:
    critical = Finding(critical=True, useful_left=5)
    ending = Finding(critical=False, useful_left=0, held_s=19)
    held = Finding(critical=False, useful_left=0, held_s=3)
    asked = Finding(critical=False, useful_left=2)
    assert next_step(critical, spare=0) is Step.HOLD
    assert sorted((asked, held, critical, ending), key=lambda f: f.urgency) == [
        critical, ending, held, asked]


@given(st.booleans(), st.integers(0, 9), st.floats(0, 60), st.integers(1, 9), st.floats(0, 1))
def test_whoever_finds_an_idle_agent_is_connected(critical: bool, left: int, held: float,
                                                  spare: int, hope: float) -> None:
    assert next_step(Finding(critical, left, held), spare, hope) is Step.CONNECT
