"""A scenario: one telephone day described in a TOML or JSON file, strictly checked."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from followup.errors import InvalidInput


class Scenario(BaseModel):
    """Who calls whom for how long; times in seconds unless said otherwise.

    ``predictive``: whoever answers needs a person at once. ``ivr_first``: whoever answers talks to
    the questionnaire, and a share of them comes to need a person at one of its items.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)

    name: str = Field(min_length=1, max_length=80)
    agents: int = Field(ge=1, le=200)
    lines: int = Field(ge=1, le=2000)
    answer_probability: float = Field(gt=0, lt=1)
    drift: float = Field(0.0, ge=0, lt=1)           # share by which the probability swings
    ring_mean_s: float = Field(11.0, gt=0, le=60)   # ring of the calls that are answered
    ring_shape: float = Field(3.0, gt=0, le=50)
    ring_cut_s: float = Field(27.5, gt=1, le=120)
    fail_share: float = Field(0.3, ge=0, le=1)      # of the unanswered: busy, rejected
    fail_s: float = Field(4.0, gt=0, le=60)
    ringout_s: float = Field(28.0, gt=0, le=120)
    patience_s: float = Field(2.0, gt=0, le=60)     # predictive: then it is an abandon
    handle_mean_s: float = Field(gt=0, le=7200)     # talk and wrap-up
    handle_cv: float = Field(0.8, gt=0, le=3)
    hours: float = Field(8.0, gt=0, le=24)
    budget: float = Field(0.03, gt=0, le=0.5)
    mode: Literal["predictive", "ivr_first"] = "predictive"
    ivr_mean_s: float = Field(75.0, gt=0, le=3600)
    escalation_share: float = Field(0.12, gt=0, le=1)
    items: int = Field(8, ge=1, le=100)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.answer_probability * (1 + self.drift) > 1:
            raise ValueError("drift: expected answer_probability * (1 + drift) to be at most 1")
        if self.ringout_s < self.ring_cut_s:
            raise ValueError("ringout_s: expected at least ring_cut_s")
        return self

    @property
    def day_s(self) -> float:
        """Length of the day in seconds."""
        return self.hours * 3600


def scenario_of(values: Mapping[str, Any], source: str = "scenario") -> Scenario:
    """Check the values of one scenario; a fault names its field and what was expected."""
    try:
        return Scenario.model_validate(dict(values))
    except ValidationError as error:
        faults = []
        for fault in error.errors():
            field = ".".join(str(part) for part in fault["loc"]) or source
            expected = {"extra_forbidden": f"one of {', '.join(Scenario.model_fields)}",
                        "missing": "a value; it is required",
                        }.get(fault["type"], fault["msg"])
            faults.append((field, expected))
        raise InvalidInput("; ".join(f"{field}: expected {expected}" for field, expected in faults),
                           field=faults[0][0], expected=faults[0][1], source=source) from error


def load_scenario(path: Path) -> Scenario:
    """Read one scenario from a TOML or JSON file (by its ending)."""
    expected = "a .toml or .json file with one scenario"
    try:
        text = path.read_text("utf-8")
        values = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InvalidInput(f"scenario: expected {expected}; {path.name}: {error}",
                           field="scenario", expected=expected) from error
    if not isinstance(values, dict):
        raise InvalidInput(f"scenario: expected {expected}; {path.name} holds something else",
                           field="scenario", expected=expected)
    return scenario_of(values, path.name)
