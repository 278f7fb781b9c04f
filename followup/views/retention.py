"""Rules how long recordings are kept, and holds, for the page about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from followup.calls.models import Recording
from followup.patients.models import Patient
from followup.recordings.models import RecordingHold, RetentionRule
from followup.views.reach import within

HOLDS = 100                  # the newest are shown; the list of recordings has them all


@dataclass(frozen=True, slots=True)
class Held:
    """A recording that somebody holds."""

    hold: RecordingHold
    recording: Recording
    patient: Patient


async def rules(session: AsyncSession) -> Sequence[RetentionRule]:
    """All of them, what says most first."""
    return (await session.scalars(
        select(RetentionRule).options(joinedload(RetentionRule.campaign))
        .order_by(RetentionRule.campaign_id.is_(None), RetentionRule.disposition.is_(None),
                  RetentionRule.created_at, RetentionRule.id))).all()


async def holds(session: AsyncSession) -> tuple[list[Held], int]:
    """The newest holds that count, and how many there are in all."""
    query = within(
        select(RecordingHold, Recording, Patient)
        .join(Recording, Recording.id == RecordingHold.recording_id)
        .join(Patient, Patient.id == Recording.patient_id)
        .where(RecordingHold.released_at.is_(None)), Recording)
    count = await session.scalar(query.with_only_columns(func.count())) or 0
    rows = await session.execute(query.order_by(
        RecordingHold.created_at.desc(), RecordingHold.id).limit(HOLDS))
    return [Held(*row) for row in rows], count
