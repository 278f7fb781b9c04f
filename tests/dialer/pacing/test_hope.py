"""Whether a patient is to hold, or is told at once that somebody will call back."""

from __future__ import annotations

import pytest

from dialer.pacing import Finding, Step, next_step
from dialer.pacing.escalation import HOPELESS
from dialer.pacing.hope import hope, talks_like

MINUTES = talks_like([180.0] * 300)


def test_with_nobody_on_duty_there_is_no_hope() -> None:
    assert hope([], [], 0, 20, 0, MINUTES) == 0.0


def test_an_agent_who_has_talked_long_is_about_to_be_free() -> None:
    begun = hope([2.0], [], 0, 20, 0, MINUTES)
    ending = hope([175.0], [], 0, 20, 0, MINUTES)
    assert begun < HOPELESS < 0.5 < ending


def test_a_wrap_up_longer_than_the_hold_leaves_no_hope_of_those_who_talk() -> None:
    assert hope([175.0], [], 0, 20, 30, MINUTES) == 0.0


def test_an_agent_back_in_time_is_certain_and_goes_to_whoever_is_first() -> None:
    assert hope([], [15.0, 40.0], 0, 20, 30, MINUTES) == pytest.approx(1.0)
    assert hope([], [15.0, 40.0], 1, 20, 30, MINUTES) == pytest.approx(0.0)


def test_an_abnormal_finding_without_hope_becomes_an_alert_and_a_critical_one_is_held() -> None:
    assert next_step(Finding(False, 0, 1.0), 0, 0.0) is Step.ALERT
    assert next_step(Finding(True, 0, 1.0), 0, 0.0) is Step.HOLD
    assert next_step(Finding(True, 0, 21.0), 0, 1.0) is Step.ALERT
