"""What the pacing knows, from what has ended: read from the database, so that any leader knows it.

A new leader reads the last days anew; from then on it reads what has ended since.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.floor import item_numbers
from dialer.pacing import Knowledge
from followup.calls.models import Attempt, AttemptState, Disposition, Escalation
from followup.campaigns.models import Campaign, Task
from followup.patients.models import Encounter
from followup.questionnaires.library import parsed
from followup.questionnaires.models import QuestionnaireRow
from followup.responses.models import Answer, Finding

DAYS = timedelta(days=14)
MOST = 5000                    # calls from which a new leader learns
CHUNK = 500
SETTLED = timedelta(seconds=5)     # what ended before then is committed by now
# the patient's telephone has told something; other calls say nothing of patients
RANG = (Disposition.BUSY, Disposition.NO_ANSWER, Disposition.REJECTED)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer given in a call: to which question, when, and whether a rule fired on it."""

    item: int
    at: float
    abnormal: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """A call that has ended; moments are seconds on the pacing's clock."""

    campaign: str
    department: str
    placed_at: float
    answered_at: float | None
    ended_at: float
    rang: bool                                   # unanswered, and it is the patient's telephone
    answers: Sequence[Answered] = ()
    talks: Sequence[tuple[float, float]] = ()    # with an agent: from when, and until
    needed: int = 0
    lost: int = 0


@dataclass(slots=True)
class Learned:
    """Knowledge and how far it reaches. ``offset``: of the pacing's clock to UTC, in seconds."""

    wrap_up_s: float
    offset: float = 0.0
    knowledge: Knowledge = field(default_factory=Knowledge)
    departments: dict[str, set[str]] = field(default_factory=dict)
    days: dict[str, list[tuple[int, int]]] = field(default_factory=dict)   # needed, lost so far
    _today: dict[str, int] = field(default_factory=dict)
    _mark: tuple[datetime, uuid.UUID] | None = None

    def path(self, campaign: str) -> tuple[str, ...]:
        """Where a campaign's own experience is: in its department, where it has but one."""
        seen = self.departments.get(campaign, set())
        return (campaign, *seen) if len(seen) == 1 else (campaign,)

    def learn(self, fact: Fact) -> None:
        """One more call has ended."""
        told, path = self.knowledge, (fact.campaign, fact.department)
        self.departments.setdefault(fact.campaign, set()).add(fact.department)
        if fact.answered_at is not None:
            told.rang(path, fact.answered_at, fact.answered_at - fact.placed_at, True)
            before, pending = fact.answered_at, False
            for answer in fact.answers:
                told.asked(path, answer.at, answer.item, max(0.0, answer.at - before),
                           None if pending else answer.abnormal)
                before, pending = answer.at, pending or answer.abnormal
        elif fact.rang:
            told.rang(path, fact.ended_at, fact.ended_at - fact.placed_at, False)
        for start, end in fact.talks:
            told.talked(path, end, end - start + self.wrap_up_s)
        if fact.needed:
            self._count(fact)

    def _count(self, fact: Fact) -> None:
        day, course = int(fact.ended_at // 86400), self.days.setdefault(fact.campaign, [])
        needed, lost = course[-1] if course and self._today.get(fact.campaign) == day else (0, 0)
        self._today[fact.campaign] = day
        course.append((needed + fact.needed, lost + fact.lost))
        del course[:-MOST]

    async def catch_up(self, session: AsyncSession, moment: datetime) -> int:
        """Learn from all that has ended since the last time; how many calls that was."""
        if self._mark is None:
            self._mark = (await _beginning(session, moment), uuid.UUID(int=0))
        count = 0
        while True:
            facts, mark = await _facts(session, self._mark, moment - SETTLED, self.offset)
            if mark is None:
                return count
            await asyncio.to_thread(self._learn_all, facts)       # thousands, for a new leader
            self._mark = mark
            count += len(facts)

    def _learn_all(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self.learn(fact)


async def _beginning(session: AsyncSession, moment: datetime) -> datetime:
    oldest = await session.scalar(
        select(Attempt.ended_at).where(Attempt.state == AttemptState.ENDED)
        .order_by(Attempt.ended_at.desc().nulls_last()).offset(MOST).limit(1))
    return max(moment - DAYS, oldest or moment - DAYS)


async def _facts(session: AsyncSession, mark: tuple[datetime, uuid.UUID], until: datetime,
                 offset: float) -> tuple[list[Fact], tuple[datetime, uuid.UUID] | None]:
    """The next calls that ended after ``mark``, and the mark behind them; None: there are none."""
    rows = (await session.execute(
        select(Attempt, Campaign.id, Encounter.department, QuestionnaireRow)
        .join(Task, Task.id == Attempt.task_id).join(Campaign, Campaign.id == Task.campaign_id)
        .join(Encounter, Encounter.id == Task.encounter_id)
        .join(QuestionnaireRow, QuestionnaireRow.id == Campaign.questionnaire_id)
        .where(Attempt.state == AttemptState.ENDED, Attempt.ended_at <= until,
               tuple_(Attempt.ended_at, Attempt.id) > mark)
        .order_by(Attempt.ended_at, Attempt.id).limit(CHUNK))).all()
    if not rows:
        return [], None
    ids = [row.Attempt.id for row in rows]
    answers: dict[uuid.UUID, list[tuple[str, datetime, bool]]] = {}
    for attempt_id, link_id, first, abnormal in await session.execute(
            select(Answer.attempt_id, Answer.link_id, func.min(Answer.given_at),
                   func.count(Finding.id) > 0)
            .outerjoin(Finding, Finding.answer_id == Answer.id)
            .where(Answer.attempt_id.in_(ids)).group_by(Answer.attempt_id, Answer.link_id)
            .order_by(func.min(Answer.given_at))):
        if attempt_id is not None:
            answers.setdefault(attempt_id, []).append((link_id, first, abnormal))
    wishes: dict[uuid.UUID, list[Escalation]] = {}
    for wish in await session.scalars(select(Escalation).where(
            Escalation.attempt_id.in_(ids), Escalation.ended_at.is_not(None))):
        wishes.setdefault(wish.attempt_id, []).append(wish)

    def clock(when: datetime | None) -> float:
        assert when is not None
        return when.timestamp() + offset

    facts = []
    for attempt, campaign_id, department, questionnaire in rows:
        numbers, met = item_numbers(parsed(questionnaire)), wishes.get(attempt.id, [])
        facts.append(Fact(
            campaign=str(campaign_id), department=department,
            placed_at=clock(attempt.sent_at or attempt.committed_at),
            answered_at=clock(attempt.answered_at) if attempt.answered_at else None,
            ended_at=clock(attempt.ended_at), rang=attempt.disposition in RANG,
            answers=[Answered(numbers[link_id], clock(at), abnormal)
                     for link_id, at, abnormal in answers.get(attempt.id, ())
                     if link_id in numbers],
            talks=[(clock(one.bridged_at), clock(one.ended_at)) for one in met
                   if one.bridged_at and one.ended_at],
            needed=len(met), lost=sum(one.bridged_at is None for one in met)))
    last: Attempt = rows[-1].Attempt
    assert last.ended_at is not None
    return facts, (last.ended_at, last.id)
