"""``aftercall bench ivr``: the eight-item questionnaire under load, by us and by three others.

A real Asterisk, SIPp as the voice gateway, sound and keys on every call, one machine. What each
figure means is told in bench/README.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from asterisk_conf.errors import AsteriskError
from bench.ivr.climb import ratio
from bench.ivr.contest import Contest
from bench.ivr.flows import Flow
from bench.ivr.gateway import GatewayFault
from bench.ivr.ground import Stage
from bench.ivr.house import admit, from_log, look_at_answers, script_of
from bench.ivr.plan import Plan, percentile
from bench.ivr.result import Result
from bench.ivr.run import Run
from dialer.ami import AmiError
from followup.errors import AftercallError

Say = Callable[[str], None]
TROUBLES = (AftercallError, AsteriskError, AmiError, GatewayFault, OSError, RuntimeError,
            TimeoutError)
VOICE_NOISE_RMS = 250.0      # a lively line: the voice detector has to look at every frame


@dataclass
class Report:
    """What is known so far; what is missing stays null, and ``errors`` say why."""

    contest: Contest
    voice: dict[str, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The result of the benchmark."""
        flows = self.contest.results
        ours, theirs = flows.get(Flow.AFTERCALL), flows.get(Flow.DIALPLAN)
        share, error = ratio(self.contest.points())
        return {
            "calls_held": {flow.value: flows[flow].held if flow in flows else None
                           for flow in (Flow.AFTERCALL, Flow.DIALPLAN, Flow.THREADS,
                                        Flow.PROCESS)},
            "ratio": share, "ratio_spread": error,
            "cpu_over_asterisk": _share(ours),
            "cpu_over_dialplan": _more(ours, theirs),
            "agi_round_trip_ms": self.contest.agi_round_trip_ms(),
            "digit_to_prompt_over_dialplan_ms": _over(ours, theirs),
            "voice_calls": self.voice.get("calls"),
            "voice_late_frames": self.voice.get("late_frames"),
            "errors": [*(error for result in flows.values() for error in result.errors),
                       *self.errors],
            "flows": {flow.value: result.as_json() for flow, result in flows.items()},
            "voice": self.voice}

    async def attempt(self, what: str, work: Awaitable[None]) -> None:
        """What fails is told, and the rest is measured all the same."""
        try:
            await work
        except TROUBLES as error:
            self.errors.append(f"{what}: {type(error).__name__}: {error}")


async def measure_ivr(stage: Stage, plan: Plan, say: Say = lambda _: None) -> dict[str, Any]:
    """The whole benchmark."""
    contest = Contest(stage, plan)
    report = Report(contest)

    async def climb(flow: Flow) -> None:
        await report.attempt(flow.value, contest.climb(flow))
        if (result := contest.results.get(flow)) and result.climbs:
            last = result.climbs[-1]
            say(f"{flow.value}: {last.held} calls held; {last.broke_at} were not: {last.why}")

    async def grow(flow: Flow) -> None:
        if contest.has_to_grow(flow):
            say(f"{flow.value}: roughly how many calls are held")
            await report.attempt(flow.value, contest.grow(flow))

    for flow in contest.order():
        await grow(flow)
    for pair in contest.pairs():
        for flow in pair:
            await climb(flow)
    for flow in plan.flows:
        if flow not in contest.order():
            await grow(flow)
            await climb(flow)
    if plan.voice_calls:
        say(f"voice: {plan.voice_calls} calls, listening at every question")
        await report.attempt("voice", _voice(stage, plan, report))
    return report.as_json()


async def _voice(stage: Stage, plan: Plan, report: Report) -> None:
    """Everybody is heard by voice at every question: does any frame come late?"""
    async with stage.set("voice", agi=True, speech=True) as ground:
        script = await script_of(ground, plan, "en")       # its recogniser comes with us
        await admit(ground, "en")
        async with Run(ground, Flow.AFTERCALL, plan, script, None,
                       noise_rms=VOICE_NOISE_RMS) as run:
            span = await run.measure(plan.voice_calls, plan.voice_s)
            heard = await run.conclude(*span)
            late_calls, late_frames = heard.late_between(*span)
            report.voice = {"calls": run.result.measured_calls, "late_frames": late_frames,
                            "late_calls": late_calls, **run.result.as_json()}
            report.errors += run.result.errors
        await look_at_answers(ground, run, script)
        report.voice |= {"completed": run.result.completed, "wrong": run.result.wrong}
    report.voice["frame_clock"] = from_log(ground.agi_log, "frame_clock", {
        name: name for name in ("frames", "late", "worst_ms")})


def _share(ours: Result | None) -> float | None:
    if ours is None or not ours.cores.get("asterisk"):
        return None
    return round(ours.cores["scripts"] / ours.cores["asterisk"], 4)


def _more(ours: Result | None, theirs: Result | None) -> float | None:
    """What a call costs more with us than as pure dialplan: Asterisk, our process, the recorder."""
    if ours is None or theirs is None or not ours.metered or not theirs.metered:
        return None
    with_us, without = ours.cpu_s_per_call(), theirs.cpu_s_per_call()
    together = with_us["asterisk"] + with_us["scripts"] + with_us["recorder"]
    return round(together / without["asterisk"] - 1, 4)


def _over(ours: Result | None, theirs: Result | None) -> dict[str, float | None]:
    """By how much our prompts follow later than the dialplan's."""
    found: dict[str, float | None] = {}
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        one = percentile(ours.digit_ms, share) if ours else None
        other = percentile(theirs.digit_ms, share) if theirs else None
        found[name] = None if one is None or other is None else round(one - other, 3)
    return found
