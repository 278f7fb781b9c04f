"""Holding, commenting and sharing recordings; each change leaves an audit row."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from followup.calls.models import Disposition, Recording, RecordingState
from followup.campaigns.models import Campaign
from followup.database.base import now
from followup.errors import Conflict, InvalidInput, NotFound
from followup.people import audit
from followup.people.sessions import token_hash
from followup.recordings.keeping import LONGEST_DAYS as LONGEST_KEPT
from followup.recordings.models import (
    RecordingCheck,
    RecordingClip,
    RecordingComment,
    RecordingHold,
    RetentionRule,
)

WORDS = 500
LONGEST_DAYS = 90                    # of a clip's link


@dataclass(frozen=True, slots=True)
class By:
    """Who does it."""

    username: str
    address: str = ""


async def hold(session: AsyncSession, recording_id: uuid.UUID, reason: str, by: By) -> None:
    """Keep it whatever the rules say. Conflict when it is held already, or has expired."""
    row = await _find(session, recording_id, lock=True)
    if row.state is RecordingState.EXPIRED or await _open_hold(session, recording_id):
        raise Conflict("the recording is held already, or its time is over")
    session.add(RecordingHold(recording_id=recording_id, reason=_words(reason, "reason"),
                              set_by=by.username))
    _record(session, audit.HOLD_RECORDING, recording_id, by, reason=reason)


async def release(session: AsyncSession, recording_id: uuid.UUID, reason: str, by: By) -> None:
    """The rules count again. Conflict when nobody holds it."""
    await _find(session, recording_id, lock=True)
    found = await _open_hold(session, recording_id)
    if found is None:
        raise Conflict("nobody holds the recording")
    found.released_at, found.released_by = now(), by.username
    found.release_reason = _words(reason, "reason")
    _record(session, audit.RELEASE_RECORDING, recording_id, by, reason=reason)


async def comment(session: AsyncSession, recording_id: uuid.UUID, at_ms: int, text: str,
                  author_id: uuid.UUID, by: By) -> None:
    """A word on a moment."""
    row = await _find(session, recording_id)
    _moment(row, at_ms, "at")
    session.add(RecordingComment(recording_id=recording_id, author_id=author_id, at_ms=at_ms,
                                 text=_words(text, "text")))
    _record(session, audit.COMMENT_RECORDING, recording_id, by, at_ms=at_ms)


async def share(session: AsyncSession, recording_id: uuid.UUID, stretch: tuple[int, int],
                title: str, days: int, by: By) -> str:
    """A clip of milliseconds from and to; the token of its link, which is told this once."""
    row = await _find(session, recording_id)
    for place, field in zip(stretch, ("from", "to"), strict=True):
        _moment(row, place, field)
    if stretch[1] - stretch[0] < 1000:
        raise InvalidInput("to: expected a moment at least a second after from", field="to")
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidInput(f"days: expected 1 to {LONGEST_DAYS}", field="days")
    token = secrets.token_urlsafe(32)
    session.add(RecordingClip(
        recording_id=recording_id, from_ms=stretch[0], to_ms=stretch[1],
        title=title.strip()[:WORDS], token_hash=token_hash(token), made_by=by.username,
        expires_at=now() + timedelta(days=days)))
    _record(session, audit.SHARE_CLIP, recording_id, by, from_ms=stretch[0], to_ms=stretch[1],
            days=days)
    return token


async def revoke(session: AsyncSession, recording_id: uuid.UUID, clip_id: uuid.UUID,
                 by: By) -> None:
    """The clip's link opens nothing any more."""
    clip = await session.get(RecordingClip, clip_id, with_for_update=True)
    if clip is None or clip.recording_id != recording_id:
        raise NotFound("there is no such clip")
    if clip.revoked_at is None:
        clip.revoked_at, clip.revoked_by = now(), by.username
        _record(session, audit.REVOKE_CLIP, recording_id, by, clip=str(clip_id))


async def note_checked(session: AsyncSession, recording_id: uuid.UUID) -> None:
    """All of it has just been read, and is what was sealed."""
    row = insert(RecordingCheck).values(recording_id=recording_id, checked_at=now())
    await session.execute(row.on_conflict_do_update(
        index_elements=["recording_id"], set_={"checked_at": row.excluded.checked_at}))


async def find_clip(session: AsyncSession, token: str) -> RecordingClip:
    """The clip of a link; one and the same NotFound for what is unknown, over or revoked."""
    clip = await session.scalar(
        select(RecordingClip).where(RecordingClip.token_hash == token_hash(token),
                                    RecordingClip.revoked_at.is_(None),
                                    RecordingClip.expires_at > now())
        .options(selectinload(RecordingClip.recording)))
    if clip is None:
        raise NotFound("there is no such clip")
    return clip


async def set_rule(session: AsyncSession, campaign_id: uuid.UUID | None,
                   disposition: Disposition | None, days: int | None, by: By) -> None:
    """Keep such recordings so many days; None: the rule goes. InvalidInput, NotFound."""
    if days is not None and not 1 <= days <= LONGEST_KEPT:
        raise InvalidInput(f"days: expected 1 to {LONGEST_KEPT}", field="days",
                           expected=f"1 to {LONGEST_KEPT}")
    if campaign_id is not None and await session.get(Campaign, campaign_id) is None:
        raise InvalidInput("campaign: there is none of this id", field="campaign",
                           expected="a campaign")
    present = (await session.scalars(select(RetentionRule).where(
        RetentionRule.campaign_id.is_not_distinct_from(campaign_id),
        RetentionRule.disposition.is_not_distinct_from(disposition)))).one_or_none()
    before = present.days if present else None
    subject = f"retention:{campaign_id or 'all'}:{disposition.value if disposition else 'all'}"
    if days is None:
        if present is None:
            raise NotFound("there is no such rule")
        await session.delete(present)
        audit.record(session, audit.REMOVE_RETENTION, actor=by.username, address=by.address,
                     subject=subject, before=before)
        return
    row = insert(RetentionRule).values(id=uuid.uuid4(), campaign_id=campaign_id, days=days,
                                       disposition=disposition, set_by=by.username,
                                       created_at=now())
    await session.execute(row.on_conflict_do_update(
        index_elements=["campaign_id", "disposition"],
        set_={"days": row.excluded.days, "set_by": row.excluded.set_by}))
    audit.record(session, audit.SET_RETENTION, actor=by.username, address=by.address,
                 subject=subject, before=before, after=days)


async def _find(session: AsyncSession, recording_id: uuid.UUID, *,
                lock: bool = False) -> Recording:
    row = await session.get(Recording, recording_id, with_for_update=lock or None)
    if row is None:
        raise NotFound("there is no such recording")
    return row


async def _open_hold(session: AsyncSession, recording_id: uuid.UUID) -> RecordingHold | None:
    return await session.scalar(select(RecordingHold).where(
        RecordingHold.recording_id == recording_id, RecordingHold.released_at.is_(None)))


def _moment(row: Recording, at_ms: int, field: str) -> None:
    if row.state is not RecordingState.SEALED or not 0 <= at_ms <= (row.duration_ms or 0):
        raise InvalidInput(f"{field}: expected a moment of the recording", field=field)


def _words(text: str, field: str) -> str:
    if not text.strip():
        raise InvalidInput(f"{field}: expected some words", field=field)
    return text.strip()[:WORDS]


def _record(session: AsyncSession, action: str, recording_id: uuid.UUID, by: By,
            **detail: object) -> None:
    audit.record(session, action, actor=by.username, address=by.address,
                 subject=f"recording:{recording_id}", **detail)
