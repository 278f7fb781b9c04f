"""The database behind a call, said in the call's own words.

Every step is one transaction, tried again while PostgreSQL restarts: the patient hears a short
silence, and nothing they said is lost.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

import asyncpg
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from agi_scripts import answered
from agi_scripts.answered import Call, Marks, keep_marks, mark_of
from agi_scripts.waiting import Place, place_of, spare_agents, waiting
from followup.agents import roster
from followup.agents.models import Agent, AgentState
from followup.alerts import register
from followup.calls import ledger, said_of
from followup.calls.models import (
    AnsweredBy,
    Attempt,
    Disposition,
    Escalation,
    EscalationState,
    Recording,
    RecordingMark,
    RecordingState,
)
from followup.campaigns.models import CampaignMode
from followup.database.base import now
from followup.database.engine import UNWELL, Database
from followup.database.statements import Quick, Where
from followup.errors import Unavailable
from followup.log import get_logger
from followup.patients import consent
from followup.questionnaires import library
from followup.questionnaires.definition import Questionnaire
from followup.responses import store
from followup.responses.models import Answer, Response, Severity
from followup.responses.store import Given
from followup.settings import Settings
from recordings.recorder.client import Recorder

log = get_logger(__name__)
T = TypeVar("T")
W = TypeVar("W", AsyncSession, Quick)

ASKED = "asked-for-a-person"
ASKED_TEXT = {"zh": "患者要求与工作人员通话", "en": "Asked to speak with a person"}

# A database that restarts is back within these waits.
RETRY_WAITS_S = (0.1, 0.4, 1.0, 2.0, 3.0, 3.0, 3.0, 3.0)

TURNS = 20                   # of answers to one item that come at once, each seeing those before


class House:
    """What the scripts ask of the hospital's side."""

    def __init__(self, settings: Settings, database: Database,
                 recorder: Recorder | None = None) -> None:
        """``recorder``: who records the calls; None: Asterisk."""
        self.settings, self.recorder = settings, recorder
        self._database = database
        self._deadlines = store.deadlines(settings.dialer.critical_deadline_min,
                                          settings.dialer.abnormal_deadline_min)

    async def _do(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Run ``work`` in a transaction; Unavailable when the database stays away."""
        return await _patiently(self._database.session, work)

    async def _quickly(self, work: Callable[[Quick], Awaitable[T]]) -> T:
        """The same for what is asked in every call."""
        return await _patiently(self._database.quick, work)

    async def _at_once(self, work: Callable[[Quick], Awaitable[T]]) -> T:
        """The same for what is one statement only."""
        return await _patiently(self._database.single, work)

    async def _do_in(self, call: Call, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """In a call: its marks go with it, so that they cost nobody a wait."""
        return await _with_marks(call, work, self._do)

    async def _quickly_in(self, call: Call, work: Callable[[Quick], Awaitable[T]]) -> T:
        return await _with_marks(call, work, self._quickly)

    # --- the call ------------------------------------------------------------------------------

    async def open_call(self, attempt_id: uuid.UUID) -> Call:
        """Everything about the call that has just been answered; NotFound for a stranger's."""
        row, begun = await self._quickly(lambda where: answered.read(where, attempt_id))

        async def more(session: AsyncSession) -> tuple[Questionnaire, list[Answer]]:
            return (await library.by_id(session, begun.questionnaire_id),
                    await store.current_answers(session, begun.id))
        questionnaire = library.at_hand(begun.questionnaire_id)
        known = (questionnaire, list[Answer]()) if questionnaire and begun.new \
            else await self._do(more)
        return answered.call_of(attempt_id, row, begun, *known, self.settings.dialer)

    async def begin_recording(self, call: Call) -> str:
        """Announce the recording that is about to start; the capture's file name."""
        return await self._at_once(lambda where: answered.announce(where, call))

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
            await consent.stop_calling(session, call.patient_id, actor="patient",
                                       why=f"call:{call.id}")
        await self._do(work)

    async def report(self, call: Call, what: Disposition) -> None:
        """Whoever answers says that the number is a wrong one, or that the patient has died."""
        async def work(session: AsyncSession) -> None:
            await said_of.report(session, await session.get_one(Attempt, call.id),
                                 await session.get_one(Response, call.response_id), what,
                                 self._deadlines, now())
        await self._do(work)

    async def keep_marks(self, call: Call) -> None:
        """Keep the marks that come with no answer."""
        with _handing_over(call) as marks:
            await self._at_once(lambda where: answered.keep_marks(where, call, marks))

    async def answer(self, call: Call, given: Given) -> None:
        """Keep an answer; returns once it is in PostgreSQL."""
        async def work(session: AsyncSession) -> None:
            await store.record_answer(session, call.response_id, call.id, given, self._deadlines)
        if given.found:
            await self._do_in(call, work)
            return
        with _handing_over(call) as marks:
            for turn in range(TURNS, 0, -1):
                try:
                    await self._at_once(lambda where: answered.answer(where, call, given, marks))
                    break
                except asyncpg.UniqueViolationError:     # another channel answered in this moment
                    if turn == 1:
                        raise

    async def close_answers(self, call: Call, link_id: str) -> None:
        """The patient has nothing to add to the answers of an item."""
        await self._at_once(lambda where: store.close_answers(where, call.response_id, link_id))

    async def set_language(self, call: Call, language: str) -> None:
        """Go on in another language, in this call and in later ones."""
        await self._at_once(lambda where: store.set_language(where, call.response_id, language))
        call.language = language

    async def conclude(self, call: Call, outcome: Disposition, hangup_point: str | None, *,
                       complete: bool = False, call_back: datetime | None = None,
                       answered_by: AnsweredBy | None = None) -> None:
        """Keep what the conversation came to; ``complete``: every question was dealt with;
        ``call_back``: when to call again, by the clock where the patient is."""
        call_back_at = call_back.replace(tzinfo=call.zone) if call_back else None

        async def work(where: Where) -> None:
            await ledger.note_outcome(where, call.id, outcome, hangup_point, call_back_at,
                                      answered_by)
            if complete:
                await store.complete(where, call.response_id)
        await self._quickly_in(call, work)

    async def abandoned(self, call: Call) -> None:
        """The patient left without having spoken to anybody, unless an agent was quicker."""
        await self._quickly_in(call, lambda where: ledger.note_outcome(
            where, call.id, Disposition.ABANDONED, unless=Disposition.ESCALATED))

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
            alert = await register.live_alert(session, call.response_id)
            if alert is None and call.mode is CampaignMode.IVR:
                # no finding, yet they asked: somebody must call back
                alert = await register.raise_alert(
                    session, await session.get_one(Response, call.response_id), "", ASKED,
                    Severity.ABNORMAL, ASKED_TEXT, self._deadlines, now())
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
            agent = await roster.reserve(session, call.id, call.language, passed_over,
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
                session.add(RecordingMark(**mark_of(recording.id, recording.created_at, "agent")))
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


async def _patiently(transaction: Callable[[], AbstractAsyncContextManager[W]],
                     work: Callable[[W], Awaitable[T]]) -> T:
    for wait in (*RETRY_WAITS_S, None):
        try:
            async with transaction() as where:
                return await work(where)
        except UNWELL as error:
            if _is_ours(error):
                raise
            if wait is None:
                raise Unavailable("the database does not answer") from error
            log.warning("the database does not answer, trying again", reason=repr(error)[:200])
            await asyncio.sleep(wait)
    raise AssertionError("unreachable")


async def _with_marks(call: Call, work: Callable[[W], Awaitable[T]],
                      do: Callable[[Callable[[W], Awaitable[T]]], Awaitable[T]]) -> T:
    with _handing_over(call) as marks:
        async def both(where: W) -> T:
            result = await work(where)
            await keep_marks(where, call, marks)
            return result

        return await do(both)


@contextmanager
def _handing_over(call: Call) -> Iterator[Marks]:
    """The marks of the call so far; they are kept, and no longer its own, if all goes well."""
    marks = list(call.marks)
    yield marks
    del call.marks[:len(marks)]


def _is_ours(error: Exception) -> bool:
    """Whether the fault is in what we asked (a constraint, a type), not in the connection."""
    code = getattr(getattr(error, "orig", error), "sqlstate", "") or ""
    return code[:2] in ("22", "23", "42")
