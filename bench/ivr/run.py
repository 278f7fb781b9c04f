"""One flow on a fresh node: how many calls it holds, and what they cost at a given load."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import AsyncExitStack
from typing import Any

from bench.ivr.calls import Call, Calls
from bench.ivr.climb import Climb
from bench.ivr.cpu import Group, Meter
from bench.ivr.flows import Flow, Prepared
from bench.ivr.gateway import Gateway
from bench.ivr.ground import Ground
from bench.ivr.hearing import Heard
from bench.ivr.phones import NOISE_RMS, Habits, Phones
from bench.ivr.plan import Growth, Plan, Window
from bench.ivr.result import Climbed, Metered, Result, told
from bench.ivr.script import Script, keyed

SETTLE_S = 1.5               # after the number of calls has changed
COMING_S = 1.0               # from placing a call to its first sound, while the load grows
CALM_S = 10.0                # and at most so long, until the sound has got over the change


class Run:
    """A flow with its gateway, its phones and its calls. Use as an async context manager."""

    def __init__(self, ground: Ground, flow: Flow, plan: Plan, script: Script,
                 prepared: Prepared | None, result: Result | None = None,
                 noise_rms: float = NOISE_RMS) -> None:
        """``result``: the flow's, if it has been run before."""
        self._ground, self._flow, self._plan, self._script = ground, flow, plan, script
        self._prepared = prepared
        asked = [turn for turn in script.turns if turn.keys]
        self._habits = Habits([turn.keys for turn in asked],
                              [turn.quiet_s(plan.reaction_s) for turn in asked], noise_rms,
                              script.answers_s)
        self._stack = AsyncExitStack()
        self.over: list[Call] = []               # calls that had ended by themselves
        self.result = result or Result(script.call_s)

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
        calls.wanted, calls.per_second = plan.most, plan.grow_per_second
        growth = Growth()
        while time.monotonic() < until and len(calls.alive) < plan.most:
            before = max(1, len(calls.alive))
            growth.tell(before, await self._watch(plan.window_s, self.result.windows))
            if growth.too_many is not None:
                break
        self.result.broke_at = growth.too_many
        return growth.good

    async def climb(self, first: int, climbed: Climbed) -> None:
        """From ``first`` calls up to a number that is not held."""
        climb = Climb(first, self._plan.most)
        while not climb.over:
            number = climb.number
            if self.calls.wanted != number:
                await self._reach(number)
            window = await self._watch(self._plan.hold_s, climbed.windows, number)
            climb.tell(round(window.tally.talking) if window.good else None)
            climbed.why = window.why
        climbed.held, climbed.broke_at = climb.held, climb.broke_at

    async def _reach(self, number: int) -> None:
        """So many calls, at rest after the change."""
        missing = number - len(self.calls.alive)
        self.calls.wanted = number
        await self.calls.until(lambda: len(self.calls.alive) >= number,
                               5 + missing / self._plan.per_second)
        await asyncio.sleep(SETTLE_S)

    async def _calm(self, number: int) -> None:
        """Rest until what was late while the calls came has been made up."""
        calm = time.monotonic() + CALM_S
        while time.monotonic() < calm and not (await self._watch(SETTLE_S, [], number)).good:
            pass

    async def _watch(self, seconds: float, windows: list[dict[str, Any]],
                     wanted: int | None = None) -> Window:
        """Count what goes wrong from now on, for so long; ``wanted`` None: the load grows."""
        failed, sipp = self.calls.failed, self.gateway.failed()
        began, seen = time.time_ns(), [len(self.calls.alive)]
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.sleep(0.2)
            seen.append(len(self.calls.alive))
        tally = await asyncio.to_thread(self.phones.tally, began, time.time_ns())
        alive = round(sum(seen) / len(seen))
        failures = self.calls.failed - failed + self.gateway.failed() - sipp
        window = Window(alive, tally, failures, self._plan.grow_per_second * COMING_S) \
            if wanted is None else Window(wanted, tally, failures)
        windows.append(told(window, alive, min(seen)))
        return window

    # --- at a given load -----------------------------------------------------------------------

    async def measure(self, number: int, seconds: float) -> tuple[int, int]:
        """Hold so many calls and meter the processors; the moments of it, in ns."""
        await self._reach(number)
        await self._calm(number)
        meter, began = Meter(self._groups()), time.time_ns()
        tally = (await self._watch(seconds, [], number)).tally
        self.result.metered.append(Metered(tally.talking, tally.late_calls, meter.cores()))
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
                "recorder": Group(ground.recorder_pid or 0),
                "keeper": Group(ground.keeper_pid or 0),
                "postgresql": Group(ground.postgres_pid),
                "sipp": Group(self.gateway.pid or 0), "phones": Group(self.phones.pid),
                "driver": Group(os.getpid(), children=False)}

    # --- the end -------------------------------------------------------------------------------

    async def conclude(self, began: int, ended: int) -> Heard:
        """Take no more calls, and see what the patients heard."""
        self.calls.wanted = 0
        result = self.result
        self.over = [call for call in self.calls.all.values() if call.ended and call.answered]
        heard = await asyncio.to_thread(self.phones.heard)
        await self._ground.process.stop()        # hangs up on everybody: our server need not wait
        result.digit_ms += heard.digit_to_prompt_ms(began, ended)
        if heard.dropped:
            result.errors.append(f"{self._flow.value}: the phones' own ports lost {heard.dropped} "
                                 "packets: late sound may be theirs")
        result.errors += [f"{self._flow.value}: {count} x {fault}"
                          for fault, count in self.calls.faults.items()]
        if self._flow is not Flow.AFTERCALL:
            expected = keyed(self._script.turns)
            complete = sum(call.keys == expected for call in self.over)
            result.completed += complete
            result.wrong += len(self.over) - complete
        return heard


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()
