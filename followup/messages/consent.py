"""Who wants no messages: noted by number, as whoever answers there has said it, and lifted by hand.

A number may be that of several patients; the trail of each of them tells.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, or_, select, union
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from followup.database.base import now
from followup.errors import Conflict
from followup.messages.models import MessageOptOut
from followup.patients.models import Patient, PatientContact
from followup.people import audit

WHY_MOST = 200


class Changed(Conflict):
    """What the page had shown of this number is not so any more."""

    id = "message-consent-changed"


async def patients_at(session: AsyncSession, number: str) -> list[uuid.UUID]:
    """Who has this number, or a relative with it."""
    # by the index on the reversed number
    back = number[::-1]
    contacts = select(PatientContact.patient_id).where(PatientContact.number_reversed == back)
    return list(await session.scalars(select(Patient.id).where(
        or_(Patient.phone_reversed == back, Patient.id.in_(contacts))).limit(20)))


async def opt_outs(session: AsyncSession, patient_id: uuid.UUID) -> dict[str, MessageOptOut]:
    """The patient's numbers that want no messages."""
    numbers = union(select(Patient.phone).where(Patient.id == patient_id),
                    select(PatientContact.number).where(PatientContact.patient_id == patient_id))
    return {row.number: row for row in await session.scalars(
        select(MessageOptOut).where(MessageOptOut.number.in_(numbers)))}


async def obey(session: AsyncSession, number: str, patients: Sequence[uuid.UUID], *,
               at: datetime, words: str) -> None:
    """Whoever has this number has answered that they want no messages: none goes there any more."""
    said = {"at": at, "words": words, "noted_by": ""}    # the last word counts for who lifts it
    await session.execute(insert(MessageOptOut).values(number=number, **said)
                          .on_conflict_do_update(index_elements=["number"], set_=said))
    _tell(session, audit.STOP_MESSAGES, patients, "patient", "", words)


async def note_opt_out(session: AsyncSession, number: str, patients: Sequence[uuid.UUID], *,
                       why: str, actor: str, address: str = "") -> None:
    """The same, as somebody of the staff was told. Changed when it was so already."""
    added = await session.scalar(
        insert(MessageOptOut).values(number=number, at=now(), words=why, noted_by=actor)
        .on_conflict_do_nothing().returning(MessageOptOut.number))
    if added is None:
        raise Changed
    _tell(session, audit.STOP_MESSAGES, patients, actor, address, why)


async def allow_messages(session: AsyncSession, number: str, patients: Sequence[uuid.UUID], *,
                         seen: datetime, why: str, actor: str, address: str = "") -> None:
    """Messages are welcome again. Changed unless the very opt-out of that moment (``seen``) is
    there: whoever has said no anew meanwhile is obeyed."""
    lifted = await session.scalar(delete(MessageOptOut).where(
        MessageOptOut.number == number, MessageOptOut.at == seen).returning(MessageOptOut.number))
    if lifted is None:
        raise Changed
    _tell(session, audit.ALLOW_MESSAGES, patients, actor, address, why)


def _tell(session: AsyncSession, action: str, patients: Sequence[uuid.UUID], actor: str,
          address: str, why: str) -> None:
    for patient_id in patients:
        audit.record(session, action, actor=actor, address=address,
                     subject=f"patient:{patient_id}", why=why)
