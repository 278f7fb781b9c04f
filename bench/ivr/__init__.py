"""``aftercall bench ivr``: the eight-item questionnaire under load, by us and by three others.

A real Asterisk, SIPp as the voice gateway, sound and keys on every call, one machine. What each
figure means is told in bench/README.md.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select, update

from asterisk_conf.errors import AsteriskError
from bench.ivr.flows import Flow, prepare
from bench.ivr.gateway import GatewayFault
from bench.ivr.ground import Ground, Stage
from bench.ivr.plan import LESS, Plan, percentile
from bench.ivr.run import Result, Run
from bench.ivr.script import Turn, rehearse
from bench.sample import fill
from dialer.ami import AmiError
from followup.calls.ledger import attempt_id_of
from followup.calls.models import Attempt, Disposition
from followup.campaigns.models import Task
from followup.errors import AftercallError
from followup.patients.models import Patient
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE
from followup.responses.models import Answer
from ivr.conversation import Context

Say = Callable[[str], None]
TROUBLES = (AftercallError, AsteriskError, AmiError, GatewayFault, OSError, RuntimeError,
            TimeoutError)
# as bench.sample.fill makes patients
NAME, DEPARTMENT = "测试", "骨科"
VOICE_NOISE_RMS = 250.0      # a lively line: the voice detector has to look at every frame


@dataclass
class Report:
    """What is known so far; what is missing stays null, and ``errors`` say why."""

    flows: dict[str, Result] = field(default_factory=dict)
    agi_ms: dict[str, float | None] = field(default_factory=lambda: {"p50": None, "p99": None})
    voice: dict[str, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The result of the benchmark."""
        ours, theirs = self.flows.get(Flow.AFTERCALL), self.flows.get(Flow.DIALPLAN)
        return {
            "calls_held": {flow.value: self.flows[flow].held if flow in self.flows else None
                           for flow in (Flow.AFTERCALL, Flow.DIALPLAN, Flow.THREADS,
                                        Flow.PROCESS)},
            "cpu_over_asterisk": _share(ours),
            "agi_round_trip_ms": self.agi_ms,
            "digit_to_prompt_over_dialplan_ms": _over(ours, theirs),
            "voice_calls": self.voice.get("calls"),
            "voice_late_frames": self.voice.get("late_frames"),
            "errors": [*(error for result in self.flows.values() for error in result.errors),
                       *self.errors],
            "flows": {name: result.as_json() for name, result in self.flows.items()},
            "voice": self.voice}


async def measure_ivr(stage: Stage, plan: Plan, say: Say = lambda _: None) -> dict[str, Any]:
    """The whole benchmark. What fails is told in ``errors``; the rest is measured all the same."""
    report = Report()
    load: int | None = None
    for flow in plan.flows:
        say(f"{flow.value}: how many calls are held")
        try:
            await _one_flow(stage, flow, plan, report, load)
        except TROUBLES as error:
            report.errors.append(f"{flow.value}: {type(error).__name__}: {error}")
            continue
        result = report.flows[flow]
        say(f"{flow.value}: {result.held} calls held, "
            f"processor seconds a call {result.cpu_s_per_call()}")
        if flow is Flow.DIALPLAN and result.held:
            load = round(result.held * plan.load)
    if not plan.voice_calls:
        return report.as_json()
    say(f"voice: {plan.voice_calls} calls, listening at every question")
    try:
        await _voice(stage, plan, report)
    except TROUBLES as error:
        report.errors.append(f"voice: {type(error).__name__}: {error}")
    return report.as_json()


async def _one_flow(stage: Stage, flow: Flow, plan: Plan, report: Report,
                    load: int | None) -> None:
    """Grow until it breaks; then, as a node that had too much is late for long, hold as much on a
    fresh one, or less on another, and measure there."""
    number, broke_at, grown = plan.most, None, []
    if plan.grow_s:
        async with _running(stage, flow, plan, "growing") as (_, run, _):
            report.flows[flow] = run.result
            number = round(await run.grow() * LESS)
            broke_at, grown = run.result.broke_at, run.result.windows
            await run.conclude(*2 * (time.time_ns(),))
    for start in range(plan.starts):
        async with _running(stage, flow, plan, f"start{start}") as (ground, run, turns):
            result = report.flows[flow] = run.result
            result.broke_at, result.windows = broke_at, grown
            held = await run.hold(max(1, number))
            if held is None and start + 1 < plan.starts:
                number = round(number * LESS)
                continue
            if held is None:
                result.errors.append(f"{flow.value}: no number of calls was held")
            own = round((held or number) * plan.load)
            span = await run.measure(max(1, min(load or own, own)), plan.measure_s)
            await run.conclude(*span)
            if flow is Flow.AFTERCALL:
                await _look_at_answers(ground, run, turns)
        break
    if flow is Flow.AFTERCALL:
        report.agi_ms = _from_log(ground.agi_log, "agi_round_trips",
                                  {"p50": "p50_ms", "p99": "p99_ms"})


