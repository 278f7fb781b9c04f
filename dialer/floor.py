"""The whole telephone floor at a moment, read from the database: calls, agents, campaigns.

What is read is bounded by the open attempts, the agents and the running campaigns; what has ended
today is counted in one pass over an index. ``picture`` is pure.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Interval as _Interval
from sqlalchemy import Row, case, exists, func, literal, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.pacing import Asking, Picture
from followup.agents.models import Agent, AgentState
from followup.calls.models import (
    Attempt,
    AttemptState,
    Escalation,
    EscalationState,
    Recording,
    RecordingMark,
)
from followup.campaigns.models import Campaign, CampaignMode, CampaignState, Task, TaskState
from followup.campaigns.preview import Preview, accepted
from followup.campaigns.rules import CampaignRules
from followup.questionnaires.definition import Questionnaire
from followup.questionnaires.library import at_hand, by_id, parsed
from followup.responses.models import Answer, Finding, Response

ON_DUTY = (AgentState.AVAILABLE, AgentState.RESERVED, AgentState.ON_CALL, AgentState.WRAP_UP)


@dataclass(frozen=True, slots=True)
class OpenCall:
    """An attempt that has not ended."""

    node: str
    ivr: bool                              # the questionnaire talks; else whoever answers needs one
    placed_at: datetime
    answered_at: datetime | None = None
    item: int = 0                          # of the questionnaire, from 0
    item_since: datetime | None = None
    pending: bool = False                  # a finding that no agent has heard of yet
    waiting_since: datetime | None = None  # for an agent, with none reserved
    served: bool = False                   # an agent is reserved, speaks, or has spoken
    skill: str | None = None               # that an agent must have


@dataclass(frozen=True, slots=True)
class Desk:
    """An agent on duty. ``busy_since``: the talk, its wrap-up included; None: free."""

    busy_since: datetime | None = None
    skills: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Running:
    """A running campaign that has a task due now. ``needed``, ``lost``: today."""

    id: uuid.UUID
    name: str
    mode: CampaignMode
    items: int
    rules: CampaignRules = field(default_factory=CampaignRules)
    needed: int = 0
    lost: int = 0
    asked: Sequence[Preview] = ()          # calls that agents have asked for, in turn


@dataclass(slots=True)
class Floor:
    """Everything, at ``at``; campaigns in the order in which they are served."""

    at: datetime
    calls: list[OpenCall] = field(default_factory=list)
    desks: Sequence[Desk] = ()
    campaigns: Sequence[Running] = ()

    def dial(self, campaign: Running, node: str) -> None:
        """Another call has been placed since."""
        self.calls.append(OpenCall(node, campaign.mode is CampaignMode.IVR, self.at,
                                   skill=campaign.rules.skill))

    def calls_on(self, node: str) -> int:
        """Open calls of that node."""
        return sum(call.node == node for call in self.calls)


@dataclass(frozen=True, slots=True)
class Day:
    """Today's calling hours, as seconds of a clock whose days begin at local midnight."""

    opens: float
    closes: float
    offset: float                          # of that clock to UTC

    def clock(self, moment: datetime) -> float:
        """A moment on that clock."""
        return moment.timestamp() + self.offset


def picture(floor: Floor, campaign: Running, day: Day, *, free: int, budget: float) -> Picture:
    """The floor as the pacing of one campaign sees it; ``free`` lines could carry another call.

    Agents are shared, so are those who need them. A call of another mode counts as what it may ask
    of an agent: seen from a campaign of questionnaires, somebody who will need an agent as soon as
    they answer waits already; seen from one whose calls all need an agent, a questionnaire counts
    once it has a finding. Agents without the campaign's skill, and calls that need another one, are
    none of its business.
    """
    skill = campaign.rules.skill
    desks = [desk for desk in floor.desks if skill is None or skill in desk.skills]
    seen = Picture(agents=len(desks), lines=0, opened_at=day.opens, closes_at=day.closes,
                   budget=budget, now=day.clock(floor.at), needed=campaign.needed,
                   lost=campaign.lost)
    ours = campaign.mode is CampaignMode.IVR
    for key, call in enumerate(floor.calls):
        if call.served or (skill and call.skill and call.skill != skill):
            continue
        if call.waiting_since is not None:
            seen.waiting[key] = day.clock(call.waiting_since)
        elif call.ivr and not ours:
            if call.pending:
                seen.waiting[key] = seen.now
        elif call.answered_at is None:
            if call.ivr == ours:
                seen.ringing[key] = day.clock(call.placed_at)
            else:
                seen.waiting[key] = seen.now
        elif not call.ivr:
            seen.waiting[key] = day.clock(call.answered_at)
        else:
            since = day.clock(call.item_since or call.answered_at)
            last = max(0, campaign.items - 1)
            seen.asking[key] = Asking(min(call.item, last), since, call.pending)
    for key, desk in enumerate(desks):
        if desk.busy_since is not None:
            seen.talking[key] = day.clock(desk.busy_since)
    # wrap-up needs no line, and calls that are left out above do: only ``free`` is right
    seen.lines = free + seen.undecided + len(seen.talking)
    return seen


async def read_floor(session: AsyncSession, moment: datetime, since: datetime) -> Floor:
    """The floor at ``moment``; the day's needs are counted ``since`` then."""
    return Floor(moment, await _calls(session), await _desks(session, moment),
                 await _campaigns(session, moment, since))


