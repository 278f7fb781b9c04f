"""The finished follow-ups a plan draws from, as the database has them."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Float,
    Integer,
    String,
    Subquery,
    Uuid,
    and_,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from followup.agents.models import Agent
from followup.calls.models import Attempt, Disposition, Escalation
from followup.campaigns.models import Task
from followup.patients.models import Encounter
from followup.questionnaires.models import QuestionnaireRow
from followup.responses.models import Answer, Finding, GivenBy, Response
from followup.spotchecks.risk import MANY_UNSURE, SHORT_S, UNSURE, Facts, Risk, assess
from followup.spotchecks.sampling import By, Stratum, allocate

SPARE = 20                   # of a stratum so many more than it should give are fetched
_REASONS = ("unsure", "disagreeing", "overridden", "alone")
# written out, so that the planner can prove that the partial index fits
_UNSURE: ColumnElement[bool] = literal_column("answer.confidence < 0.6")
_BY_AGENT: ColumnElement[bool] = literal_column("answer.given_by = 'agent'")
_REPLACED: ColumnElement[bool] = literal_column("answer.superseded_at IS NOT NULL")
_DOUBTED: ColumnElement[bool] = literal_column("answer.doubted IS NOT NULL")
_KEY_AND_VOICE = (GivenBy.KEY, GivenBy.VOICE)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which calls: those that ended from ``since`` on and before ``until``; of one department,
    if one is named. A call that nobody but a machine answered has nothing to check."""

    since: datetime
    until: datetime
    department: str = ""

    def where(self) -> ColumnElement[bool]:
        """The condition on ``Attempt`` and ``Encounter``."""
        holds = [Attempt.state == literal_column("'ended'"), Attempt.ended_at >= self.since,
                 Attempt.ended_at < self.until, Attempt.answered_at.is_not(None),
                 Attempt.disposition.is_distinct_from(Disposition.VOICEMAIL)]
        if self.department:
            holds.append(Encounter.department == self.department)
        return and_(*holds)


async def prepare(session: AsyncSession) -> None:
    """For the rest of the transaction: plan each query for the calls at hand (a plan for any would
    take a hundred thousand for a few), sort them without a file, compile nothing, which takes
    longer than these queries do, and rather look some answers up than read all: they are in
    memory."""
    await session.execute(text("set local plan_cache_mode = force_custom_plan"))
    await session.execute(text("set local work_mem = '32MB'"))
    await session.execute(text("set local jit = off"))
    await session.execute(text("set local random_page_cost = 1.1"))


async def strata(session: AsyncSession, scope: Scope, seed: int, most: int,
                 by: By | None = None) -> dict[str, Stratum]:
    """The calls by stratum, of each whoever may be among ``most`` drawn; without ``by`` there is
    one, named "". Calls that no agent joined are the stratum "" of the agents."""
    key: Any = literal_column("''", String)
    query = _calls(scope, of_department=by is By.DEPARTMENT)
    if by is By.DEPARTMENT:
        key = Encounter.department
    elif by is By.OUTCOME:
        key = func.coalesce(Attempt.disposition.cast(String), "")
    elif by is By.QUESTIONNAIRE:
        key = QuestionnaireRow.title + " " + QuestionnaireRow.version
        query = query.join(Response, Response.task_id == Attempt.task_id).join(
            QuestionnaireRow, QuestionnaireRow.id == Response.questionnaire_id)
    elif by is By.AGENT:
        last = joined_agents()
        key = func.coalesce(Agent.extension + " " + Agent.name, "")
        query = query.outerjoin(last, last.c.attempt_id == Attempt.id).outerjoin(
            Agent, Agent.id == last.c.agent_id)
    # the order of ``sampling.place``
    order = func.md5(literal(f"{seed}:") + Attempt.id.cast(String))
    if by is None:
        number = await session.scalar(query.with_only_columns(func.count()))
        first = await session.scalars(query.order_by(order.cast(Uuid)).limit(most))
        return {"": Stratum(number, first.all())} if number else {}
    calls = query.with_only_columns(key.label("name"), Attempt.id.label("id"),
                                    order.collate("C").label("place")).cte("calls")
    for spare in (SPARE, None):
        found = await _firsts(session, calls, most, spare)
        shares = allocate({name: each.size for name, each in found.items()}, most)
        if all(len(each.first) >= shares[name] for name, each in found.items()):
            break
    return found


async def _firsts(session: AsyncSession, calls: CTE, most: int,
                  spare: int | None) -> dict[str, Stratum]:
    """Of each stratum its size and who comes first: twice its part of ``most``, and ``spare``.

    Places are even, so that is all below a bound, and only few of many need be sorted. Without
    ``spare`` it is everybody: one in ten million strata has not enough below its bound.
    """
    sized = select(calls.c.name, func.count().label("size"),
                   func.sum(func.count()).over().label("total")).group_by(calls.c.name).subquery()
    part = literal(2.0 * most, Float) / sized.c.total.cast(Float) + \
        literal(float(spare or 0), Float) / sized.c.size.cast(Float)
    bound = literal("g") if spare is None else case(      # after all that is hexadecimal
        (part >= 1, literal("g")),
        else_=func.lpad(func.to_hex((part * 2.0 ** 32).cast(BigInteger)), 8, "0"))
    sizes = select(sized.c.name, sized.c.size, bound.label("bound")).cte("sizes").prefix_with(
        "MATERIALIZED")
    rows = await session.execute(
        select(sizes.c.name, calls.c.id, sizes.c.size).select_from(sizes)
        .outerjoin(calls, and_(sizes.c.name == calls.c.name, calls.c.place < sizes.c.bound))
        .order_by(sizes.c.name, calls.c.place))
    members: dict[str, list[uuid.UUID]] = {}
    found: dict[str, Stratum] = {}
    for name, member, size in rows:
        found[name] = Stratum(size, members.setdefault(name, []))
        if member is not None:               # a stratum of which nobody is below its bound
            members[name].append(member)
    return found


