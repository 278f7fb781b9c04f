"""Deletes the sound of recordings whose time is over: the row, its marks and its seal stay."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Integer,
    Select,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    text,
    union,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from followup.alarms.models import AlarmKind
from followup.alarms.register import clear_alarm
from followup.calls.models import Attempt, Recording, RecordingState
from followup.cases.models import Case, CaseEvidence
from followup.cases.states import CaseState
from followup.database.base import now
from followup.database.engine import Database
from followup.errors import Unavailable
from followup.log import get_logger
from followup.people import audit
from followup.recordings.keeping import EVERYTHING, Batch, Key
from followup.recordings.models import RecordingHold, RetentionRule
from followup.recordings.tally import DAY, RecordingTally
from followup.spotchecks.models import SpotCheck
from followup.spotchecks.states import ItemState
from recordings.naming import boxes, inside
from recordings.vault import Vault

log = get_logger(__name__)
_BATCH = 200
# spot checks in these states need the recording no more
_OVER = (ItemState.CHECKED, ItemState.DECIDED, ItemState.CLOSED)


# recordings that are kept whatever the rules say, by why: a legal hold, an open case, an open
# spot check
_NEEDED = (
    select(RecordingHold.recording_id).where(RecordingHold.released_at.is_(None)),
    select(Recording.id).join(CaseEvidence, CaseEvidence.attempt_id == Recording.attempt_id)
    .join(Case, Case.id == CaseEvidence.case_id).where(Case.state != CaseState.CLOSED),
    select(Recording.id).join(SpotCheck, SpotCheck.attempt_id == Recording.attempt_id)
    .where(SpotCheck.state.not_in(_OVER)))


def kept_days(default: int | None) -> Any:
    """The days that a recording is kept, by the rule that says most of its call: campaign and
    outcome, campaign, outcome, all; else ``default``. An expression on ``recording`` and
    ``attempt``."""
    rule = (select(RetentionRule.days)
            .where(or_(RetentionRule.campaign_id.is_(None),
                       RetentionRule.campaign_id == Recording.campaign_id),
                   or_(RetentionRule.disposition.is_(None),
                       RetentionRule.disposition == Attempt.disposition))
            .order_by(RetentionRule.campaign_id.is_(None), RetentionRule.disposition.is_(None))
            .limit(1).scalar_subquery())
    return rule if default is None else func.coalesce(rule, literal(default))


def _midnight() -> datetime:
    """The beginning of today, UTC: days of keeping are whole ones."""
    return now().replace(hour=0, minute=0, second=0, microsecond=0)


def _ago(days: Any) -> Any:
    return _midnight() - func.make_interval(0, 0, 0, 0, days * 24)


def past(default: int | None) -> tuple[Any, ...]:
    """So many whole days have passed, and nobody needs it: conditions on ``recording`` and
    ``attempt``."""
    return (Recording.created_at < _ago(kept_days(default)),
            Recording.id.not_in(union_all(*_NEEDED)))


def over(default: int | None) -> Select[Any]:
    """Recordings whose time is over and that nobody needs, the oldest first: so many whole days
    have passed after the one on which they were made."""
    # whatever rule counts, younger ones are not over
    least = func.least(select(func.min(RetentionRule.days)).scalar_subquery(),
                       cast(default, Integer))
    return (select(Recording).join(Attempt, Attempt.id == Recording.attempt_id)
            .where(Recording.state == RecordingState.SEALED, Recording.seal_number.is_not(None),
                   Recording.created_at < _ago(least),
                   *past(default))
            .order_by(Recording.created_at, Recording.id))


async def batches(session: AsyncSession, named: Iterable[Key]) -> list[Batch]:
    """All that the rules are about, in few rows: campaigns and outcomes apart that are ``named``,
    the others together."""
    campaigns, outcomes = (set(each) - {None} for each in zip(EVERYTHING, *named, strict=True))
    today = _midnight().date()

    def parts(campaign: Any, outcome: Any, day: Any, count: Any) -> Select[Any]:
        return select(case((campaign.in_(campaigns), campaign)),
                      case((outcome.in_(outcomes), outcome)), day, count).group_by(text("1, 2, 3"))

    counted = await session.execute(parts(
        RecordingTally.campaign_id, RecordingTally.disposition, RecordingTally.day,
        func.sum(RecordingTally.n)))
    kept: Counter[tuple[Any, ...]] = Counter({tuple(key): n for *key, n in counted})
    needed: Any = await session.execute(
        parts(Recording.campaign_id, Attempt.disposition, DAY, func.count())
        .join_from(Recording, Attempt, Attempt.id == Recording.attempt_id)
        .where(Recording.state == RecordingState.SEALED, Recording.id.in_(union(*_NEEDED))))
    found = []
    for *key, n in needed:
        kept[tuple(key)] -= n
        found.append(((*key,), True, n))
    found += [(key, False, n) for key, n in kept.items() if n]
    return [Batch(campaign, outcome, (today - day).days - 1, of_need, n)
            for (campaign, outcome, day), of_need, n in found]


async def expire(database: Database, vault: Vault, plain: Path, default: int | None) -> int:
    """Delete what is over; how many. First the rows say so, then the sound goes: after a crash in
    between it goes at the next run. ``plain``: the folder of files from before encryption."""
    done = 0
    while True:
        async with database.session() as session:
            rows: Sequence[Recording] = (await session.scalars(
                over(default).limit(_BATCH)
                .with_for_update(of=Recording, skip_locked=True))).all()
            for row in rows:
                row.state, row.expired_at = RecordingState.EXPIRED, now()
                audit.record(session, audit.EXPIRE_RECORDING, actor="system",
                             subject=f"recording:{row.id}")
        done += len(rows)
        if not rows:
            break
    await _remove_sound(database, vault, plain)
    return done


async def overdue(session: AsyncSession, default: int | None) -> Sequence[uuid.UUID]:
    """Ids of what ``expire`` would delete now."""
    return (await session.scalars(over(default).with_only_columns(Recording.id))).all()


async def _remove_sound(database: Database, vault: Vault, plain: Path) -> None:
    after = uuid.UUID(int=0)
    while True:
        async with database.session() as session:
            rows = (await session.scalars(
                select(Recording).where(Recording.state == RecordingState.EXPIRED,
                                        Recording.file.is_not(None), Recording.id > after)
                .order_by(Recording.id).limit(_BATCH)
                .with_for_update(skip_locked=True))).all()
            for row in rows:
                after = row.id
                try:
                    await _remove(vault, row, plain)
                except (OSError, ValueError, Unavailable):
                    log.exception("the sound of an expired recording stays, will try again",
                                  recording_id=str(row.id))
                    continue
                row.file = row.stored = None
                row.copies = []
                await clear_alarm(session, AlarmKind.RECORDING_CHANGED, str(row.id))
        if not rows:
            return


async def _remove(vault: Vault, row: Recording, plain: Path) -> None:
    if row.file is None:
        return
    if row.stored is None:
        path = inside(plain, row.file)
        for each in (*path.parent.glob(f"{path.name}.*.peaks.json"), path):
            each.unlink(missing_ok=True)
        return
    for name in boxes(row.file):
        await vault.remove(name, row.stored)
