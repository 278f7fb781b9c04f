"""One flow under growing load: how many calls it holds, and what they cost at four fifths of it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from bench.ivr.calls import Call, Calls
from bench.ivr.cpu import Group, Meter
from bench.ivr.flows import Flow, Prepared
from bench.ivr.gateway import Gateway
from bench.ivr.ground import Ground
from bench.ivr.hearing import Heard
from bench.ivr.phones import NOISE_RMS, Habits, Phones
from bench.ivr.plan import TRIES, Growth, Plan, Window, percentile
from bench.ivr.script import Turn, keyed

SETTLE_S = 2.0               # after the number of calls has changed
CALM_S = 12.0                # and at most so long, until the sound has got over the change
LAG_S = 1.2                  # SIPp tells its failures so late
DRAIN_S = 10.0               # until calls that are hung up have ended


@dataclass
class Result:
    """What came of one flow."""

    held: int | None = None                  # None: no number of calls
    broke_at: int | None = None              # None: not within the plan's limits
    windows: list[dict[str, Any]] = field(default_factory=list)
    cores: dict[str, float] = field(default_factory=dict)      # at the measured load
    measured_calls: int = 0
    measured_late: int = 0
    call_s: float | None = None
    digit_ms: list[float] = field(default_factory=list)
    completed: int = 0
    wrong: int = 0                           # calls that ended, but not as they should
    errors: list[str] = field(default_factory=list)

    def cpu_s_per_call(self) -> dict[str, float]:
        """Processor seconds of one call from its beginning to its end."""
        if not self.measured_calls or self.call_s is None:
            return {}
        return {name: round(cores * self.call_s / self.measured_calls, 4)
                for name, cores in self.cores.items()}

    def as_json(self) -> dict[str, Any]:
        """The flow's table."""
        return {"held": self.held, "broke_at": self.broke_at, "windows": self.windows,
                "measured_at_calls": self.measured_calls, "measured_late_calls": self.measured_late,
                "cores": {name: round(cores, 4) for name, cores in self.cores.items()},
                "cpu_s_per_call": self.cpu_s_per_call(), "call_s": self.call_s,
                "digit_to_prompt_ms": {"p50": percentile(self.digit_ms, 0.5),
                                       "p99": percentile(self.digit_ms, 0.99),
                                       "samples": len(self.digit_ms)},
                "completed": self.completed, "wrong": self.wrong}


