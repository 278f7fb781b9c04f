"""What a campaign's maker may set: checked at the edge, kept as JSON beside the campaign.

What is not set holds as the house has it. ``CampaignRules.read`` names each wrong field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from followup.calls.models import Disposition
from followup.campaigns.calling_hours import EVERY_DAY
from followup.campaigns.numbers import NumberOrder
from followup.errors import InvalidInput
from followup.settings import Skill

Minutes = Annotated[int, Field(ge=1, le=14 * 24 * 60)]
# waits before the second, third, … attempt; the last holds for all that follow; none: no more calls
Ladder = Annotated[tuple[Minutes, ...], Field(max_length=10)]
_SLOWLY = (60, 240, 1440)


def _local(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("expected a time of the patient's day such as 08:00, without a zone")
    return value


LocalTime = Annotated[time, AfterValidator(_local)]


class _Rules(BaseModel):
    """Unknown keys are refused, and nothing is taken for what it is not."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Window(_Rules):
    """The hours of the patient's day; ``start`` is inside, ``end`` is not."""

    start: LocalTime
    end: LocalTime

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end <= self.start:
            raise ValueError("end: expected a time after start, e.g. 21:00")
        return self


class Retries(_Rules):
    """Minutes to wait after each outcome that leads to another attempt."""

    busy: Ladder = (10, 30, 180)
    no_answer: Ladder = _SLOWLY
    rejected: Ladder = _SLOWLY
    failed: Ladder = _SLOWLY
    no_input: Ladder = _SLOWLY
    # the telephone is off or out of reach: another time of day, not soon again
    voicemail: Ladder = (180, 300, 1440)
    partial: Ladder = (30, 180)
    abandoned: Ladder = (30, 120)            # we owe them a call, though not at once
    call_back: Ladder = (120, 240)           # to whoever named no time

    def after(self, disposition: Disposition, attempts_made: int) -> timedelta | None:
        """The wait after so many attempts; None when there is to be no other."""
        steps: Ladder = getattr(self, disposition.value, self.no_answer)
        if not steps:
            return None
        return timedelta(minutes=steps[min(max(attempts_made, 1), len(steps)) - 1])


class WithoutAgents(StrEnum):
    """What a campaign whose questionnaire talks first does when no agent is on duty."""

    ALERT = "alert"          # calls; what is found becomes an alert
    WAIT = "wait"


class CampaignRules(_Rules):
    """All that a campaign may have its own way. ``None``: as the house has it."""

    window: Window | None = None
    weekdays: frozenset[int] = EVERY_DAY                          # 1 is Monday
    on_holidays: bool = False
    max_attempts: Annotated[int, Field(ge=1, le=20)] | None = None
    retry: Retries = Retries()
    numbers: NumberOrder = NumberOrder.IN_TURN
    # share of those in need of an agent that may find none in time
    abandon_budget: Annotated[float, Field(gt=0, le=0.5)] | None = None
    hold_s: Annotated[int, Field(ge=0, le=20)] | None = None      # announced, then a call-back
    skill: Skill | None = None                                    # of the agents who may take it
    without_agents: WithoutAgents = WithoutAgents.ALERT
    priority: Annotated[int, Field(ge=1, le=999)] = 100           # lower goes first

    @field_validator("weekdays")
    @classmethod
    def _of_the_week(cls, value: frozenset[int]) -> frozenset[int]:
        if not value or not value <= EVERY_DAY:
            raise ValueError("expected days from 1 (Monday) to 7, one at least")
        return value

    def hold(self, most_s: int) -> int:
        """Seconds that a patient holds for an agent, where the house allows ``most_s``."""
        return most_s if self.hold_s is None else min(self.hold_s, most_s)

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """From JSON values; InvalidInput names every field that does not fit."""
        try:
            return cls.model_validate_json(json.dumps(data))
        except ValidationError as error:
            faults = [(".".join(map(str, fault["loc"])) or "rules",
                       fault["msg"].removeprefix("Value error, "))
                      for fault in error.errors(include_url=False)]
        except (TypeError, ValueError):
            faults = [("rules", "expected JSON values")]
        raise InvalidInput("; ".join(f"{field}: {fault}" for field, fault in faults),
                           field=faults[0][0], expected=faults[0][1],
                           fields=[field for field, _ in faults])

    @classmethod
    def if_valid(cls, data: Mapping[str, Any]) -> Self | None:
        """The same; None where somebody wrote by hand what does not fit."""
        try:
            return cls.read(data)
        except InvalidInput:
            return None

    def kept(self) -> dict[str, Any]:
        """As JSON values, only what was set: the rest follows the house."""
        return self.model_dump(mode="json", exclude_unset=True)
