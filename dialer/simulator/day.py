"""One day on the telephone, event by event, under any policy. A plain heap; nothing is awaited."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Literal, Protocol

from dialer.pacing.escalation import Finding, Step, next_step
from dialer.pacing.picture import Asking, Picture
from dialer.simulator.draws import Draws
from dialer.simulator.scenario import Scenario


class Policy(Protocol):
    """Decides how many calls to place; what happens is told to it."""

    @property
    def tick_s(self) -> float:
        """It decides at least so often."""

    @property
    def on_events(self) -> bool:
        """Does it decide after each event too?"""

    def place(self, picture: Picture) -> int:
        """How many calls to place now; no more than ``picture.lines_free`` are taken."""

    def rang(self, now: float, seconds: float, answered: bool) -> None:
        """A call has stopped ringing."""

    def talked(self, now: float, seconds: float) -> None:
        """An agent has become free after so long."""

    def asked(self, now: float, item: int, seconds: float, abnormal: bool | None) -> None:
        """An item was answered; None: an earlier answer had been abnormal."""


Handoff = Literal["immediate", "elastic"]


@dataclass(slots=True)
class DayResult:
    """What came of a day. Each placed call is unanswered or answered; each answered one that needed
    a person was served or lost (abandoned, or an alert to be called back)."""

    placed: int = 0
    unanswered: int = 0
    answered: int = 0
    needed: int = 0
    served: int = 0
    abandoned: int = 0           # predictive
    alerts: int = 0              # IVR-first
    completed: int = 0           # conversations that came to their end
    busy_s: float = 0.0          # agents' talk and wrap-up within the day
    waited_s: float = 0.0        # patients' waiting for a person
    lines_s: float = 0.0         # use of lines
    ended_at: float = 0.0

    @property
    def lost(self) -> int:
        """Needs that found nobody in time."""
        return self.abandoned + self.alerts


RING_END, ITEM_END, AGENT_FREE, GIVE_UP, TICK = range(5)


class Day:
    """A day in the making; ``run`` it once. ``list_length`` ends it early when all were called."""

    def __init__(self, scenario: Scenario, policy: Policy, draws: Draws, *,
                 handoff: Handoff = "elastic", hold_s: float = 20.0,
                 list_length: int | None = None) -> None:
        self._s, self._policy, self._draws = scenario, policy, draws
        self._ivr = scenario.mode == "ivr_first"
        self._elastic = self._ivr and handoff == "elastic"
        self._patience = hold_s if self._elastic else scenario.patience_s
        self._list = list_length
        self._heap: list[tuple[float, int, int]] = []
        self._answers: set[int] = set()
        self._out = DayResult()
        self._floor = Picture(agents=scenario.agents, lines=scenario.lines, opened_at=0.0,
                              closes_at=scenario.day_s, budget=scenario.budget)

    def run(self) -> DayResult:
        """Until the last call has ended; none is placed after closing time."""
        heap, floor, policy, out = self._heap, self._floor, self._policy, self._out
        closes, tick, on_events = self._s.day_s, policy.tick_s, policy.on_events
        happen = (self._ring_end, self._item_end, self._agent_free, self._give_up)
        heappush(heap, (0.0, TICK, 0))
        while heap:
            now, kind, call = heappop(heap)
            floor.now = now
            if kind != TICK:
                happen[kind](now, call)
                while floor.waiting and len(floor.talking) < floor.agents:
                    first = next(iter(floor.waiting))
                    since = floor.waiting.pop(first)
                    out.waited_s += now - since
                    self._serve(now, first)
            elif now + tick < closes and not self._list_done:
                heappush(heap, (now + tick, TICK, 0))
            out.ended_at = now
            if now < closes and (kind == TICK or (on_events and not (
                    kind == ITEM_END and call in floor.asking))):
                self._place(now)
        return out

    @property
    def _list_done(self) -> bool:
        return self._list is not None and self._out.placed >= self._list

    def _place(self, now: float) -> None:
        s, draws, out = self._s, self._draws, self._out
        count = min(self._policy.place(self._floor), self._floor.lines_free)
        if self._list is not None:
            count = min(count, self._list - out.placed)
        for _ in range(count):
            call = out.placed
            out.placed += 1
            if call >= len(draws.answer):
                draws.grow()
            self._floor.ringing[call] = now
            if draws.answer[call] < draws.chance(now):
                self._answers.add(call)
                seconds = draws.ring[call]
            else:
                seconds = s.fail_s if draws.busy[call] else s.ringout_s
            heappush(self._heap, (now + seconds, RING_END, call))

    def _ring_end(self, now: float, call: int) -> None:
        out, seconds = self._out, now - self._floor.ringing.pop(call)
        answered = call in self._answers
        out.lines_s += seconds
        self._policy.rang(now, seconds, answered)
        if not answered:
            out.unanswered += 1
            return
        self._answers.discard(call)
        out.answered += 1
        if self._ivr:
            self._ask(now, call, 0, pending=False)
        else:
            self._need(now, call)

    def _ask(self, now: float, call: int, item: int, *, pending: bool) -> None:
        self._floor.asking[call] = Asking(item, now, pending)
        heappush(self._heap, (now + self._draws.items[call][item], ITEM_END, call))

    def _item_end(self, now: float, call: int) -> None:
        item, since, pending = self._floor.asking.pop(call)
        self._out.lines_s += now - since
        abnormal = self._draws.abnormal[call] == item + 1
        self._policy.asked(now, item, now - since, None if pending else abnormal)
        if abnormal:
            self._out.needed += 1
            pending = self._elastic
            if not self._elastic:
                self._wait(now, call)
                return
        left = self._s.items - item - 1
        if pending:
            step = next_step(Finding(critical=False, useful_left=left),
                             spare=self._floor.idle - len(self._floor.waiting))
            if step is not Step.ASK:
                self._wait(now, call)
                return
        if left:
            self._ask(now, call, item + 1, pending=pending)
        else:
            self._out.completed += 1

    def _need(self, now: float, call: int) -> None:
        self._out.needed += 1
        self._wait(now, call)

    def _wait(self, now: float, call: int) -> None:
        self._floor.waiting[call] = now
        heappush(self._heap, (now + self._patience, GIVE_UP, call))

    def _give_up(self, now: float, call: int) -> None:
        since = self._floor.waiting.pop(call, None)
        if since is None:
            return
        self._out.waited_s += now - since
        self._out.lines_s += now - since
        self._floor.needed += 1
        self._floor.lost += 1
        if self._ivr:
            self._out.alerts += 1
            self._out.completed += 1
        else:
            self._out.abandoned += 1

    def _serve(self, now: float, call: int) -> None:
        self._out.served += 1
        self._floor.needed += 1
        handle = self._draws.handle[call]
        self._floor.talking[call] = now
        self._out.busy_s += max(0.0, min(handle, self._s.day_s - now))
        heappush(self._heap, (now + handle, AGENT_FREE, call))

    def _agent_free(self, now: float, call: int) -> None:
        seconds = now - self._floor.talking.pop(call)
        self._out.lines_s += seconds
        self._policy.talked(now, seconds)
        self._out.completed += 1
