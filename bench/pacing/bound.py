"""How well any dialer could do that knew every rate: an age-aware Markov decision process.

The reference model with its clocks made random: a ring goes through up to seven stages (so its age
is known, to a stage), talk through two (mean and variation are the scenario's), patience is
exponential. Calls may be placed at any moment. Lost calls are charged a price and answers are paid
price times budget; by weak duality the gain of that process is, at any price, at least the
utilisation of every policy that keeps the budget on it. The least over prices is the bound.

It is exact for that process, not for the reference model itself: stages blur an age, which makes
the process a little harder, and a dialer in it sees which phase a talk has reached, which makes it
a little easier. It is not computed for groups whose states are too many.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialer.simulator.scenario import Scenario

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
STATES = 450_000
QUEUE = 2                       # people waiting at once; more are lost
CLOSE = 1e-3                    # of the gain
PHASES_OF_DRIFT = 3
LOW, HIGH = 40.0, 600.0        # prices of a lost call, in seconds of an agent


def bound(scenario: Scenario) -> float | None:
    """The greatest utilisation within the budget; None when it cannot be computed."""
    size = _size(scenario)
    if size is None or scenario.mode != "predictive":
        return None
    angles = ((np.arange(PHASES_OF_DRIFT) + 0.5) / PHASES_OF_DRIFT - 0.5) * math.pi
    chances = [scenario.answer_probability * (1 + scenario.drift * math.sin(angle))
               for angle in angles] if scenario.drift else [scenario.answer_probability]
    processes = [Process(scenario, chance, *size) for chance in chances]

    def gain(log_price: float) -> float:
        return sum(process.gain(math.exp(log_price)) for process in processes) / len(processes)

    # the gain is convex in the price: golden section over its logarithm
    low, high = math.log(LOW), math.log(HIGH)
    ratio = (math.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = gain(left), gain(right)
    for _ in range(5):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = gain(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = gain(right)
    return min(1.0, at_left, at_right)


def _size(scenario: Scenario) -> tuple[int, int] | None:
    """Stages of a ring and most calls ringing at once; None when the states are too many."""
    chance = scenario.answer_probability * (1 - scenario.drift)
    ringing = min(scenario.lines, max(6, math.ceil(0.6 * scenario.agents / chance) + 1))
    groups = (scenario.agents + 1) * (scenario.agents + 2) // 2 + QUEUE * (scenario.agents + 1)
    for stages in (7, 6, 5):
        if groups * math.comb(ringing + stages, stages) <= STATES:
            return stages, ringing
    return None


@dataclass(slots=True)
class _Agents:
    """The agents' side: (in first phase, in second, people waiting), and where each event leads."""

    states: list[tuple[int, int, int]]
    answered: Places
    lost: Floats
    advanced: Places
    freed: Places
    left: Places

    @classmethod
    def of(cls, agents: int) -> _Agents:
        states = [(one, two, 0) for one in range(agents + 1) for two in range(agents + 1 - one)]
        states += [(one, agents - one, queue) for queue in range(1, QUEUE + 1)
                   for one in range(agents + 1)]
        at = {state: place for place, state in enumerate(states)}
        answered, lost, advanced, freed, left = [], [], [], [], []
        for here, (one, two, queue) in enumerate(states):
            full = one + two == agents
            goes = here if full and queue == QUEUE else at[
                (one, two, queue + 1) if full else (one + 1, two, 0)]
            answered.append(goes)
            lost.append(float(goes == here))
            advanced.append(at[(one - 1, two + 1, queue)] if one else here)
            if not two:
                freed.append(here)
            else:
                freed.append(at[(one + 1, two - 1, queue - 1) if queue else (one, two - 1, 0)])
            left.append(at[(one, two, queue - 1)] if queue else here)
        return cls(states, np.array(answered), np.array(lost), np.array(advanced),
                   np.array(freed), np.array(left))


