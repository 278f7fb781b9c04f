"""What inspectors, judges and those who are checked do to one check. Each step locks its row."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.database.base import now
from followup.errors import Conflict, Forbidden, InvalidInput, NotFound
from followup.people import audit
from followup.people.models import User
from followup.spotchecks.models import (
    SpotCheck,
    SpotCheckAppeal,
    SpotCheckCorrection,
    SpotCheckNote,
    SpotCheckScore,
)
from followup.spotchecks.scoring import Verdict, read_marks, result, verdict
from followup.spotchecks.states import ItemState, Step, may_judge, may_score, move

LONGEST_SOUND_MS = 6 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it, from where."""

    user: User
    address: str = ""


async def take(session: AsyncSession, check_id: uuid.UUID) -> SpotCheck:
    """A check, locked until the transaction ends; NotFound when there is none."""
    found = await session.scalar(
        select(SpotCheck).where(SpotCheck.id == check_id).with_for_update(of=SpotCheck)
        .execution_options(populate_existing=True))
    if found is None:
        raise NotFound("there is no such spot check")
    return found


async def score(session: AsyncSession, check_id: uuid.UUID, given: Mapping[str, object],
                remark: str, actor: Actor) -> SpotCheck:
    """Fill in the card. The second of two inspectors completes the check, or the two differ."""
    check = await take(session, check_id)
    if not may_score(check.state, actor.user.id, check.scored_by, check.person_id):
        raise Conflict("it has been scored, or is your own call", state=check.state.value)
    card = check.plan.card.card
    marks = read_marks(card, given)
    come = result(card, marks)
    first = check.scores[0] if check.scores else None
    check.scores.append(SpotCheckScore(
        id=uuid.uuid4(), check_id=check.id, seat=len(check.scores) + 1,
        inspector_id=actor.user.id, marks=marks, points=come.points,
        verdict=come.verdict, fatal=bool(come.fatal), remark=remark))
    if check.twice and first is None:
        check.state = move(check.state, Step.SCORE_FIRST)
    elif first is not None and first.verdict is not come.verdict:
        check.state = move(check.state, Step.SCORE_OTHERWISE)
    else:
        check.state = move(check.state, Step.SCORE)
        fatal = bool(come.fatal) or (first is not None and first.fatal)
        points = come.points if first is None else round((first.points + come.points) / 2, 1)
        _conclude(check, points, come.verdict, fatal=fatal)
    _write_down(session, audit.SCORE_CHECK, check, actor)
    return check


async def settle(session: AsyncSession, check_id: uuid.UUID, points: float, note: str,
                 actor: Actor) -> SpotCheck:
    """Where two inspectors differ, a third person says what it is."""
    check = await take(session, check_id)
    _judges(check, actor)
    words, state = _said(note, "note"), move(check.state, Step.SETTLE)
    judged = verdict(check.plan.card.card, points)
    _conclude(check, points, judged, fatal=judged is Verdict.FAILED
              and any(each.fatal for each in check.scores))
    check.state, check.settled_by, check.settled_note = state, actor.user.name, words
    _write_down(session, audit.SETTLE_CHECK, check, actor, points=points)
    return check


async def appeal(session: AsyncSession, check_id: uuid.UUID, text: str, actor: Actor, *,
                 for_others: bool = False) -> SpotCheck:
    """Object to the score: the person who was checked, or ``for_others`` somebody on their behalf.

    Once for each check.
    """
    check = await take(session, check_id)
    if check.person_id != actor.user.id and not for_others:
        raise Forbidden
    words, check.state = _said(text, "text"), move(check.state, Step.APPEAL)
    check.appeal = SpotCheckAppeal(id=uuid.uuid4(), check_id=check.id, by=actor.user.name,
                                   text=words, points_before=check.points or 0.0)
    _write_down(session, audit.APPEAL_CHECK, check, actor)
    return check


async def decide(session: AsyncSession, check_id: uuid.UUID, *, upheld: bool,
                 points: float | None, answer: str, actor: Actor) -> SpotCheck:
    """Decide an appeal; one that is upheld gets the points it should have had."""
    check = await take(session, check_id)
    _judges(check, actor)
    words, state = _said(answer, "answer"), move(check.state, Step.DECIDE)
    if check.appeal is None:
        raise Conflict("there is no appeal")
    if upheld:
        if points is None:
            raise _wrong("points", "0 to 100")
        _conclude(check, points, verdict(check.plan.card.card, points), fatal=False)
    check.state, check.appeal.upheld, check.appeal.answer = state, upheld, words
    check.appeal.decided_by, check.appeal.decided_at = actor.user.name, now()
    _write_down(session, audit.DECIDE_APPEAL, check, actor, upheld=upheld)
    return check


