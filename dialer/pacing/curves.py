"""From what has been learned to chances by moments ahead: who needs an agent, who gets free."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dialer.pacing.durations import Floats
from dialer.pacing.forecast import Forecast
from dialer.pacing.knowledge import Group
from dialer.pacing.picture import Picture

STEPS = np.array([0.1, 0.2, 0.32, 0.45, 0.65, 1.0])     # moments, in horizons
RING_ROWS, TALK_ROWS = 60, 48
HOLD_ROWS = 4
AT_ALL_S = 3600.0       # answered within that, answered at all


@dataclass(frozen=True, slots=True)
class Terms:
    """How calls of a campaign come to need a person, and how long they can be kept waiting."""

    patience_s: float = 2.0            # someone who needs a person at once
    items: int = 0                     # of the questionnaire; 0: whoever answers needs a person
    hold_s: float = 20.0               # announced hold at its end


class Curves:
    """Rows of a forecast for the calls and agents of a picture.

    Rows: a person waiting, call by seconds of ringing, by item without and with a finding, by the
    hold that is left; then idle agent, agent by seconds talked.
    """

    def __init__(self, group: Group, hourly: Group, terms: Terms, agents: int,
                 hour: int) -> None:
        """Chances come from ``group``, durations from its ``hourly`` part."""
        self._terms = terms
        self._ages = np.arange(RING_ROWS, dtype=np.float64)
        self._talked = np.concatenate([[0.0], np.geomspace(2.0, 7200.0, TALK_ROWS - 1)])
        self._fine = (TALK_ROWS - 2) / math.log(3600.0)
        answer = group.answer.value(hour)
        ring = _horizon(hourly)
        if terms.items:
            mean, variance = hourly.item.moments
            chances = [group.abnormal_at(item).value() for item in range(terms.items)]
            moments = ring + (terms.items * mean * 1.2 + terms.hold_s) * STEPS
            demand = self._asked(hourly, moments, answer, chances, mean, variance)
        else:
            moments = terms.patience_s + ring * STEPS
            demand = self._rung(hourly, moments - terms.patience_s, answer)
        self.needs = float(demand[1, -1])          # the chance that a call placed now needs someone
        supply = self._freed(hourly, moments)
        self._first = len(demand)
        self._rows = len(demand) + len(supply)
        self._last = np.concatenate([demand[:, -1], supply[:, -1]])
        self._forecast = Forecast(agents, demand, supply, demand[1])

    def most(self, picture: Picture, price: float, limit: int) -> int:
        """The most calls, up to ``limit``, each of which adds to the lost ones no more than price
        times its chance to need someone."""
        state = self._forecast.state(self._counts(picture))
        bearable, placed = price * self.needs, 0
        while placed < limit and self._forecast.risk(state) <= bearable:
            state = self._forecast.with_one_more(state)
            placed += 1
        return placed

    def outlook(self, picture: Picture) -> tuple[float, float]:
        """Of the calls in flight, how many will have needed someone by the last moment; of the
        agents at work, how many will be free by then."""
        expected = self._counts(picture) * self._last
        return (float(expected[:self._first].sum()), float(expected[self._first + 1:].sum()))

    def _counts(self, picture: Picture) -> Floats:
        counts, now, terms = [0.0] * self._rows, picture.now, self._terms
        for since in picture.ringing.values():
            counts[1 + min(RING_ROWS - 1, int(now - since))] += 1
        base = 1 + RING_ROWS
        for asking in picture.asking.values():
            counts[base + 2 * asking.item + asking.pending] += 1
        hold = base + 2 * terms.items
        for since in picture.waiting.values():
            if terms.items:
                left = 1 - (now - since) / terms.hold_s
                counts[hold + min(HOLD_ROWS - 1, max(0, int(left * HOLD_ROWS)))] += 1
            else:
                counts[0] += 1
        counts[self._first] = picture.idle
        talked, fine = self._first + 1, self._fine
        for since in picture.talking.values():
            age = now - since
            row = 0 if age < 1.4 else int(1.5 + math.log(age / 2.0) * fine)
            counts[talked + min(TALK_ROWS - 1, row)] += 1
        return np.array(counts)

    def _rung(self, group: Group, ahead: Floats, answer: float) -> Floats:
        """By age of the ringing: answered within so many seconds from now."""
        yes = group.ring_answered.below(self._ages)
        no = group.ring_unanswered.below(self._ages)
        still = answer * (1 - yes) + (1 - answer) * (1 - no)
        then = group.ring_answered.below(self._ages[:, None] + np.maximum(0.0, ahead))
        rows = answer * (then - yes[:, None]) / np.maximum(still, 1e-9)[:, None]
        at_once = np.ones((1, len(ahead)))
        return np.asarray(np.clip(np.concatenate([at_once, rows]), 0.0, 1.0))

    def _asked(self, group: Group, moments: Floats, answer: float, chances: list[float],
               mean: float, variance: float) -> Floats:
        """By ringing and by item: has come to the end of its hold without having met an agent.

        Whatever the item of the finding, that is after the last item and the hold.
        """
        terms, rows = self._terms, []
        ahead = moments - terms.hold_s
        normal = np.cumprod([1 - chance for chance in reversed(chances)])[::-1]
        ring_mean, ring_variance = group.ring_answered.moments
        rung = self._rung(group, np.array([AT_ALL_S]), answer)[1:, 0]
        whole = _normal_below(ahead, ring_mean / 2 + terms.items * mean,
                              ring_variance + terms.items * variance)
        needs = 1 - float(normal[0])
        rows += [np.ones(len(moments))] + [chance * needs * whole for chance in rung]
        for item in range(terms.items):
            left = terms.items - item - 0.5
            ends = _normal_below(ahead, left * mean, left * variance)
            rows += [(1 - normal[item]) * ends, ends]
        rows += [np.where(moments >= (part + 0.5) / HOLD_ROWS * terms.hold_s, 1.0, 0.0)
                 for part in range(HOLD_ROWS)]
        return np.asarray(np.clip(np.array(rows), 0.0, 1.0))

    def _freed(self, group: Group, moments: Floats) -> Floats:
        """An idle agent, and by seconds talked: free within so many seconds."""
        now = group.handle.below(self._talked)
        then = group.handle.below(self._talked[:, None] + moments)
        rows = (then - now[:, None]) / np.maximum(1 - now, 1e-9)[:, None]
        idle = np.ones((1, len(moments)))
        return np.asarray(np.clip(np.concatenate([idle, rows]), 0.0, 1.0))




def _horizon(group: Group) -> float:
    """Seconds in which nearly every call that is answered has been answered."""
    durations = group.ring_answered
    return max(5.0, float(np.interp(0.985, np.cumsum(durations.shares), durations.edges[1:])))


def _normal_below(seconds: Floats, mean: float, variance: float) -> Floats:
    spread = math.sqrt(max(variance, 1.0) * 2)
    return np.array([0.5 * (1 + math.erf((value - mean) / spread)) for value in seconds])