class Process:
    """The decision process at one answer probability."""

    def __init__(self, scenario: Scenario, chance: float, stages: int, ringing: int) -> None:
        self._scenario = scenario
        self._step = scenario.ringout_s / stages
        self._answer, self._end = _outcomes(scenario, chance, stages)
        rings = [ring for total in range(ringing + 1) for ring in _rings(total, stages)]
        at = {ring: place for place, ring in enumerate(rings)}
        self._rings = np.array(rings)
        self._gone = [np.array([at.get((*r[:i], r[i] - 1, *r[i + 1:]), 0) for r in rings])
                      for i in range(stages)]
        self._on = [np.array([at.get((*r[:i], r[i] - 1, r[i + 1] + 1, *r[i + 2:]), 0)
                              for r in rings]) for i in range(stages - 1)]
        more = np.array([at.get((r[0] + 1, *r[1:]), 0) for r in rings])
        total = self._rings.sum(axis=1)
        self._placing = [(level, more[level]) for count in range(ringing - 1, -1, -1)
                         for level in [np.flatnonzero(total == count)]]
        self._agents = _Agents.of(scenario.agents)
        self._values: Floats = np.zeros((len(self._agents.states), len(rings)))

    def gain(self, price: float) -> float:
        """Upper end of the gain a second: utilisation less the price of losses above budget."""
        s, agents = self._scenario, self._agents
        first, second = _phases(s.handle_mean_s, s.handle_cv)
        one, two, queue = (np.array(column, dtype=float)[:, None]
                           for column in zip(*agents.states, strict=True))
        advance, free, leave = one / first, two / second, queue / s.patience_s
        ring = self._rings / self._step
        rate = float(ring.sum(axis=1).max() + s.agents / min(first, second) + QUEUE / s.patience_s)
        stay = 1 - (ring.sum(axis=1)[None, :] + advance + free + leave) / rate
        earned = (one + two) / s.agents / rate
        values = self._placed(self._values)
        # prices are in seconds of one agent; the gain counts the whole group
        lost, paid = price / s.agents, price / s.agents * s.budget
        upper = 1.0
        for _ in range(4000):
            met = values[agents.answered] - lost * agents.lost[:, None] + paid
            after = earned + stay * values + (
                advance * values[agents.advanced] + free * values[agents.freed]
                + leave * (values[agents.left] - lost)) / rate
            for stage, (answer, end) in enumerate(zip(self._answer, self._end, strict=True)):
                some = np.flatnonzero(ring[:, stage])
                gone = self._gone[stage][some]
                then = answer * met[:, gone] + end * values[:, gone]
                if stage < len(self._on):
                    then += (1 - answer - end) * values[:, self._on[stage][some]]
                after[:, some] += ring[some, stage] / rate * then
            after = self._placed(after)
            change = (after - values) * rate
            upper = float(change.max())
            values = after - after[0, 0]
            if upper - float(change.min()) < CLOSE:
                break
        self._values = values
        return upper

    def _placed(self, values: Floats) -> Floats:
        """The best of placing no, one or more calls at once."""
        best = values.copy()
        for level, more in self._placing:
            best[:, level] = np.maximum(best[:, level], best[:, more])
        return best


def _outcomes(scenario: Scenario, chance: float, stages: int) -> tuple[list[float], list[float]]:
    """By stage of ringing: the chance to be answered, and to end otherwise, at its end."""
    seconds = np.linspace(0.0, scenario.ringout_s, 4001)[1:]
    scale = scenario.ring_mean_s / scenario.ring_shape
    density = np.exp((scenario.ring_shape - 1) * np.log(seconds) - seconds / scale)
    tail = np.exp((scenario.ring_shape - 1) * np.log(seconds + seconds[-1])
                  - (seconds + seconds[-1]) / scale).sum()
    step = scenario.ringout_s / stages
    place = np.clip(np.rint(seconds / step).astype(int) - 1, 0, stages - 1)
    answered = np.bincount(place, weights=density, minlength=stages)
    answered[-1] += tail                        # cut to the longest ring
    answered *= chance / answered.sum()
    ended = np.zeros(stages)
    ended[min(stages, max(1, round(scenario.fail_s / step))) - 1] += (
        (1 - chance) * scenario.fail_share)
    ended[-1] += (1 - chance) * (1 - scenario.fail_share)
    alive = 1 - np.concatenate([[0.0], np.cumsum(answered + ended)[:-1]])
    answer = (answered / alive).tolist()
    end = (ended / alive).tolist()
    end[-1] = 1 - answer[-1]
    return answer, end


def _phases(mean: float, cv: float) -> tuple[float, float]:
    """Means of two phases in a row with this mean and, between 0.71 and 1, this variation."""
    square = min(0.999, max(0.501, cv * cv))
    half = math.sqrt(0.25 - (1 - square) / 2)
    return (0.5 - half) * mean, (0.5 + half) * mean


def _rings(total: int, stages: int) -> Iterator[tuple[int, ...]]:
    if stages == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _rings(total - first, stages - 1):
            yield (first, *rest)
