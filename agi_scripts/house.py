"""The database behind a call, said in the call's own words.

Every step is one transaction, tried again while PostgreSQL restarts: the patient hears a short
silence, and nothing they said is lost.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from agi_scripts.waiting import Place, place_of, spare_agents, waiting
from followup.agents import roster
from followup.agents.models import Agent, AgentState
from followup.alerts import register
from followup.calls import ledger, said_of
from followup.calls.models import (
    AnsweredBy,
    Attempt,
    AttemptState,
    Disposition,
    Escalation,
    EscalationState,
    Recording,
    RecordingMark,
    RecordingState,
)
from followup.campaigns.models import Campaign, CampaignMode, Task
from followup.campaigns.rules import CampaignRules
from followup.database.base import now
from followup.database.engine import Database
from followup.errors import NotFound, Unavailable
from followup.log import get_logger
from followup.patients import consent
from followup.patients.models import Encounter, Patient
from followup.questionnaires.models import QuestionnaireRow
from followup.responses import store
from followup.responses.models import Answer, Response, Severity
from followup.responses.store import Given
from followup.settings import Settings
from ivr.conversation.farewell import moment_of
from ivr.understanding import When
from recordings.naming import capture_name

log = get_logger(__name__)
T = TypeVar("T")

ASKED = "asked-for-a-person"
ASKED_TEXT = {"zh": "患者要求与工作人员通话", "en": "Asked to speak with a person"}

_MARK = insert(cast("Table", RecordingMark.__table__))
# A database that restarts is back within these waits.
RETRY_WAITS_S = (0.1, 0.4, 1.0, 2.0, 3.0)


@dataclass
class Call:
    """One answered follow-up call."""

    attempt: Attempt
    patient: Patient
    encounter: Encounter
    response: Response
    questionnaire: QuestionnaireRow
    answers: list[Answer]                        # given in earlier calls
    mode: CampaignMode                           # who speaks with them
    hold_s: int                                  # how long they may be asked to wait for an agent
    skill: str | None = None                     # that agent must have it
    recording_id: uuid.UUID | None = None
    recording_since: datetime | None = None
    # rows of recording_mark, written with what comes next
    marks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def id(self) -> uuid.UUID:
        """The attempt's id."""
        return self.attempt.id


