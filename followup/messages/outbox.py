"""The outbox: messages are written in the transaction of whoever wants them, and taken from here.

``claim`` commits the intent to hand a message over before it is handed over; from then on nothing
here makes it ``queued`` again but the provider's word that it has not taken it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from followup.database.base import now
from followup.messages.models import Direction, Message, MessageOptOut
from followup.messages.provider import NotSent, Outgoing
from followup.messages.states import (
    Fate,
    MessageState,
    Receipt,
    after,
    next_check,
)
from followup.patients.models import Patient, PatientContact

TOO_LATE, OPTED_OUT, NO_CONTACT = "too_late", "opted_out", "do_not_contact"   # our own errors
SILENT_FOR = timedelta(minutes=5)        # who hands a message over has long ended by then
_ENDED = (MessageState.DELIVERED, MessageState.FAILED, MessageState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Letter:
    """What somebody wants to be sent. ``id`` is of the form it was written in: sent once."""

    id: uuid.UUID
    patient_id: uuid.UUID
    number: str
    template: str
    values: dict[str, str]
    text: str
    parts: int
    language: str
    written_by: str
    provider: str
    due_at: datetime
    expires_at: datetime
    case_id: uuid.UUID | None = None
    relation: str = ""


async def put(session: AsyncSession, letter: Letter) -> bool:
    """Write it into the outbox; False when this very one is there already."""
    fields = {name: getattr(letter, name) for name in Letter.__slots__}
    added = await session.scalar(
        insert(Message).values(**fields, direction=Direction.OUT, channel="sms", attempts=0,
                               state=MessageState.QUEUED, created_at=now())
        .on_conflict_do_nothing(index_elements=["id"]).returning(Message.id))
    return added is not None


async def claim(session: AsyncSession, moment: datetime) -> Message | None:
    """The message that has waited longest, ``sending`` from now on: commit, then hand it over.

    Whoever may not get it any more does not; what has waited too long expires.
    """
    while True:
        message = await session.scalar(
            select(Message).where(Message.state == MessageState.QUEUED, Message.due_at <= moment)
            .order_by(Message.due_at, Message.id).limit(1).with_for_update(skip_locked=True))
        if message is None:
            return None
        if why := await _why_not(session, message, moment):
            _end(message, MessageState.EXPIRED if why == TOO_LATE else MessageState.FAILED,
                 moment, why)
            await session.flush()
            continue
        message.state, message.attempts = MessageState.SENDING, message.attempts + 1
        message.tried_at, message.check_at = moment, moment + SILENT_FOR
        await session.flush()
        return message


async def _why_not(session: AsyncSession, message: Message, moment: datetime) -> str:
    if message.expires_at is not None and message.expires_at <= moment:
        return TOO_LATE
    if await opted_out(session, message.number):
        return OPTED_OUT
    wrong = exists().where(PatientContact.patient_id == message.patient_id,
                           PatientContact.number == message.number,
                           PatientContact.wrong_at.is_not(None))
    stopped = exists().where(Patient.id == message.patient_id, or_(
        Patient.do_not_call,
        and_(Patient.phone == message.number, Patient.phone_wrong_at.is_not(None))))
    return NO_CONTACT if await session.scalar(select(or_(stopped, wrong))) else ""


async def taken(session: AsyncSession, message_id: uuid.UUID, provider_id: str,
                moment: datetime) -> None:
    """The provider has it. A receipt may have been faster; then that stays."""
    message = await _locked(session, message_id)
    message.provider_id, message.error = provider_id[:80], ""
    message.sent_at = message.sent_at or moment
    if message.state is MessageState.SENDING:
        message.state = MessageState.SENT
        message.check_at = next_check(message.tried_at or moment, moment)


async def refused(session: AsyncSession, message_id: uuid.UUID, why: NotSent,
                  again_at: datetime, moment: datetime) -> None:
    """The provider has not taken it, for certain: it is queued for later, or has failed."""
    message = await _locked(session, message_id)
    if message.state is not MessageState.SENDING:
        return
    message.error, message.check_at = why.code, None
    if why.again:
        message.state, message.due_at = MessageState.QUEUED, again_at
    else:
        _end(message, MessageState.FAILED, moment, why.code)


async def doubted(session: AsyncSession, message_id: uuid.UUID, code: str,
                  moment: datetime) -> None:
    """Nobody knows whether the provider has it."""
    message = await _locked(session, message_id)
    if message.state is MessageState.SENDING:
        message.state, message.error = MessageState.UNSURE, code
        message.check_at = next_check(message.tried_at or moment, moment)


async def doubt_the_silent(session: AsyncSession, moment: datetime) -> int:
    """Who was handing a message over and says nothing any more has died: it is unsure."""
    doubted = await session.execute(
        update(Message).where(Message.state == MessageState.SENDING, Message.check_at <= moment)
        .values(state=MessageState.UNSURE, error="interrupted", check_at=moment))
    return int(getattr(doubted, "rowcount", 0))


async def to_ask_about(session: AsyncSession, moment: datetime, most: int) -> list[Message]:
    """Messages of which the provider is to be asked now; each is put off for the others."""
    found = (await session.scalars(
        select(Message).where(Message.state.in_((MessageState.SENT, MessageState.UNSURE)),
                              Message.check_at <= moment)
        .order_by(Message.check_at).limit(most).with_for_update(skip_locked=True))).all()
    for message in found:
        message.check_at = next_check(message.tried_at or message.created_at, moment)
    return list(found)


async def note_receipt(session: AsyncSession, message_id: uuid.UUID, receipt: Receipt,
                       moment: datetime) -> Message | None:
    """What the provider says of a message; None when it is none of ours."""
    message = await session.get(Message, message_id, with_for_update=True,
                                populate_existing=True)
    if message is None or message.direction is not Direction.OUT:
        return None
    state = after(message.state, receipt.fate)
    if state is not message.state or message.state is MessageState.SENT:
        message.provider_id = message.provider_id or receipt.provider_id
        message.sent_at = message.sent_at or message.tried_at or moment
        if state in _ENDED:
            delivered = receipt.fate is Fate.DELIVERED
            _end(message, state, receipt.at or moment, "" if delivered else receipt.code)
        elif state is not message.state:
            message.state, message.error = state, ""
    return message


async def opted_out(session: AsyncSession, number: str) -> MessageOptOut | None:
    """Since when a number wants no messages, if so."""
    return await session.get(MessageOptOut, number)


async def unsure_since(session: AsyncSession, since: datetime) -> int:
    """How many there are of which nobody knows whether they were sent."""
    return int(await session.scalar(select(func.count()).where(
        Message.state == MessageState.UNSURE, Message.tried_at >= since)) or 0)


def outgoing(message: Message) -> Outgoing:
    """As providers take it."""
    return Outgoing(message.id, message.number, message.template,
                    {name: str(value) for name, value in message.values.items()})


async def _locked(session: AsyncSession, message_id: uuid.UUID) -> Message:
    return await session.get_one(Message, message_id, with_for_update=True,
                                 populate_existing=True)


def _end(message: Message, state: MessageState, at: datetime, error: str) -> None:
    message.state, message.ended_at, message.error = state, at, error
    message.check_at = None