@asynccontextmanager
async def _running(stage: Stage, flow: Flow, plan: Plan,
                   name: str) -> AsyncIterator[tuple[Ground, Run, list[Turn]]]:
    async with stage.set(f"{flow.value}-{name}", agi=flow is Flow.AFTERCALL) as ground:
        turns = await turns_of(ground, "zh")
        prepared = await prepare(ground.settings, ground.node, ground.process, turns,
                                 ground.settings.agi.port)
        if flow is Flow.AFTERCALL:
            await admit(ground, "zh")
        async with Run(ground, flow, plan, turns, prepared) as run:
            yield ground, run, turns


async def _voice(stage: Stage, plan: Plan, report: Report) -> None:
    """Everybody is heard by voice at every question: does any frame come late?"""
    async with stage.set("voice", agi=True, speech=True) as ground:
        turns = await turns_of(ground, "en")       # its recogniser comes with us
        await admit(ground, "en")
        async with Run(ground, Flow.AFTERCALL, plan, turns, None, VOICE_NOISE_RMS) as run:
            span = await run.measure(plan.voice_calls, plan.voice_s)
            heard = await run.conclude(*span)
            late_calls, late_frames = heard.late_between(*span)
            report.voice = {"calls": run.result.measured_calls, "late_frames": late_frames,
                            "late_calls": late_calls, **run.result.as_json()}
            report.errors += run.result.errors
        await _look_at_answers(ground, run, turns)
        report.voice |= {"completed": run.result.completed, "wrong": run.result.wrong}
    report.voice["frame_clock"] = _from_log(ground.agi_log, "frame_clock", {
        name: name for name in ("frames", "late", "worst_ms")})


async def turns_of(ground: Ground, language: str) -> list[Turn]:
    """The call that everybody has."""
    hospital = {"zh": ground.settings.hospital, "en": ground.settings.hospital_en}
    return await rehearse(load_questionnaire(POST_DISCHARGE.read_bytes()),
                          Context(hospital, NAME, DEPARTMENT, language), ground.book)


async def admit(ground: Ground, language: str, tasks: int = 3000) -> None:
    """Patients to call, all due now; those of an earlier run are not called any more."""
    async with ground.database.session() as session:
        await session.execute(delete(Task).where(
            Task.id.not_in(select(Attempt.task_id))))
    await fill(ground.database, tasks)
    async with ground.database.session() as session:
        await session.execute(update(Patient).values(language=language))


async def _look_at_answers(ground: Ground, run: Run, turns: list[Turn]) -> None:
    """Calls that ended by themselves must have all their answers in the database."""
    over = [attempt_id_of(call.channel_id) for call in run.over]
    wanted = sum(bool(turn.keys) for turn in turns)
    async with ground.database.session() as session:
        stored = select(func.count(Answer.id)).where(
            Answer.attempt_id == Attempt.id).correlate(Attempt).scalar_subquery()
        rows = (await session.execute(select(Attempt.outcome, stored).where(
            Attempt.id.in_(over)))).all()
    run.result.completed = sum(outcome is Disposition.COMPLETED and answers == wanted
                               for outcome, answers in rows)
    run.result.wrong = len(rows) - run.result.completed


def _share(ours: Result | None) -> float | None:
    if ours is None or not ours.cores.get("asterisk"):
        return None
    return round(ours.cores["scripts"] / ours.cores["asterisk"], 4)


def _over(ours: Result | None, theirs: Result | None) -> dict[str, float | None]:
    """By how much our prompts follow later than the dialplan's."""
    found: dict[str, float | None] = {}
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        one = percentile(ours.digit_ms, share) if ours else None
        other = percentile(theirs.digit_ms, share) if theirs else None
        found[name] = None if one is None or other is None else round(one - other, 3)
    return found


def _from_log(log: Path, event: str, names: dict[str, str]) -> dict[str, float | None]:
    """Figures that our server has told when it stopped."""
    found: dict[str, float | None] = dict.fromkeys(names)
    with suppress(FileNotFoundError):
        for line in log.read_text("utf-8", "replace").splitlines():
            with suppress(ValueError):
                told = json.loads(line)
                if told.get("event") == event:
                    found = {name: told.get(key) for name, key in names.items()}
    return found