class House:
    """What the scripts ask of the hospital's side."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self._database = database
        self._deadlines = store.deadlines(settings.dialer.critical_deadline_min,
                                          settings.dialer.abnormal_deadline_min)

    async def _do(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Run ``work`` in a transaction; Unavailable when the database stays away."""
        for wait in (*RETRY_WAITS_S, None):
            try:
                async with self._database.session() as session:
                    return await work(session)
            except (DBAPIError, OSError, TimeoutError) as error:
                if _is_ours(error):
                    raise
                if wait is None:
                    raise Unavailable("the database does not answer") from error
                log.warning("the database does not answer, trying again", reason=repr(error)[:200])
                await asyncio.sleep(wait)
        raise AssertionError("unreachable")

    async def _do_in(self, call: Call, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """The same, in a call: its marks go with it, so that they cost nobody a wait.

        A question is asked once the answer before it is kept, however long that took.
        """
        marks = list(call.marks)

        async def both(session: AsyncSession) -> T:
            result = await work(session)
            for mark in marks:
                if mark["kind"] == "question" and call.recording_since is not None:
                    mark["at_ms"] = _since(call.recording_since)
            if marks:
                await session.execute(_MARK, marks)
            return result

        result = await self._do(both)
        del call.marks[:len(marks)]
        return result

    # --- the call ------------------------------------------------------------------------------

    async def open_call(self, attempt_id: uuid.UUID) -> Call:
        """Everything about the call that has just been answered; NotFound for a stranger's."""
        async def work(session: AsyncSession) -> Call:
            await ledger.advance(session, attempt_id, AttemptState.ANSWERED)
            attempt = await session.get(Attempt, attempt_id)
            if attempt is None or attempt.state is AttemptState.ENDED:
                raise NotFound("no live attempt has this id")
            task = await session.get_one(Task, attempt.task_id)
            campaign = await session.get_one(Campaign, task.campaign_id)
            # whoever is on the phone already is not to suffer for rules that do not fit
            rules = CampaignRules.if_valid(campaign.rules) or CampaignRules()
            response = await store.open_response(session, task)
            return Call(
                attempt=attempt, patient=await session.get_one(Patient, task.patient_id),
                encounter=await session.get_one(Encounter, task.encounter_id), response=response,
                questionnaire=await session.get_one(QuestionnaireRow, response.questionnaire_id),
                answers=await store.current_answers(session, response.id),
                mode=campaign.mode, skill=rules.skill,
                hold_s=rules.hold(self.settings.dialer.hold_max_s))
        return await self._do(work)

    async def begin_recording(self, call: Call) -> str:
        """Announce the recording that is about to start; the capture's file name."""
        name = capture_name(call.id)

        async def work(session: AsyncSession) -> Recording:
            found = await session.scalar(select(Recording).where(Recording.attempt_id == call.id))
            recording = found or Recording(id=uuid.uuid4(), attempt_id=call.id, capture_file=name,
                                           created_at=now())
            session.add(recording)
            return recording

        recording = await self._do(work)
        call.recording_id, call.recording_since = recording.id, recording.created_at
        return name

    async def refuse_recording(self, call: Call) -> None:
        """The patient objects: what was captured is thrown away, and no more is marked."""
        recording_id, call.recording_id = call.recording_id, None
        call.marks.clear()
        if recording_id is None:
            return

        async def work(session: AsyncSession) -> None:
            await session.execute(
                delete(RecordingMark).where(RecordingMark.recording_id == recording_id))
            await session.execute(update(Recording).where(Recording.id == recording_id)
                                  .values(state=RecordingState.REFUSED))
        await self._do(work)

    async def stop_calling(self, call: Call) -> None:
        """The patient wants no more follow-up calls: none of their open tasks is called."""
        async def work(session: AsyncSession) -> None:
            await consent.stop_calling(session, call.patient.id, actor="patient",
                                       why=f"call:{call.id}")
        await self._do(work)

    async def report(self, call: Call, what: Disposition) -> None:
        """Whoever answers says that the number is a wrong one, or that the patient has died."""
        await self._do(lambda session: said_of.report(session, call.attempt, call.response, what,
                                                      self._deadlines, now()))

    def mark(self, call: Call, kind: str, link_id: str | None = None,
             label: str = "") -> None:
        """Note this moment of the recording; kept with the answer that comes with it."""
        if call.recording_id is not None and call.recording_since is not None:
            call.marks.append(_mark(call.recording_id, call.recording_since, kind, link_id, label))

    async def keep_marks(self, call: Call) -> None:
        """Keep the marks that come with no answer."""
        async def nothing(_: AsyncSession) -> None:
            pass
        if call.marks:
            await self._do_in(call, nothing)

    async def answer(self, call: Call, given: Given) -> None:
        """Keep an answer; returns once it is in PostgreSQL."""
        await self._do_in(call, lambda session: store.record_answer(
            session, call.response.id, call.id, given, self._deadlines))

    async def close_answers(self, call: Call, link_id: str) -> None:
        """The patient has nothing to add to the answers of an item."""
        await self._do(lambda session: store.close_answers(session, call.response.id, link_id))

    async def set_language(self, call: Call, language: str) -> None:
        """Go on in another language, in this call and in later ones."""
        await self._do(lambda session: store.set_language(session, call.response.id, language))

    async def conclude(self, call: Call, outcome: Disposition, hangup_point: str | None, *,
                       complete: bool = False, call_back: When | None = None,
                       answered_by: AnsweredBy | None = None) -> None:
        """Keep what the conversation came to; ``complete``: every question was dealt with."""
        zone = ZoneInfo(self.settings.dialer.timezone)
        call_back_at = moment_of(call_back, now().astimezone(zone)) if call_back else None

        async def work(session: AsyncSession) -> None:
            await ledger.note_outcome(session, call.id, outcome, hangup_point, call_back_at,
                                      answered_by)
            if complete:
                await store.complete(session, call.response.id)
        await self._do_in(call, work)

    async def abandoned(self, call: Call) -> None:
        """The patient left without having spoken to anybody, unless an agent was quicker."""
        await self._do_in(call, lambda session: ledger.note_outcome(
            session, call.id, Disposition.ABANDONED, unless=Disposition.ESCALATED))

    # --- the agents ----------------------------------------------------------------------------

    async def agent_free(self, call: Call) -> bool:
        """Whether somebody could take the call now, and no other patient waits for them."""
        async def work(session: AsyncSession) -> bool:
            return spare_agents(await roster.ready(session), await waiting(session),
                                call.skill) > 0
        return await self._do(work)

    async def place_of(self, call: Call, escalation_id: uuid.UUID, *, critical: bool,
                       left_s: float) -> Place:
        """How far a patient is from an agent."""
        return await self._do(lambda session: place_of(
            session, escalation_id, now(), critical=critical, left_s=left_s,
            wrap_up_s=self.settings.dialer.wrap_up_s, skill=call.skill))

    async def request_agent(self, call: Call) -> uuid.UUID:
        """Note that the patient needs a person; the escalation's id.

        An alert is open from now where a questionnaire has talked: else they are called again.
        """
        async def work(session: AsyncSession) -> uuid.UUID:
            alert = await register.live_alert(session, call.response.id)
            if alert is None and call.mode is CampaignMode.IVR:
                # no finding, yet they asked: somebody must call back
                alert = await register.raise_alert(
                    session, call.response, "", ASKED, Severity.ABNORMAL, ASKED_TEXT,
                    self._deadlines, now())
                await session.flush()
            escalation = Escalation(id=uuid.uuid4(), attempt_id=call.id,
                                    alert_id=alert.id if alert else None, requested_at=now())
            session.add(escalation)
            return escalation.id
        return await self._do_in(call, work)

    async def reserve_agent(self, call: Call, escalation_id: uuid.UUID,
                            passed_over: Collection[uuid.UUID]) -> Agent | None:
        """The agent who is to be rung; nobody else can be given them meanwhile."""
        async def work(session: AsyncSession) -> Agent | None:
            agent = await roster.reserve(session, call.id, call.response.language, passed_over,
                                         skill=call.skill)
            if agent is not None:
                await session.execute(
                    update(Escalation).where(Escalation.id == escalation_id)
                    .values(agent_id=agent.id, state=EscalationState.RINGING, ringing_at=now()))
            return agent
        return await self._do(work)

    async def agent_missed(self, agent: Agent) -> None:
        """The agent's phone rang in vain."""
        await self._do(lambda session: roster.move(session, agent.id, AgentState.MISSED,
                                                   pause=roster.MISSED_PAUSE))

    async def agent_joined(self, escalation_id: uuid.UUID) -> None:
        """The agent has picked up: their voices meet now."""
        async def work(session: AsyncSession) -> None:
            escalation = await session.get(Escalation, escalation_id, with_for_update=True)
            if escalation is None or escalation.bridged_at or escalation.agent_id is None:
                return
            escalation.state, escalation.bridged_at = EscalationState.BRIDGED, now()
            await ledger.note_outcome(session, escalation.attempt_id, Disposition.ESCALATED)
            await roster.move(session, escalation.agent_id, AgentState.ON_CALL,
                              escalation.attempt_id)
            if escalation.alert_id:
                await register.agent_took_over(session, escalation.alert_id)
            recording = await session.scalar(
                select(Recording).where(Recording.attempt_id == escalation.attempt_id))
            if recording is not None:
                await session.execute(_MARK, _mark(recording.id, recording.created_at, "agent"))
        await self._do(work)

    async def agent_left(self, escalation_id: uuid.UUID) -> bool:
        """The agent's part is over, however it ended; whether they had spoken at all."""
        async def work(session: AsyncSession) -> bool:
            moment = now()
            escalation = await session.get_one(Escalation, escalation_id, with_for_update=True)
            agent = await session.get(Agent, escalation.agent_id) if escalation.agent_id else None
            bridged = escalation.bridged_at is not None
            if escalation.ended_at is None:
                escalation.ended_at = moment
                if not bridged and escalation.state is not EscalationState.NO_AGENT:
                    escalation.state = EscalationState.ABANDONED
            if agent and agent.attempt_id == escalation.attempt_id:
                pause = self.settings.dialer.wrap_up_s if bridged else 0
                await roster.move(session, agent.id, AgentState.WRAP_UP,
                                  pause=timedelta(seconds=pause))
            if escalation.bridged_at and escalation.alert_id and agent:
                await register.agent_is_done(session, escalation.alert_id,
                                             moment - escalation.bridged_at, agent.name)
            return bridged
        return await self._do(work)

    async def nobody_free(self, escalation_id: uuid.UUID) -> None:
        """No agent took the call in time: its alert stays open for a call-back."""
        async def work(session: AsyncSession) -> None:
            await session.execute(
                update(Escalation).where(Escalation.id == escalation_id,
                                         Escalation.bridged_at.is_(None))
                .values(state=EscalationState.NO_AGENT, agent_id=None, ended_at=now()))
        await self._do(work)


def _mark(recording_id: uuid.UUID, since: datetime, kind: str, link_id: str | None = None,
          label: str = "") -> dict[str, Any]:
    return {"recording_id": recording_id, "at_ms": _since(since), "kind": kind,
            "link_id": link_id, "label": label}


def _since(start: datetime) -> int:
    return round((now() - start) / timedelta(milliseconds=1))


def _is_ours(error: Exception) -> bool:
    """Whether the fault is in what we asked (a constraint, a type), not in the connection."""
    code = getattr(getattr(error, "orig", None), "sqlstate", "") or ""
    return code[:2] in ("22", "23", "42")
