"""The demo's report: read back from the database, the recordings and the gateway's own CDR."""

from __future__ import annotations

import statistics
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.calls.models import (
    Attempt,
    Escalation,
    EscalationState,
    Recording,
    RecordingState,
)
from followup.campaigns.models import Task
from followup.patients.models import Patient
from followup.responses.models import Answer, Finding, Response, Severity
from recordings.errors import Changed, Missing
from recordings.vault import Vault
from simgateway.cdr import GatewayCall
from simgateway.personas import Persona, persona_code


@dataclass
class PersonaResult:
    """What came of the calls to one kind of patient."""

    name: str
    expected: str
    actual: str
    ok: bool


@dataclass
class Report:
    """Figures of one campaign. Times in seconds."""

    patients: int = 0
    attempts: int = 0
    answered: int = 0
    completed: int = 0
    answers: int = 0
    findings: dict[str, int] = field(default_factory=dict)
    escalations: int = 0
    # from the moment the script turns to find a person, to the agent's voice
    answer_to_agent_seconds: dict[str, float | None] = field(default_factory=dict)
    recordings: int = 0
    personas: list[PersonaResult] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @property
    def ok(self) -> bool:
        """Whether every persona's outcome is what its script says."""
        return bool(self.personas) and all(persona.ok for persona in self.personas)


@dataclass(frozen=True)
class Followed:
    """One patient's follow-up, as everybody involved tells it."""

    phone: str
    dispositions: tuple[str, ...]
    answers: dict[str, str]
    findings: dict[str, str]
    escalated: bool
    answered: bool
    dialled: int                     # by the gateway's account
    recording_ok: bool


async def read_report(session: AsyncSession, campaign_id: uuid.UUID, vault: Vault,
                      calls: Sequence[GatewayCall], personas: Iterable[Persona]) -> Report:
    """Read everything of a campaign that is over."""
    attempts = list(await session.scalars(
        select(Attempt).join(Task, Task.id == Attempt.task_id)
        .where(Task.campaign_id == campaign_id)))
    ids = [attempt.id for attempt in attempts]
    waits = [(row.bridged_at - row.requested_at).total_seconds() for row in await session.scalars(
        select(Escalation).where(Escalation.attempt_id.in_(ids))) if row.bridged_at]
    severities = Counter(await session.scalars(
        select(Finding.severity).join(Response, Response.id == Finding.response_id)
        .join(Task, Task.id == Response.task_id).where(Task.campaign_id == campaign_id)))
    followed = await _followed(session, campaign_id, vault, calls)
    return Report(
        patients=len(followed),
        attempts=len(attempts),
        answered=sum(attempt.answered_at is not None for attempt in attempts),
        completed=sum(attempt.disposition == "completed" for attempt in attempts),
        answers=sum(len(one.answers) for one in followed),
        findings={severity.value: severities[severity] for severity in Severity},
        escalations=len(waits),
        answer_to_agent_seconds={
            "p50": round(statistics.median(waits), 3) if waits else None,
            "max": round(max(waits), 3) if waits else None},
        recordings=await session.scalar(select(func.count()).select_from(Recording).where(
            Recording.attempt_id.in_(ids), Recording.state == RecordingState.SEALED)) or 0,
        personas=[hold_against(persona, [one for one in followed
                                         if persona_code(one.phone) == persona.code])
                  for persona in personas])


async def _followed(session: AsyncSession, campaign_id: uuid.UUID, vault: Vault,
                    calls: Sequence[GatewayCall]) -> list[Followed]:
    dialled = Counter(call.number for call in calls)
    result = []
    rows = await session.execute(
        select(Task, Patient).join(Patient, Patient.id == Task.patient_id)
        .where(Task.campaign_id == campaign_id).order_by(Patient.phone))
    for task, patient in rows:
        attempts = list(await session.scalars(
            select(Attempt).where(Attempt.task_id == task.id).order_by(Attempt.seq)))
        response = await session.scalar(select(Response).where(Response.task_id == task.id))
        answers: dict[str, str] = {}
        findings: dict[str, str] = {}
        if response is not None:
            for answer in await session.scalars(select(Answer).where(
                    Answer.response_id == response.id, Answer.superseded_at.is_(None))):
                answers[answer.link_id] = answer.heard.rstrip("#").replace("*", ".")
            for finding in await session.scalars(
                    select(Finding).where(Finding.response_id == response.id)):
                findings[finding.link_id] = finding.severity.value
        escalated = await session.scalar(select(func.count()).select_from(Escalation).where(
            Escalation.attempt_id.in_([one.id for one in attempts]),
            Escalation.state == EscalationState.BRIDGED))
        recordings = list(await session.scalars(select(Recording).where(
            Recording.attempt_id.in_([one.id for one in attempts]))))
        result.append(Followed(
            phone=patient.phone, dispositions=tuple(str(one.disposition) for one in attempts),
            answers=answers, findings=findings, escalated=bool(escalated),
            answered=any(one.answered_at for one in attempts),
            dialled=dialled[patient.phone.removeprefix("+86")],
            recording_ok=len(recordings) == sum(one.answered_at is not None for one in attempts)
            and all([await _sealed(one, vault) for one in recordings])))
    return result


async def _sealed(recording: Recording, vault: Vault) -> bool:
    if recording.file is None or recording.stored is None or recording.sha256 is None:
        return False
    try:
        await vault.open_checked(recording.file, recording.stored, recording.sha256)
    except (Changed, Missing):
        return False
    return True


def hold_against(persona: Persona, followed: Sequence[Followed]) -> PersonaResult:
    """Compare what happened with what the persona's script says."""
    expect = persona.expect
    wanted = _tell(expect.disposition.value, expect.findings, expect.escalated)
    faults: list[str] = []
    told: dict[str, int] = defaultdict(int)
    for one in followed:
        told[_tell(" then ".join(one.dispositions), one.findings, one.escalated)] += 1
        if one.dispositions != (expect.disposition.value,):
            faults.append("another disposition")
        if one.dialled != len(one.dispositions):
            faults.append(f"dialled {one.dialled} times for {len(one.dispositions)} attempts")
        if one.findings != expect.findings or one.escalated != expect.escalated:
            faults.append("other findings")
        wrong = {link: value for link, value in expect.answers.items()
                 if one.answers.get(link) != value}
        if wrong:
            faults.append("answers differ: " + ", ".join(
                f"{link} is {one.answers.get(link, 'missing')}, not {value}"
                for link, value in wrong.items()))
        if not one.recording_ok:
            faults.append("recording missing or broken")
    actual = "; ".join(f"{count} x {text}" if len(told) > 1 else text
                       for text, count in told.items())
    if not followed:
        faults.append("nobody was called")
    if faults:
        actual = f"{actual} ({'; '.join(dict.fromkeys(faults))})"
    return PersonaResult(persona.name, wanted, actual, not faults)


def _tell(disposition: str, findings: dict[str, str], escalated: bool) -> str:
    parts = [disposition, *(f"{link} {severity}" for link, severity in sorted(findings.items()))]
    if escalated:
        parts.append("with an agent")
    return ", ".join(parts)