class Run:
    """A flow with its gateway, its phones and its calls. Use as an async context manager."""

    def __init__(self, ground: Ground, flow: Flow, plan: Plan, turns: Sequence[Turn],
                 prepared: Prepared | None, noise_rms: float = NOISE_RMS) -> None:
        self._ground, self._flow, self._plan, self._turns = ground, flow, plan, turns
        self._prepared = prepared
        answers = [turn.keys for turn in turns if turn.keys]
        self._habits = Habits(answers, plan.reaction_s, noise_rms)
        self._stack = AsyncExitStack()
        self.over: list[Call] = []               # calls that had ended by themselves
        self.result = Result()

    async def __aenter__(self) -> Run:
        ground, enter = self._ground, self._stack.enter_async_context
        trunk = ground.settings.trunk
        try:
            if self._flow is Flow.THREADS and self._prepared:
                self._server = await asyncio.create_subprocess_exec(
                    *self._prepared.server, stdin=asyncio.subprocess.DEVNULL,
                    start_new_session=True)
                self._stack.push_async_callback(_end, self._server)
            self.phones = self._stack.enter_context(
                Phones(trunk.host, ground.node.sip_bind, self._habits))
            self.gateway = await enter(Gateway(ground.sipp, ground.folder / "sipp", trunk.host,
                                               trunk.port, self.phones.ports))
            self.calls = await enter(Calls(ground, self._flow, self._plan.per_second))
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    # --- how many ----------------------------------------------------------------------------

    async def grow(self) -> int:
        """Let the load grow until sound comes late; the most calls before that."""
        plan, calls = self._plan, self.calls
        until = time.monotonic() + plan.grow_s
        calls.wanted = plan.most
        growth = Growth()
        while time.monotonic() < until and len(calls.alive) < plan.most:
            growth.tell(max(1, len(calls.alive)), await self._watch(plan.window_s))
            if growth.too_many is not None:
                break
        self.result.broke_at = growth.too_many
        return growth.good

    async def hold(self, number: int) -> int | None:
        """How many calls are held when so many are wanted; None when they are not."""
        await self._reach(number)
        for _ in range(TRIES):
            window = await self._watch(self._plan.hold_s)
            if window.good and window.calls:
                self.result.held = window.calls
                break
        return self.result.held

    async def _reach(self, number: int) -> None:
        """So many calls, no more and no fewer, and rest until what was late has been made up."""
        self.calls.wanted = number
        await self.calls.cut_down(number)
        await self.calls.until(lambda: len(self.calls.alive) <= number, DRAIN_S)
        await self.calls.until(lambda: len(self.calls.alive) >= number,
                               5 + number / self._plan.per_second)
        await asyncio.sleep(SETTLE_S)
        calm = time.monotonic() + CALM_S
        while time.monotonic() < calm and not (await self._watch(SETTLE_S, told=False)).good:
            pass

    async def _watch(self, seconds: float, *, told: bool = True) -> Window:
        """Count what goes wrong from now on, for so long; ``told`` in the result."""
        failed, sipp = self.calls.failed, self.gateway.failed()
        began, seen = time.time_ns(), [len(self.calls.alive)]
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.sleep(0.2)
            seen.append(len(self.calls.alive))
        tally = await asyncio.to_thread(self.phones.tally, began, time.time_ns())
        alive = round(sum(seen) / len(seen))
        window = Window(alive, tally, self.calls.failed - failed + self.gateway.failed() - sipp)
        if told:
            self.result.windows.append({
                "calls": alive, "least": min(seen), "heard": tally.calls,
                "late_calls": tally.late_calls, "late_packets": tally.late_packets,
                "failures": window.failures, "good": window.good})
        return window

    # --- at a given load -----------------------------------------------------------------------

    async def measure(self, number: int, seconds: float) -> tuple[int, int]:
        """Hold so many calls and meter the processors; the moments of it, in ns."""
        await self._reach(number)
        meter, began = Meter(self._groups()), time.time_ns()
        window = await self._watch(seconds)
        result = self.result
        result.cores, result.measured_calls = meter.cores(), window.calls
        result.measured_late = window.tally.late_calls
        return began, time.time_ns()

    def _groups(self) -> dict[str, Group]:
        ground = self._ground
        node = ground.process.pid or 0
        ours = Group(0)
        match self._flow:
            case Flow.AFTERCALL:
                ours = Group(ground.agi_pid or 0)
            case Flow.THREADS:
                ours = Group(self._server.pid)
            case Flow.PROCESS:
                ours = Group(node, itself=False)
        return {"asterisk": Group(node, children=False), "scripts": ours,
                "postgresql": Group(ground.postgres_pid),
                "sipp": Group(self.gateway.pid or 0), "phones": Group(self.phones.pid),
                "driver": Group(os.getpid(), children=False)}

    # --- the end -------------------------------------------------------------------------------

    async def conclude(self, began: int, ended: int) -> Heard:
        """Take no more calls, and see what the patients heard."""
        self.calls.wanted = 0
        result = self.result
        self.over = [call for call in self.calls.all.values() if call.ended and call.answered
                     and not call.cut]
        heard = await asyncio.to_thread(self.phones.heard)
        await self._ground.process.stop()        # hangs up on everybody: our server need not wait
        result.digit_ms = heard.digit_to_prompt_ms(began, ended)
        if lengths := [call.ended - call.answered for call in self.over]:
            result.call_s = round(sorted(lengths)[len(lengths) // 2], 2)
        if heard.dropped:
            result.errors.append(f"{self._flow.value}: the phones' own ports lost {heard.dropped} "
                                 "packets: late sound may be theirs")
        result.errors += [f"{self._flow.value}: {count} x {fault}"
                          for fault, count in self.calls.faults.items()]
        if self._flow is not Flow.AFTERCALL:
            expected = keyed(self._turns)
            result.completed = sum(call.keys == expected for call in self.over)
            result.wrong = len(self.over) - result.completed
        return heard


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()
