"""Campaigns: the list, and how one stands: progress, outcomes, and who waits on which rung."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import String, cast, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from followup.calls.models import Disposition
from followup.campaigns.models import Campaign, CampaignState, Held, Task, TaskState
from followup.campaigns.rules import CampaignRules, Retries
from followup.campaigns.tally import Tally, outline, tallies
from followup.database.base import now
from followup.errors import NotFound
from followup.people.scope import current_scope
from followup.questionnaires.models import QuestionnaireRow, QuestionnaireStatus
from followup.views.keyed import Columns, Order, page
from followup.views.reach import within

PAGE = 20
SEARCH_LENGTH = 60
_TABLE = Campaign.__table__.c
COLUMNS: Columns = {             # what the list may be sorted by
    "created": _TABLE.created_at, "name": _TABLE.name, "state": cast(_TABLE.state, String)}
NEWEST = Order("created", down=True)
LADDERS = tuple(Disposition(name) for name in Retries.model_fields)


@dataclass(slots=True)
class Progress:
    """Tasks of a campaign. ``due``: to be called now; ``waiting``: for another attempt, later;
    ``put_off``: not allowed to be called now, by why."""

    by_state: dict[TaskState, int] = field(default_factory=dict)
    due: int = 0
    waiting: int = 0
    put_off: dict[Held, int] = field(default_factory=dict)

    @property
    def tasks(self) -> int:
        return sum(self.by_state.values())

    @property
    def calling(self) -> int:
        return self.by_state.get(TaskState.CALLING, 0)

    @property
    def later(self) -> int:
        """Due again at a later time, for whatever reason."""
        return self.waiting + sum(self.put_off.values())

    @property
    def settled(self) -> int:
        """Tasks that need no further call."""
        return self.tasks - self.calling - self.by_state.get(TaskState.DUE, 0)

    @property
    def done(self) -> int:
        return self.by_state.get(TaskState.DONE, 0)


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list."""

    campaign: Campaign
    progress: Progress
    departments: Sequence[str]


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines, and the cursor of the page after them."""

    lines: list[Listed]
    after: str | None


@dataclass(frozen=True, slots=True)
class Rung:
    """After so many attempts: the wait before the next, how many are left then, who waits."""

    attempts: int
    minutes: int
    left: int
    tasks: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """What follows an outcome. No rungs: no other attempt."""

    outcome: Disposition
    rungs: Sequence[Rung]
    gave_up: int


async def list_campaigns(session: AsyncSession, *, search: str = "",
                         state: CampaignState | None = None, order: Order = NEWEST,
                         after: str = "", size: int | None = None) -> Page:
    """``search`` is part of a name, ``after`` a cursor of an earlier page in this order."""
    # one questionnaire is that of very many, and weighs more than all else of a line
    query = select(Campaign).options(selectinload(Campaign.questionnaire))
    if search := search.strip()[:SEARCH_LENGTH]:
        query = query.where(Campaign.name.icontains(search, autoescape=True))
    if state is not None:
        query = query.where(Campaign.state == state)
    rows, onward = await page(session, within(query, Campaign), COLUMNS, _TABLE.id, order,
                              after=after, size=size or PAGE)
    shown = [campaign for campaign, in rows]
    return Page(await _listed(session, shown), onward)


async def find_campaign(session: AsyncSession, campaign_id: uuid.UUID) -> Listed:
    """A campaign as it stands; NotFound when there is none."""
    campaign = await session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFound("there is no such campaign")
    return (await _listed(session, [campaign]))[0]


async def _listed(session: AsyncSession, shown: Sequence[Campaign]) -> list[Listed]:
    counts = await outline(session, [campaign.id for campaign in shown])
    stand, seen = await _progress(session, counts), current_scope().departments
    return [Listed(campaign, stand[campaign.id],
                   sorted(name for name in counts[campaign.id].by("department")
                          if seen is None or name in seen)) for campaign in shown]


async def _progress(session: AsyncSession,
                    counts: Mapping[uuid.UUID, Tally]) -> Mapping[uuid.UUID, Progress]:
    found = {campaign_id: Progress({TaskState(state): count
                                    for state, count in tally.by("task").items()})
             for campaign_id, tally in counts.items()}
    late = Task.due_at > now()
    # written out, so that the planner can prove that the partial index fits
    for campaign_id, held, later, count in await session.execute(
            select(Task.campaign_id, Task.held_why, late, func.count())
            .where(Task.campaign_id.in_(counts), text("task.state = 'due'"))
            .group_by(Task.campaign_id, Task.held_why, late)):
        one = found[campaign_id]
        if not later:
            one.due += count
        elif held is None:
            one.waiting += count
        else:
            one.put_off[held] = one.put_off.get(held, 0) + count
    return found


async def outcomes(session: AsyncSession, campaign_id: uuid.UUID) -> list[tuple[Disposition, int]]:
    """Attempts that have ended, by their disposition, the most frequent first."""
    counts = (await tallies(session, [campaign_id]))[campaign_id].by("attempt")
    return [(Disposition(how), count) for how, count in
            sorted(counts.items(), key=lambda each: (-each[1], each[0]))]


async def ladders(session: AsyncSession, campaign: Campaign, max_attempts: int) -> list[Ladder]:
    """What follows each outcome by the campaign's rules; ``max_attempts`` is the house's limit."""
    # rules that do not fit hold no call up, as none is placed
    rules = CampaignRules.if_valid(campaign.rules) or CampaignRules()
    limit = rules.max_attempts or max_attempts
    waiting: dict[tuple[str, int], int] = defaultdict(int)
    gave_up: dict[str, int] = defaultdict(int)
    for (kind, *key), count in (await tallies(session, [campaign.id]))[campaign.id].items():
        if kind != "task" or not key[1]:                 # never called
            continue
        state, how, made = key
        if state == TaskState.GAVE_UP:
            gave_up[how] += count
        elif state == TaskState.DUE:
            waiting[how, max(int(made), 1)] += count
    return [_ladder(how, rules.retry, limit, waiting, gave_up[how.value]) for how in LADDERS]


def _ladder(how: Disposition, retries: Retries, limit: int,
            waiting: Mapping[tuple[str, int], int], gave_up: int) -> Ladder:
    made = [attempts for outcome, attempts in waiting if outcome == how.value]
    rungs = []
    # who waits beyond the limit does so since it was lower, or named a time
    for attempts in range(1, max([limit - 1, *made]) + 1):
        wait = retries.after(how, attempts)
        tasks = waiting.get((how.value, attempts), 0)
        if wait is not None and (attempts < limit or tasks):
            rungs.append(Rung(attempts, int(wait.total_seconds() // 60),
                              max(0, limit - attempts), tasks))
    return Ladder(how, rungs, gave_up)


async def usable_questionnaires(session: AsyncSession) -> Sequence[QuestionnaireRow]:
    """The newest active version of each questionnaire."""
    rows = await session.scalars(
        select(QuestionnaireRow).where(QuestionnaireRow.status == QuestionnaireStatus.ACTIVE)
        .ext(distinct_on(QuestionnaireRow.url))
        .order_by(QuestionnaireRow.url, QuestionnaireRow.created_at.desc()))
    return rows.all()
