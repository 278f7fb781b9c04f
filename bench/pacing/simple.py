"""Policies of a few lines: one call an idle agent, fixed ratios, and Erlang's open loop."""

from __future__ import annotations

import math

from dialer.pacing.picture import Picture
from dialer.simulator.scenario import Scenario


class Silent:
    """What a policy is when it learns nothing."""

    tick_s = 1.0
    on_events = True

    def rang(self, now: float, seconds: float, answered: bool) -> None:
        """Does not matter here."""

    def talked(self, now: float, seconds: float) -> None:
        """Does not matter here."""

    def asked(self, now: float, item: int, seconds: float, abnormal: bool | None) -> None:
        """Does not matter here."""


class FixedLines(Silent):
    """IVR-first with so many ports of the questionnaire in use at all times; a call that has an
    agent has left its port."""

    tick_s = 60.0

    def __init__(self, lines: int) -> None:
        self._lines = lines

    def place(self, picture: Picture) -> int:
        """Whatever of them is not in use."""
        return max(0, self._lines - picture.undecided)


class Ratio(Silent):
    """So many lines an idle agent, rounded down; 1 is progressive dialling."""

    tick_s = 60.0            # all that matters to it are events

    def __init__(self, ratio: float) -> None:
        self._ratio = ratio

    def place(self, picture: Picture) -> int:
        """Lines for the idle agents, less those that ring."""
        return max(0, math.floor(self._ratio * picture.idle + 1e-9) - len(picture.ringing))


class Erlang(Silent):
    """Calls at an even pace, whatever happens: the most that keeps the loss of M/M/S with
    impatient callers within the budget."""

    on_events = False

    def __init__(self, scenario: Scenario) -> None:
        rate = erlang_rate(scenario.agents, scenario.handle_mean_s, scenario.patience_s,
                           scenario.budget)
        self.tick_s = scenario.answer_probability / rate

    def place(self, picture: Picture) -> int:
        """One, at each tick."""
        return 1


def erlang_rate(agents: int, handle_s: float, patience_s: float, budget: float) -> float:
    """Answers a second at which the share of lost calls is the budget (M/M/S, exponential
    patience)."""
    low, high = 0.0, agents / handle_s * 2
    for _ in range(60):
        rate = (low + high) / 2
        within = _lost(rate, agents, handle_s, patience_s) < budget
        low, high = (rate, high) if within else (low, rate)
    return low


def _lost(rate: float, agents: int, handle_s: float, patience_s: float) -> float:
    weight, weights, state = 1.0, [1.0], 0
    while state < agents or weight > 1e-12 * max(weights):
        state += 1
        leave = min(state, agents) / handle_s + max(0, state - agents) / patience_s
        weight *= rate / leave
        weights.append(weight)
    reneging = sum(weight * (state - agents) / patience_s
                   for state, weight in enumerate(weights) if state > agents)
    return reneging / (rate * sum(weights))
