"""A campaign's rules: checked at the edge, each fault by its field's name."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from followup.calls.models import Disposition
from followup.campaigns.house import House
from followup.campaigns.retry import POLICY, Again
from followup.campaigns.rules import CampaignRules, Retries
from followup.errors import InvalidInput
from followup.settings import DialerSettings

FULL: dict[str, Any] = {
    "window": {"start": "09:00:00", "end": "20:30:00"}, "weekdays": [1, 2, 3, 4, 5],
    "on_holidays": True, "max_attempts": 5, "retry": {"busy": [5, 10], "voicemail": []},
    "numbers": "own_only", "abandon_budget": 0.02, "hold_s": 15, "skill": "骨科",
    "without_agents": "wait", "priority": 10}


def test_what_was_set_is_kept_and_nothing_else() -> None:
    rules = CampaignRules.read(FULL)
    kept = rules.kept()
    assert {**kept, "weekdays": sorted(kept["weekdays"])} == FULL
    assert CampaignRules.read(kept) == rules
    assert CampaignRules.read({}).kept() == {}


@pytest.mark.parametrize(("wrong", "field"), [
    ({"windows": {}}, "windows"),
    ({"window": {"start": "08:00"}}, "window.end"),
    ({"window": {"start": "21:00", "end": "08:00"}}, "window"),
    ({"window": {"start": "8 am", "end": "21:00"}}, "window.start"),
    ({"window": {"start": "08:00+08:00", "end": "21:00"}}, "window.start"),
    ({"weekdays": []}, "weekdays"), ({"weekdays": [0]}, "weekdays"),
    ({"on_holidays": "yes"}, "on_holidays"),
    ({"max_attempts": 0}, "max_attempts"), ({"max_attempts": "3"}, "max_attempts"),
    ({"max_attempts": True}, "max_attempts"),
    ({"retry": {"busy": [0]}}, "retry.busy.0"), ({"retry": {"completed": [5]}}, "retry.completed"),
    ({"retry": {"busy": 10}}, "retry.busy"),
    ({"numbers": "all"}, "numbers"), ({"abandon_budget": 3}, "abandon_budget"),
    ({"hold_s": 21}, "hold_s"), ({"skill": ""}, "skill"),
    ({"without_agents": "stop"}, "without_agents"), ({"priority": 0}, "priority"),
    ({"priority": time(8)}, "rules"), ({"abandon_budget": float("nan")}, "abandon_budget")])
def test_what_does_not_fit_is_refused_by_name(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        CampaignRules.read(wrong)
    assert caught.value.field == field and field in caught.value.message


def test_each_outcome_that_is_tried_again_has_waits_of_its_own() -> None:
    assert set(Retries.model_fields) == {how.value for how, again in POLICY.items()
                                         if again is Again.LADDER}


def test_waits_grow_and_the_last_holds() -> None:
    retries = CampaignRules.read(FULL).retry
    assert [retries.after(Disposition.BUSY, made) for made in (1, 2, 9)] == [
        timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=10)]
    assert retries.after(Disposition.VOICEMAIL, 1) is None
    assert retries.after(Disposition.NO_ANSWER, 1) == timedelta(hours=1)


def test_what_the_rules_do_not_say_is_as_the_house_has_it() -> None:
    house = House.of(DialerSettings(window_start=time(7), timezone="Europe/Berlin"))
    plain = house.hours(CampaignRules(), (), {})
    assert (plain.start, plain.end, plain.zones) == (time(7), time(21),
                                                     (ZoneInfo("Europe/Berlin"),))
    own = house.hours(CampaignRules.read(FULL), (ZoneInfo("Asia/Shanghai"),), {})
    assert (own.start, own.end, own.zones) == (time(9), time(20, 30), (ZoneInfo("Asia/Shanghai"),))