async def doubtful(session: AsyncSession, scope: Scope) -> dict[uuid.UUID, Risk]:
    """The calls with a reason for doubt, each with its reasons."""
    # read once: they lie all over the table
    odd = select(Answer).where(or_(_UNSURE, _BY_AGENT, _REPLACED, _DOUBTED)).cte("odd")
    older, newer = odd.alias("older"), aliased(Answer, name="newer")
    joined = select(Escalation.id).where(Escalation.attempt_id == Answer.attempt_id,
                                         Escalation.bridged_at.is_not(None))

    def replaced(by: Any) -> ColumnElement[bool]:
        return and_(older.c.response_id == by.response_id, older.c.link_id == by.link_id,
                    older.c.superseded_at.is_not(None), older.c.given_by != by.given_by,
                    older.c.value != by.value)

    reasons = union_all(
        select(odd.c.attempt_id, *_ones("unsure")).where(odd.c.confidence < UNSURE),
        select(odd.c.attempt_id, *_ones("disagreeing")).where(odd.c.doubted.is_not(None)),
        select(older.c.attempt_id, *_ones("disagreeing"))
        .join(newer, and_(replaced(newer), older.c.position == newer.position,
                          newer.superseded_at.is_(None), newer.given_by.in_(_KEY_AND_VOICE)))
        .where(older.c.given_by.in_(_KEY_AND_VOICE)),
        select(older.c.attempt_id, *_ones("overridden"))
        .join(odd, and_(replaced(odd.c), odd.c.given_by == GivenBy.AGENT)),
        select(Answer.attempt_id, *_ones("alone"))
        .join(Finding, Finding.answer_id == Answer.id).where(~joined.exists())).subquery()
    facts = select(reasons.c.attempt_id, *(func.sum(reasons.c[name]).label(name)
                                           for name in _REASONS)
                   ).group_by(reasons.c.attempt_id).subquery()
    talk = Attempt.ended_at - Attempt.answered_at
    # so that many calls are alike: ``assess`` asks for whole seconds, and of short talks alone
    numbers = [func.least(func.floor(func.extract("epoch", talk)), SHORT_S).cast(Integer),
               *(func.coalesce(facts.c[name], 0) for name in _REASONS)]
    alike = await session.execute(
        _calls(scope).outerjoin(facts, facts.c.attempt_id == Attempt.id)
        .with_only_columns(func.array_agg(Attempt.id), *numbers).group_by(*numbers)
        # no more than have a score, as ``assess`` gives it
        .where(or_(talk < timedelta(seconds=SHORT_S), facts.c.unsure >= MANY_UNSURE,
                   facts.c.disagreeing > 0, facts.c.overridden > 0, facts.c.alone > 0)))
    return {attempt_id: risk for attempts, *counts in alike
            if (risk := assess(Facts(*counts))).score for attempt_id in attempts}


def _ones(what: str) -> list[Any]:
    return [literal_column("1" if name == what else "0", Integer).label(name) for name in _REASONS]


@dataclass(frozen=True, slots=True)
class Known:
    """What a check keeps of its call."""

    attempt_id: uuid.UUID
    department: str
    agent: Agent | None
    joined_at: datetime | None


async def known(session: AsyncSession, attempts: Collection[uuid.UUID]) -> dict[uuid.UUID, Known]:
    """Department and agent of these calls, and when the agent joined."""
    last = joined_agents()
    rows = await session.execute(
        select(Attempt.id, Encounter.department, Agent, last.c.bridged_at)
        .join(Task, Task.id == Attempt.task_id).join(Encounter, Encounter.id == Task.encounter_id)
        .outerjoin(last, last.c.attempt_id == Attempt.id)
        .outerjoin(Agent, Agent.id == last.c.agent_id).where(Attempt.id.in_(attempts)))
    return {row[0]: Known(*row) for row in rows}


def joined_agents() -> Subquery:
    """The agent who joined each call, the last one of several."""
    last = func.row_number().over(partition_by=Escalation.attempt_id,
                                  order_by=(Escalation.bridged_at.desc(), Escalation.id))
    every = (select(Escalation.attempt_id, Escalation.agent_id, Escalation.bridged_at,
                    last.label("place"))
             .where(Escalation.bridged_at.is_not(None)).subquery())
    return select(every).where(every.c.place == 1).subquery()


def _calls(scope: Scope, *, of_department: bool = False) -> Any:
    query: Any = select(Attempt.id)
    if of_department or scope.department:
        query = query.join(Task, Task.id == Attempt.task_id).join(
            Encounter, Encounter.id == Task.encounter_id)
    return query.where(scope.where())


__all__ = ["Known", "Scope", "doubtful", "joined_agents", "known", "prepare", "strata"]
