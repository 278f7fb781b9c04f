"""Makes plans: draws a sample and keeps how it was drawn; versions of score cards."""

from __future__ import annotations

import secrets
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.agents.models import Agent
from followup.database.base import now
from followup.errors import Conflict, InvalidInput, NotFound
from followup.people import audit
from followup.people.models import AuditEvent, Role, User
from followup.spotchecks.models import ScoreCard, SpotCheck, SpotCheckPlan
from followup.spotchecks.population import Scope, doubtful, known, prepare, strata
from followup.spotchecks.sampling import By, Drawn, Method, draw, draw_by_risk, twice
from followup.spotchecks.scoring import Card

MOST = 500                   # follow-ups of one plan
SEEDS = 2 ** 31
NAME_LENGTH = 60
LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a plan is to be; ``since`` and ``until`` are days, both inclusive."""

    name: str
    method: Method
    since: date
    until: date
    size: int
    card_id: uuid.UUID
    by: By | None = None
    department: str = ""
    double_percent: int = 0
    seed: int | None = None              # None: any

    def check(self) -> None:
        """InvalidInput names the field that does not fit."""
        if not 1 <= len(self.name) <= NAME_LENGTH:
            raise _wrong("name", f"1 to {NAME_LENGTH} characters")
        if not 1 <= self.size <= MOST:
            raise _wrong("size", f"1 to {MOST}")
        if not 0 <= self.double_percent <= 100:
            raise _wrong("double_percent", "0 to 100")
        if self.since > self.until or self.until - self.since > LONGEST:
            raise _wrong("until", "a day from the first one on, a year later at most")
        if (self.method is Method.STRATIFIED) != (self.by is not None):
            raise _wrong("by", "what the strata are, of a stratified sample only")
        if self.seed is not None and not 0 <= self.seed < SEEDS:
            raise _wrong("seed", f"0 to {SEEDS - 1}")


async def make_plan(session: AsyncSession, wish: Wish, zone: ZoneInfo, *, actor: str,
                    address: str = "") -> SpotCheckPlan:
    """Draw the sample and keep it; the same seed on the same calls draws the same ones.

    InvalidInput when a field does not fit or there is nothing to draw from, Conflict when the name
    is taken.
    """
    wish.check()
    card = await session.get(ScoreCard, wish.card_id)
    if card is None:
        raise _wrong("card", "a score card that there is")
    if await session.scalar(select(SpotCheckPlan.id).where(SpotCheckPlan.name == wish.name)):
        raise Conflict("a plan has this name already", field="name")
    seed = secrets.randbelow(SEEDS) if wish.seed is None else wish.seed
    scope = Scope(_midnight(wish.since, zone), _midnight(wish.until + timedelta(days=1), zone),
                  wish.department)
    drawn, sizes = await draw_sample(session, scope, wish.method, wish.by, wish.size, seed)
    population = sum(sizes.values())
    if not population:
        raise _wrong("since", "days with calls that were answered")
    given = Counter(each.stratum for each in drawn)
    plan = SpotCheckPlan(
        id=uuid.uuid4(), name=wish.name, method=wish.method, by=wish.by, seed=seed,
        since=wish.since, until=wish.until, department=wish.department, size=len(drawn),
        population=population, strata={name: [size, given[name]] for name, size in sizes.items()},
        double_percent=wish.double_percent, card=card, created_by=actor)
    session.add(plan)
    await session.flush()
    await _add_checks(session, plan, drawn)
    audit.record(session, audit.MAKE_SPOT_CHECKS, actor=actor, address=address,
                 subject=f"spot-checks:{plan.id}", seed=seed, size=len(drawn))
    return plan


async def draw_sample(session: AsyncSession, scope: Scope, method: Method, by: By | None,
                      size: int, seed: int) -> tuple[list[Drawn], dict[str, int]]:
    """The sample, and how many there are in each stratum."""
    await prepare(session)
    if method is Method.RISK:
        risks = await doubtful(session, scope)
        # others need be put into their order only where there are too few
        members = await strata(session, scope, seed, 2 * size if len(risks) < size else 0)
        drawn = draw_by_risk(risks, members[""], size, seed) if members else []
    else:
        members = await strata(session, scope, seed, size, by)
        drawn = draw(members, size)
    return drawn, {name: each.size for name, each in members.items()}


async def _add_checks(session: AsyncSession, plan: SpotCheckPlan, drawn: Sequence[Drawn]) -> None:
    both = twice(drawn, plan.double_percent, plan.seed)
    facts = await known(session, [each.attempt_id for each in drawn])
    people: dict[tuple[uuid.UUID, datetime], uuid.UUID | None] = {}
    for place, each in enumerate(drawn, start=1):
        fact = facts[each.attempt_id]
        person = None
        if fact.agent and fact.joined_at:
            key = (fact.agent.id, fact.joined_at)
            if key not in people:
                people[key] = await person_at(session, fact.agent, fact.joined_at)
            person = people[key]
        session.add(SpotCheck(
            id=uuid.uuid4(), plan_id=plan.id, attempt_id=each.attempt_id, place=place,
            stratum=each.stratum, risk=each.risk.score,
            reasons=[[doubt.value, number] for doubt, number in each.risk.reasons],
            department=fact.department, agent_id=fact.agent.id if fact.agent else None,
            person_id=person, twice=each.attempt_id in both))
    await session.flush()


async def person_at(session: AsyncSession, agent: Agent, moment: datetime) -> uuid.UUID | None:
    """Who sat at an agent's phone then: who had taken it last, else the one person whose phone it
    is, else the one agent of that name."""
    taken = await session.scalar(
        select(User.id).join(AuditEvent, AuditEvent.actor == User.username)
        .where(AuditEvent.action == audit.TAKE_PHONE, AuditEvent.at <= moment,
               AuditEvent.subject == f"agent:{agent.extension}")
        .order_by(AuditEvent.id.desc()).limit(1))
    if taken is not None:
        return taken
    for theirs in (User.agent_id == agent.id,
                   and_(User.name == agent.name, User.role == Role.AGENT)):
        found = (await session.scalars(select(User.id).where(theirs).limit(2))).all()
        if found:
            return found[0] if len(found) == 1 else None
    return None


async def newest_cards(session: AsyncSession) -> Sequence[ScoreCard]:
    """The newest version of each card, by name."""
    newest = (select(ScoreCard.name, func.max(ScoreCard.version).label("version"))
              .group_by(ScoreCard.name).subquery())
    return (await session.scalars(
        select(ScoreCard).join(newest, (newest.c.name == ScoreCard.name)
                               & (newest.c.version == ScoreCard.version))
        .order_by(ScoreCard.name))).all()


async def find_card(session: AsyncSession, card_id: uuid.UUID) -> ScoreCard:
    """A version of a card; NotFound when there is none."""
    card = await session.get(ScoreCard, card_id)
    if card is None:
        raise NotFound("there is no such score card")
    return card


async def save_card(session: AsyncSession, name: str, card: Card, *, actor: str,
                    address: str = "") -> ScoreCard:
    """The next version of a card, or its first; one that changes nothing is not kept."""
    if not 1 <= len(name) <= NAME_LENGTH:
        raise _wrong("name", f"1 to {NAME_LENGTH} characters")
    # two who save at once take turns
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"score-card:{name}"))))
    last = await session.scalar(select(ScoreCard).where(ScoreCard.name == name)
                                .order_by(ScoreCard.version.desc()).limit(1))
    criteria = [each.kept() for each in card.criteria]
    if last is not None and (last.criteria, last.pass_mark) == (criteria, card.pass_mark):
        return last
    row = ScoreCard(id=uuid.uuid4(), name=name, version=last.version + 1 if last else 1,
                    criteria=criteria, pass_mark=card.pass_mark, created_by=actor,
                    created_at=now())
    session.add(row)
    await session.flush()
    audit.record(session, audit.CHANGE_CARD, actor=actor, address=address,
                 subject=f"score-card:{row.id}", version=row.version,
                 before={"pass_mark": last.pass_mark, "criteria": last.criteria} if last else {},
                 after={"pass_mark": row.pass_mark, "criteria": row.criteria})
    return row


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _wrong(field: str, expected: str) -> InvalidInput:
    return InvalidInput(f"{field}: expected {expected}", field=field, expected=expected)
