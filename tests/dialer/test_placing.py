"""How many calls each campaign gets, seen over the whole floor. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dialer.floor import Day, Desk, Floor, OpenCall, Running, picture
from dialer.pacing import Pacer, Terms
from dialer.placing import Decision, Limits, Placing, decide
from followup.campaigns.decisions import Reason
from followup.campaigns.house import House
from followup.campaigns.models import CampaignMode
from followup.campaigns.rules import CampaignRules
from followup.settings import DialerSettings

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
DAY = Day(NOW.timestamp() - 7200, NOW.timestamp() + 36000, 0.0)
FREE, JUST_BEGUN = Desk(), Desk(NOW - timedelta(seconds=1))
AS_THE_HOUSE = CampaignRules()
PLENTY = Limits(free=30, allowance=1000, burst=100)
IVR, PREDICTIVE, PROGRESSIVE = CampaignMode.IVR, CampaignMode.PREDICTIVE, CampaignMode.PROGRESSIVE


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def decided(mode: CampaignMode, desks: Sequence[Desk], calls: Sequence[OpenCall] = (),
            limits: Limits = PLENTY, rules: CampaignRules = AS_THE_HOUSE,
            **today: int) -> Decision:
    items = 10 if mode is IVR else 0
    campaign = Running(uuid.uuid4(), "c", mode, items, rules, **today)
    seen = picture(Floor(NOW, list(calls), desks, [campaign]), campaign, DAY,
                   free=limits.free, budget=0.03)
    return decide(campaign, Pacer(Terms(items=items)), seen, limits)


def rings(seconds: float = 3, *, ivr: bool = False) -> OpenCall:
    return OpenCall("n", ivr, ago(seconds))


def test_with_all_four_agents_talking_just_begun_no_predictive_call_is_placed() -> None:
    found = decided(PREDICTIVE, [JUST_BEGUN] * 4)
    assert (found.wanted, found.reason) == (0, Reason.AGENTS_BUSY)


def test_a_ringing_call_is_counted() -> None:
    alone = decided(PREDICTIVE, [FREE] * 4)
    ringing = decided(PREDICTIVE, [FREE] * 4, [rings()] * 3)
    assert alone.wanted > 4                      # not everybody answers
    assert ringing.wanted == alone.wanted - 3


def test_progressive_gives_one_call_to_each_free_agent() -> None:
    found = decided(PROGRESSIVE, [FREE, FREE, FREE, JUST_BEGUN], [rings()])
    assert (found.wanted, found.reason) == (2, Reason.ONE_EACH)


def test_a_patient_who_waits_takes_an_agent_from_every_campaign() -> None:
    waits = OpenCall("n", True, ago(90), ago(80), 4, ago(20), waiting_since=ago(5))
    assert decided(PROGRESSIVE, [FREE, FREE], [waits]).wanted == 1


def test_a_questionnaire_that_finds_something_takes_an_agent_and_another_does_not() -> None:
    def asked(*, pending: bool) -> OpenCall:
        return OpenCall("n", True, ago(90), ago(80), 4, ago(5), pending=pending)
    assert decided(PROGRESSIVE, [FREE, FREE], [asked(pending=False)]).wanted == 2
    assert decided(PROGRESSIVE, [FREE, FREE], [asked(pending=True)]).wanted == 1


def test_preview_places_nothing_by_itself() -> None:
    assert decided(CampaignMode.PREVIEW, [FREE] * 4).wanted == 0


@pytest.mark.parametrize("mode", [PREDICTIVE, PROGRESSIVE])
def test_calls_that_need_an_agent_wait_for_one_to_come_on_duty(mode: CampaignMode) -> None:
    found = decided(mode, [])
    assert (found.wanted, found.reason) == (0, Reason.NO_AGENT)


def test_questionnaires_are_asked_with_nobody_on_duty() -> None:
    found = decided(IVR, [])
    assert (found.wanted, found.reason) == (30, Reason.ALERTS_ONLY)


def test_a_campaign_may_wait_for_agents_to_come() -> None:
    waits = CampaignRules.read({"without_agents": "wait"})
    found = decided(IVR, [], rules=waits)
    assert (found.wanted, found.reason) == (0, Reason.NO_AGENT)
    assert decided(IVR, [FREE] * 4, rules=waits).wanted > 8


@pytest.mark.parametrize(("rules", "budget"), [({}, 0.03), ({"abandon_budget": 0.01}, 0.01)])
def test_a_campaign_may_have_a_budget_of_its_own(rules: dict[str, Any], budget: float) -> None:
    placing = Placing(DialerSettings(), House())
    campaign = Running(uuid.uuid4(), "c", PREDICTIVE, 0, CampaignRules.read(rules))
    found = placing.decide(Floor(NOW, [], [FREE] * 4, [campaign]), campaign, PLENTY)
    assert found.inputs["budget"] == budget


def test_findings_that_wait_hold_back_new_questionnaires() -> None:
    pending = OpenCall("n", True, ago(90), ago(80), 9, ago(5), pending=True)
    free = decided(IVR, [FREE] * 4)
    held = decided(IVR, [JUST_BEGUN] * 4, [pending] * 4)
    assert free.wanted > 8
    assert (held.wanted, held.reason) == (0, Reason.AGENTS_BUSY)


def test_a_spent_budget_leaves_one_call_for_each_free_agent() -> None:
    found = decided(PREDICTIVE, [FREE] * 4, needed=20, lost=15)
    assert (found.wanted, found.reason) == (4, Reason.BUDGET_SPENT)


@pytest.mark.parametrize(("limits", "wanted", "reason"), [
    (Limits(3, 1000, 5), 3, Reason.ALERTS_ONLY), (Limits(30, 2, 5), 2, Reason.ALERTS_ONLY),
    (Limits(30, 1000, 5), 5, Reason.ALERTS_ONLY), (Limits(30, 0, 5), 0, Reason.HOURLY_CAP),
])
def test_lines_cap_and_burst_bound_every_decision(limits: Limits, wanted: int,
                                                  reason: Reason) -> None:
    found = decided(IVR, [], limits=limits)
    assert (found.wanted, found.reason) == (wanted, reason)


def test_no_free_line_is_told_as_such() -> None:
    assert decided(IVR, [FREE], limits=Limits(0, 10, 5)).reason is Reason.LINES_FULL
    assert decided(IVR, [], limits=Limits(-1, 10, 5)).reason is Reason.LINES_FULL
