"""How the telephone has gone lately: what a forecast of the next days needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.calls.models import Attempt, AttemptState, Disposition, Escalation

_Moment = ColumnElement[datetime] | ColumnElement[datetime | None]
UNANSWERED = (Disposition.BUSY, Disposition.NO_ANSWER, Disposition.REJECTED)


@dataclass(frozen=True, slots=True)
class TelephoneHistory:
    """Seconds, of calls that have ended."""

    rang_answered: Sequence[float]
    rang_unanswered: Sequence[float]
    asked: Sequence[float]             # from the answer to the end, or to the need of a person
    talked: Sequence[float]            # with an agent
    escalated: int                     # calls that came to need a person


async def telephone_history(session: AsyncSession, since: datetime) -> TelephoneHistory:
    """Calls placed ``since`` then."""
    ended = (Attempt.state == AttemptState.ENDED) & (Attempt.committed_at >= since)
    rings = func.coalesce(Attempt.ringing_at, Attempt.sent_at, Attempt.committed_at)

    async def seconds(start: _Moment, end: _Moment,
                      *only: ColumnElement[bool]) -> list[float]:
        rows = await session.scalars(
            select(func.extract("epoch", end - start)).where(ended, *only))
        return [max(0.0, float(value)) for value in rows if value is not None]

    needed = select(func.min(Escalation.requested_at)).where(
        Escalation.attempt_id == Attempt.id).scalar_subquery()
    talks = await session.scalars(
        select(func.extract("epoch", Escalation.ended_at - Escalation.bridged_at))
        .join(Attempt, Attempt.id == Escalation.attempt_id)
        .where(ended, Escalation.bridged_at.is_not(None), Escalation.ended_at.is_not(None)))
    return TelephoneHistory(
        rang_answered=await seconds(rings, Attempt.answered_at.expression,
                                    Attempt.answered_at.is_not(None)),
        rang_unanswered=await seconds(rings, Attempt.ended_at.expression,
                                      Attempt.disposition.in_(UNANSWERED)),
        asked=await seconds(Attempt.answered_at.expression,
                            func.coalesce(needed, Attempt.ended_at),
                            Attempt.answered_at.is_not(None)),
        talked=[float(value) for value in talks],
        escalated=await session.scalar(select(func.count()).select_from(Attempt).where(
            ended, exists().where(Escalation.attempt_id == Attempt.id))) or 0)