async def order(session: AsyncSession, check_id: uuid.UUID, text: str, due_on: date, today: date,
                actor: Actor) -> SpotCheck:
    """Have something put right by a day, today or later."""
    check = await take(session, check_id)
    if due_on < today:
        raise _wrong("due_on", "today or a later day")
    words, check.state = _said(text, "text"), move(check.state, Step.ORDER)
    check.correction = SpotCheckCorrection(id=uuid.uuid4(), check_id=check.id, text=words,
                                           due_on=due_on, ordered_by=actor.user.name)
    _write_down(session, audit.MOVE_CORRECTION, check, actor, step=Step.ORDER.value)
    return check


async def report(session: AsyncSession, check_id: uuid.UUID, text: str, actor: Actor, *,
                 for_others: bool = False) -> SpotCheck:
    """Say that a correction is done, and how."""
    check = await take(session, check_id)
    if check.person_id != actor.user.id and not for_others:
        raise Forbidden
    words, correction = _said(text, "text"), _corrected(check, Step.REPORT)
    correction.report, correction.reported_by = words, actor.user.name
    correction.reported_at, correction.returned = now(), ""
    _write_down(session, audit.MOVE_CORRECTION, check, actor, step=Step.REPORT.value)
    return check


async def accept(session: AsyncSession, check_id: uuid.UUID, actor: Actor, *,
                 returned: str = "") -> SpotCheck:
    """Take a correction as done, or ``returned`` give it back, with the reason. Never one's own."""
    check = await take(session, check_id)
    if check.person_id == actor.user.id:
        raise Forbidden
    step = Step.RETURN if returned else Step.ACCEPT
    correction = _corrected(check, step)
    if returned:
        correction.returned = returned
    else:
        correction.accepted_by, correction.accepted_at = actor.user.name, now()
    _write_down(session, audit.MOVE_CORRECTION, check, actor, step=step.value)
    return check


async def close(session: AsyncSession, check_id: uuid.UUID, actor: Actor) -> SpotCheck:
    """Nothing is to be put right."""
    check = await take(session, check_id)
    check.state = move(check.state, Step.CLOSE)
    _write_down(session, audit.CLOSE_CHECK, check, actor)
    return check


async def note(session: AsyncSession, check_id: uuid.UUID, at_ms: int, text: str,
               actor: Actor) -> SpotCheck:
    """Keep a word on a moment of the recording."""
    check = await take(session, check_id)
    if not 0 <= at_ms <= LONGEST_SOUND_MS:
        raise _wrong("at_ms", "a moment of the recording")
    check.notes.append(SpotCheckNote(id=uuid.uuid4(), check_id=check.id, author_id=actor.user.id,
                                     at_ms=at_ms, text=_said(text, "text")))
    _write_down(session, audit.NOTE_CHECK, check, actor)
    return check


def _conclude(check: SpotCheck, points: float, judged: Verdict, *, fatal: bool) -> None:
    if not 0 <= points <= 100:
        raise _wrong("points", "0 to 100")
    check.points, check.verdict, check.fatal, check.checked_at = points, judged, fatal, now()


def _judges(check: SpotCheck, actor: Actor) -> None:
    if check.state not in (ItemState.DIFFERS, ItemState.APPEALED):
        raise Conflict("there is nothing to decide", state=check.state.value)
    if not may_judge(actor.user.id, check.scored_by, check.person_id):
        raise Forbidden("who scored, or was checked, does not decide")


def _corrected(check: SpotCheck, step: Step) -> SpotCheckCorrection:
    check.state = move(check.state, step)
    if check.correction is None:
        raise Conflict("there is no correction")
    return check.correction


def _write_down(session: AsyncSession, action: str, check: SpotCheck, actor: Actor,
                **detail: object) -> None:
    audit.record(session, action, actor=actor.user.username, address=actor.address,
                 subject=f"spot-check:{check.id}", state=check.state.value, **detail,
                 **audit.difference(check))


def _said(text: str, field: str) -> str:
    if not text.strip():
        raise _wrong(field, "some words")
    return text


def _wrong(field: str, expected: str) -> InvalidInput:
    return InvalidInput(f"{field}: expected {expected}", field=field, expected=expected)