async def _calls(session: AsyncSession) -> list[OpenCall]:
    asked = (select(RecordingMark.link_id, (Recording.created_at + RecordingMark.at_ms
                                            * literal("1 ms").cast(_Interval)).label("since"))
             .join(Recording, Recording.id == RecordingMark.recording_id)
             .where(Recording.attempt_id == Attempt.id, RecordingMark.kind == "question")
             .order_by(RecordingMark.at_ms.desc()).limit(1).correlate(Attempt).lateral())
    answered = (select(Answer.link_id, Answer.given_at)
                .where(Answer.response_id == Response.id, Answer.attempt_id == Attempt.id,
                       Answer.superseded_at.is_(None))
                .order_by(Answer.given_at.desc()).limit(1).correlate(Attempt, Response).lateral())
    wish = (select(Escalation.requested_at, Escalation.bridged_at, Escalation.ended_at)
            .where(Escalation.attempt_id == Attempt.id)
            .order_by(Escalation.requested_at.desc()).limit(1).correlate(Attempt).lateral())
    held = exists().where(Agent.attempt_id == Attempt.id, Agent.state.in_(
        (AgentState.RESERVED, AgentState.ON_CALL))).correlate(Attempt)
    found = exists().where(Finding.response_id == Response.id).correlate(Response)
    rows = await session.execute(
        select(Attempt, Campaign.mode, Campaign.rules["skill"].astext.label("skill"),
               Campaign.questionnaire_id, asked.c.link_id.label("asked"),
               asked.c.since, answered.c.link_id.label("answered"), answered.c.given_at,
               wish.c.requested_at, wish.c.bridged_at, wish.c.ended_at,
               held.label("held"), found.label("found"))
        .join(Task, Task.id == Attempt.task_id).join(Campaign, Campaign.id == Task.campaign_id)
        .outerjoin(Response, Response.task_id == Task.id)
        .outerjoin(asked, true()).outerjoin(answered, true()).outerjoin(wish, true())
        .where(Attempt.state != AttemptState.ENDED).order_by(Attempt.committed_at, Attempt.id))
    calls = rows.all()
    # each once, however many are asked by it: it is tens of kilobytes
    items = {each: item_numbers(at_hand(each) or await by_id(session, each))
             for each in {row.questionnaire_id for row in calls}}
    return [_call(row, items[row.questionnaire_id]) for row in calls]


def _call(row: Row[Any], order: dict[str, int]) -> OpenCall:
    attempt: Attempt = row.Attempt
    item, since = 0, None
    if attempt.answered_at is not None:
        if row.asked is not None:
            item, since = order.get(row.asked, 0), row.since
        elif row.answered is not None:           # not recorded: the answers tell as much
            item, since = order.get(row.answered, -1) + 1, row.given_at
    met = row.requested_at is not None
    waits = met and row.ended_at is None and row.bridged_at is None and not row.held
    return OpenCall(
        node=attempt.node, ivr=row.mode is CampaignMode.IVR,
        placed_at=attempt.sent_at or attempt.committed_at, answered_at=attempt.answered_at,
        item=item, item_since=since, pending=row.found and not met,
        waiting_since=row.requested_at if waits else None,
        served=row.held or row.bridged_at is not None, skill=row.skill)


def item_numbers(questionnaire: Questionnaire) -> dict[str, int]:
    """The questions of a questionnaire, numbered from 0 as they are asked."""
    return {item.link_id: number for number, item in enumerate(
        item for item in questionnaire.order if item.is_question)}


async def _desks(session: AsyncSession, moment: datetime) -> list[Desk]:
    talk = (select(func.max(Escalation.bridged_at)).where(
        Escalation.agent_id == Agent.id,
        Escalation.requested_at > Agent.state_since - literal("1 day").cast(_Interval))
        .correlate(Agent).scalar_subquery())
    since = case((Agent.state == AgentState.WRAP_UP, func.coalesce(talk, Agent.state_since)),
                 else_=Agent.state_since)
    free = (Agent.state == AgentState.AVAILABLE) | (
        (Agent.state == AgentState.WRAP_UP) & (Agent.wrap_up_until <= moment))
    found = await session.execute(
        select(free, since, Agent.skills).where(Agent.state.in_(ON_DUTY)).order_by(Agent.extension))
    return [Desk(None if is_free else busy, frozenset(skills)) for is_free, busy, skills in found]


async def _campaigns(session: AsyncSession, moment: datetime, since: datetime) -> list[Running]:
    due = (select(Task.priority, Task.due_at)
           .where(Task.campaign_id == Campaign.id, Task.state == TaskState.DUE,
                  Task.due_at <= moment)
           .order_by(Task.priority, Task.due_at).limit(1).correlate(Campaign).lateral())
    running = (await session.execute(
        select(Campaign).join(due, true()).where(Campaign.state == CampaignState.RUNNING)
        .order_by(due.c.priority, due.c.due_at, Campaign.id))).scalars().all()
    lost = Escalation.bridged_at.is_(None) & Escalation.state.in_(
        (EscalationState.NO_AGENT, EscalationState.ABANDONED))
    today = {row[0]: (row[1], row[2]) for row in await session.execute(
        select(Task.campaign_id, func.count(), func.count().filter(lost))
        .select_from(Escalation).join(Attempt, Attempt.id == Escalation.attempt_id)
        .join(Task, Task.id == Attempt.task_id)
        .where(Escalation.ended_at >= since).group_by(Task.campaign_id))}
    found = []
    for one in running:
        rules = CampaignRules.if_valid(one.rules)
        if rules is None:
            continue                              # the claim says so and places no call of it
        items = item_numbers(parsed(one.questionnaire))
        asked = await accepted(session, one.id) if one.mode is CampaignMode.PREVIEW else ()
        found.append(Running(one.id, one.name, one.mode, len(items), rules,
                             *today.get(one.id, (0, 0)), asked))
    return sorted(found, key=lambda one: one.rules.priority)
