"""What patients send: kept once, tied to whom and what it belongs to; "no more" is obeyed."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from followup.messages.consent import obey, patients_at
from followup.messages.models import Direction, Message
from followup.messages.provider import Reply
from followup.messages.states import MessageState
from followup.messages.wording import wants_no_more

BELONGS_FOR = timedelta(days=30)         # so long after a message of ours it is a reply to that


async def receive(session: AsyncSession, reply: Reply, provider: str,
                  moment: datetime) -> Message | None:
    """The message, when it is new; it belongs to the last one of ours to that number."""
    ours = await session.scalar(
        select(Message).where(Message.direction == Direction.OUT, Message.number == reply.number,
                              Message.created_at >= moment - BELONGS_FOR)
        .order_by(Message.created_at.desc()).limit(1))
    patients = await patients_at(session, reply.number)
    patient = ours.patient_id if ours else (patients[0] if len(patients) == 1 else None)
    added = await session.scalar(
        insert(Message).values(
            id=uuid.uuid4(), created_at=reply.at, direction=Direction.IN, channel="sms",
            patient_id=patient, case_id=ours.case_id if ours else None,
            relation=ours.relation if ours else "", number=reply.number, text=reply.text,
            template="", values={}, parts=1, language=ours.language if ours else "zh",
            state=MessageState.RECEIVED, due_at=moment, attempts=0, provider=provider,
            provider_id=reply.provider_id, error="", written_by="")
        .on_conflict_do_nothing().returning(Message.id))
    if added is None:
        return None
    if wants_no_more(reply.text):
        await obey(session, reply.number, patients, at=reply.at, words=reply.text[:40])
    return await session.get_one(Message, added)
