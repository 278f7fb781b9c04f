"""Hands messages to the provider, and asks what became of them. Any number may run side by side."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from followup.alarms.models import AlarmKind
from followup.alarms.register import clear_alarm, raise_alarm
from followup.database.base import now
from followup.database.engine import Database
from followup.log import get_logger
from followup.message_settings import MessageSettings
from followup.messages import outbox
from followup.messages.hours import not_before
from followup.messages.models import Message
from followup.messages.provider import NotSent, Provider, Unsure
from followup.messages.states import CHECKED_FOR, wait_before_again
from followup.patients.models import Patient

AT_ONCE = 50

log = get_logger(__name__)


class Sender:
    """One look after the other; what it holds is in the database."""

    def __init__(self, database: Database, provider: Provider, settings: MessageSettings,
                 zone: ZoneInfo) -> None:
        self._database, self._provider = database, provider
        self._settings, self._zone = settings, zone
        self._unsure: int | None = None          # as the alarm tells it
        self._troubles, self._rests_until = 0, datetime.min.replace(tzinfo=UTC)

    async def look(self, moment: datetime | None = None) -> int:
        """Send what is due and ask about what is under way; how many messages were handed over."""
        moment = moment or now()
        async with self._database.session() as session:
            interrupted = await outbox.doubt_the_silent(session, moment)
        if interrupted:
            log.warning("messages were being sent when their sender ended", count=interrupted)
        sent = 0
        while sent < AT_ONCE and moment >= self._rests_until:
            async with self._database.session() as session:
                message = await outbox.claim(session, moment)
            if message is None:
                break
            sent += 1
            if await self._send(message, moment):
                self._troubles = 0
            else:                                # it would befall all others
                self._troubles += 1
                self._rests_until = moment + wait_before_again(self._troubles)
        await self._ask(moment)
        await self._keep_alarm(moment)
        return sent

    async def _send(self, message: Message, moment: datetime) -> bool:
        """Hand one over that is claimed; False when others would fare no better."""
        try:
            provider_id = await self._provider.send(outbox.outgoing(message))
        except NotSent as why:
            log.warning("a message was not taken", message_id=str(message.id), code=why.code)
            async with self._database.session() as session:
                patient = await session.get(Patient, message.patient_id)
                again = not_before(self._settings, message.number,
                                   patient.timezone if patient else None, self._zone,
                                   moment + wait_before_again(message.attempts))
                await outbox.refused(session, message.id, why, again, moment)
                if why.ours:
                    await raise_alarm(session, AlarmKind.MESSAGES_REFUSED, self._provider.name,
                                      code=why.code)
            return not (why.ours and why.again)
        except Unsure as why:
            log.warning("nobody knows whether a message was taken", message_id=str(message.id),
                        code=why.code)
            async with self._database.session() as session:
                await outbox.doubted(session, message.id, why.code, moment)
            return False
        async with self._database.session() as session:
            await outbox.taken(session, message.id, provider_id, moment)
            await clear_alarm(session, AlarmKind.MESSAGES_REFUSED, self._provider.name)
        return True

    async def _ask(self, moment: datetime) -> None:
        async with self._database.session() as session:
            waiting = await outbox.to_ask_about(session, moment, AT_ONCE)
        for message in waiting:
            try:
                receipt = await self._provider.ask(outbox.outgoing(message),
                                                   message.tried_at or moment)
            except Unsure as why:
                log.info("no word on a message", message_id=str(message.id), code=why.code)
                return                           # it is asked again later
            if receipt is not None:
                async with self._database.session() as session:
                    await outbox.note_receipt(session, message.id, receipt, moment)

    async def _keep_alarm(self, moment: datetime) -> None:
        async with self._database.session() as session:
            unsure = await outbox.unsure_since(session, moment - CHECKED_FOR)
            if unsure == self._unsure:
                return                           # each word of an alarm is a change for browsers
            if unsure:
                await raise_alarm(session, AlarmKind.MESSAGES_UNSURE, self._provider.name,
                                  count=unsure)
            else:
                await clear_alarm(session, AlarmKind.MESSAGES_UNSURE, self._provider.name)
        self._unsure = unsure


async def keep_sending(sender: Sender, every_s: float = 3.0) -> None:
    """Look again and again, until cancelled; whatever goes wrong is tried again."""
    while True:
        try:
            await sender.look()
        except Exception:
            log.exception("sending messages failed, will try again")
        await asyncio.sleep(every_s)
