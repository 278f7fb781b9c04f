"""A message is handed over once and no more, whatever breaks, and what became of it is found."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from aftercall.doctor.messages import message_checks
from aftercall.doctor.result import Status
from followup.alarms.register import open_alarms
from followup.database.base import now
from followup.database.engine import Database
from followup.messages import inbox, outbox
from followup.messages.aliyun import Aliyun
from followup.messages.hours import not_before
from followup.messages.models import Message, MessageOptOut
from followup.messages.outbox import Letter
from followup.messages.provider import Unread
from followup.messages.sender import Sender
from followup.messages.states import Fate, MessageState
from followup.patients.models import Patient
from tests.fakes.sms import SECRET, SmsProvider, sms_provider
from tests.webconsole.hospital import add_patient

ZONE = ZoneInfo("Asia/Shanghai")
MINUTE = timedelta(minutes=1)
S = MessageState


@pytest.fixture
async def provider() -> AsyncIterator[SmsProvider]:
    async with sms_provider() as made:
        yield made


@pytest.fixture
async def sender(database: Database, provider: SmsProvider) -> AsyncIterator[Sender]:
    settings = provider.settings()
    aliyun = Aliyun(settings, SECRET)
    yield Sender(database, aliyun, settings, ZONE)
    await aliyun.close()


async def write(database: Database, **change: Any) -> uuid.UUID:
    """A message in the outbox, to a patient of its own."""
    async with database.session() as session:
        count = await session.scalar(select(func.count()).select_from(Patient)) or 0
        patient, _ = await add_patient(session, "王秀英", number=count + 1)
        letter = Letter(uuid.uuid4(), patient.id, patient.phone, "SMS_100001",
                        {"content": "已处理"}, "【和安医院】已处理", 1, "zh", "林护士", "aliyun",
                        now(), now() + timedelta(hours=24))
        assert await outbox.put(session, replace(letter, **change))
        assert not await outbox.put(session, replace(letter, **change))
    return change.get("id") or letter.id


async def read(database: Database, message_id: uuid.UUID) -> Message:
    async with database.session() as session:
        return await session.get_one(Message, message_id)


async def alarms(database: Database) -> set[str]:
    async with database.session() as session:
        return {alarm.kind.value for alarm in await open_alarms(session)}


async def test_a_message_is_sent_with_our_id_and_its_delivery_noted(
        database: Database, provider: SmsProvider, sender: Sender) -> None:
    key = await write(database)
    assert await sender.look() == 1
    message = await read(database, key)
    assert (message.state, message.attempts, message.provider_id) == (S.SENT, 1, "00000001^0")
    [sent] = provider.sent
    assert (sent["OutId"], sent["params"]) == (key.hex, {"content": "已处理"})
    assert message.number == "+86" + sent["PhoneNumbers"]
    assert await sender.look() == 0
    provider.became[key.hex] = (3, "DELIVERED")
    await sender.look(now() + 2 * MINUTE)
    message = await read(database, key)
    assert (message.state, message.error) == (S.DELIVERED, "")
    assert message.ended_at
    assert len(provider.sent) == 1


@pytest.mark.parametrize("fault", ["cut", "slow", "garbage", 502, "isp.SYSTEM_ERROR"])
async def test_who_does_not_know_whether_it_was_taken_asks_and_never_sends_again(
        database: Database, provider: SmsProvider, sender: Sender, fault: Any) -> None:
    key = await write(database)
    provider.faults.append(fault)
    await sender.look()
    assert (await read(database, key)).state is S.UNSURE
    assert "messages_unsure" in await alarms(database)
    for minutes in (2, 10, 60, 600, 6000):
        await sender.look(now() + minutes * MINUTE)
    assert provider.asked.count("SendSms") == 1
    message = await read(database, key)
    if provider.sent:                            # it had been taken: the provider says so
        assert message.state is S.SENT
        assert "messages_unsure" not in await alarms(database)
    else:                                        # it tells nothing: a person decides
        assert message.state is S.UNSURE


async def test_a_sender_that_dies_after_handing_over_leaves_no_second_message(
        database: Database, provider: SmsProvider, sender: Sender) -> None:
    key = await write(database)
    async with database.session() as session:
        claimed = await outbox.claim(session, now())
    assert claimed
    await sender._provider.send(outbox.outgoing(claimed))          # … and the process is gone
    await sender.look(now() + MINUTE)                              # it may still be at it
    assert (await read(database, key)).state is S.SENDING
    await sender.look(now() + 6 * MINUTE)
    assert (await read(database, key)).state is S.SENT
    assert len(provider.sent) == 1


async def test_a_sender_that_dies_before_handing_over_leaves_it_to_a_person(
        database: Database, provider: SmsProvider, sender: Sender) -> None:
    key = await write(database)
    async with database.session() as session:
        await outbox.claim(session, now())
    for minutes in (6, 60, 600):
        await sender.look(now() + minutes * MINUTE)
    message = await read(database, key)
    assert (message.state, message.error) == (S.UNSURE, "interrupted")
    assert provider.sent == []


async def test_several_senders_hand_each_message_over_once(
        database: Database, provider: SmsProvider, sender: Sender) -> None:
    keys = [await write(database) for _ in range(12)]
    others = [Sender(database, sender._provider, sender._settings, ZONE) for _ in range(3)]
    await asyncio.gather(*(each.look() for each in (sender, *others)))
    assert sorted(one["OutId"] for one in provider.sent) == sorted(key.hex for key in keys)


@pytest.mark.parametrize("fault", ["isv.AMOUNT_NOT_ENOUGH", "SignatureDoesNotMatch"])
async def test_when_the_account_is_at_fault_messages_wait_and_an_alarm_says_so(
        database: Database, provider: SmsProvider, sender: Sender, fault: str) -> None:
    keys = [await write(database) for _ in range(3)]
    provider.faults.append(fault)
    assert await sender.look() == 1                  # the others would fare no better
    first = await read(database, keys[0])
    assert (first.state, first.error) == (S.QUEUED, fault)
    assert "messages_refused" in await alarms(database)
    assert await sender.look(now() + MINUTE / 2) == 0
    assert await sender.look(now() + 5 * MINUTE) == 3
    assert len(provider.sent) == 3
    assert "messages_refused" not in await alarms(database)


async def test_a_provider_that_is_not_there_has_taken_nothing(database: Database) -> None:
    async with sms_provider() as gone:
        settings = gone.settings()
    sender = Sender(database, Aliyun(settings, SECRET), settings, ZONE)
    key = await write(database)
    await sender.look()
    message = await read(database, key)
    assert (message.state, message.error) == (S.QUEUED, "unreachable")
    assert "messages_refused" in await alarms(database)
    await sender.look(now() + timedelta(hours=25))
    message = await read(database, key)
    assert (message.state, message.error) == (S.EXPIRED, "too_late")
    await sender._provider.close()


async def test_a_refusal_of_one_message_is_its_end_and_holds_up_no_other(
        database: Database, provider: SmsProvider, sender: Sender) -> None:
    keys = [await write(database) for _ in range(2)]
    provider.faults.append("isv.MOBILE_NUMBER_ILLEGAL")
    await sender.look()
    states = [(await read(database, key)).state for key in keys]
    assert sorted(states) == [S.FAILED, S.SENT]
    assert await alarms(database) == set()


async def test_who_is_written_to_too_often_is_written_to_later(
        database: Database, provider: SmsProvider, sender: Sender) -> None:
    key = await write(database)
    provider.faults += ["isv.BUSINESS_LIMIT_CONTROL", "Throttling.User"]
    await sender.look()
    await sender.look(now() + 3 * MINUTE)
    message = await read(database, key)
    assert (message.state, message.attempts) == (S.QUEUED, 2)
    await sender.look(now() + 10 * MINUTE)
    assert (await read(database, key)).state is S.SENT


async def test_who_wants_no_more_meanwhile_gets_none(database: Database, provider: SmsProvider,
                                                     sender: Sender) -> None:
    opted, left_alone = await write(database), await write(database)
    async with database.session() as session:
        message = await session.get_one(Message, opted)
        session.add(MessageOptOut(number=message.number, words="T"))
        other = await session.get_one(Message, left_alone)
        await session.execute(update(Patient).where(Patient.id == other.patient_id)
                              .values(do_not_call=True))
    await sender.look()
    assert provider.sent == []
    assert [(await read(database, key)).error for key in (opted, left_alone)] == [
        "opted_out", "do_not_contact"]


async def test_a_pushed_receipt_may_come_before_the_answer_and_again_and_out_of_order(
        database: Database, provider: SmsProvider, sender: Sender) -> None:
    key = await write(database)
    async with database.session() as session:
        await outbox.claim(session, now())
    body = json.dumps([
        {"phone_number": "13800000001", "success": True, "err_code": "DELIVERED",
         "report_time": "2026-11-29 10:00:00", "biz_id": "B^0", "out_id": key.hex},
        {"success": False, "err_code": "UNDELIV", "out_id": key.hex},
        {"success": True, "out_id": "somebody-else"}]).encode()
    told = sender._provider.receipts(body)
    assert [receipt.fate for _, receipt in told] == [Fate.DELIVERED, Fate.FAILED]
    async with database.session() as session:
        for message_id, receipt in [*told, *told, (uuid.uuid4(), told[0][1])]:
            await outbox.note_receipt(session, message_id, receipt, now())
        await outbox.taken(session, key, "B^0", now())
    message = await read(database, key)
    assert (message.state, message.error) == (S.DELIVERED, "")
    assert message.ended_at == datetime(2026, 11, 29, 10, tzinfo=ZONE)
    for wrong in (b"", b"{}", b"[1]", b"\xff"):
        with pytest.raises(Unread):
            sender._provider.receipts(wrong)


async def test_a_phone_that_was_off_too_long_is_no_failure(
        database: Database, provider: SmsProvider, sender: Sender) -> None:
    key = await write(database)
    await sender.look()
    provider.became[key.hex] = (2, "EXPIRED")
    await sender.look(now() + 2 * MINUTE)
    assert (await read(database, key)).state is S.EXPIRED


async def test_a_reply_is_kept_once_and_a_refusal_is_obeyed_and_told(
        database: Database, provider: SmsProvider, sender: Sender) -> None:
    key = await write(database)
    await sender.look()
    message = await read(database, key)
    body = json.dumps([{"phone_number": message.number, "content": " ｔｄ",
                        "send_time": f"{now().astimezone(ZONE):%Y-%m-%d %H:%M:%S}",
                        "sequence_id": 17}, {"phone_number": "nobody"}]).encode()
    for _ in range(2):
        for reply in sender._provider.replies(body):
            async with database.session() as session:
                await inbox.receive(session, reply, "aliyun", now())
    async with database.session() as session:
        [received] = (await session.scalars(select(Message).where(
            Message.state == S.RECEIVED))).all()
        assert received.patient_id == message.patient_id
        assert await outbox.opted_out(session, message.number)


@pytest.mark.parametrize(("hour", "sent"), [(7, 8), (8, 8), (12, 12), (19, 19), (20, 8), (23, 8)])
async def test_nobody_is_woken_by_a_message(hour: int, sent: int) -> None:
    settings = SmsProvider(url="https://sms.example").settings(window_start="08:00",
                                                               window_end="20:00")
    moment = datetime(2026, 10, 1, hour, tzinfo=ZONE)
    due = not_before(settings, "+8613800138000", None, ZONE, moment).astimezone(ZONE)
    assert due.hour == sent
    assert due.date() == moment.date() + timedelta(days=int(sent < hour))


async def test_doctor_says_what_is_wrong_with_the_account(provider: SmsProvider) -> None:
    async def seen(**change: Any) -> tuple[Status, str]:
        [check] = message_checks(provider.settings(**change), None, None)
        result = await check.run()
        return result.status, result.seen

    assert message_checks(None, None, None) == []
    assert (await seen())[0] is Status.OK
    assert "no template" in (await seen(templates=[]))[1]
    assert "InvalidAccessKeyId" in (await seen(access_key_id="LTAI-other"))[1]
    assert "SignatureDoesNotMatch" in (await seen(access_key_secret="wrong"))[1]
    assert "access_key_secret" in (await seen(access_key_secret=""))[1]
    assert "cannot be reached" in (await seen(endpoint="http://127.0.0.1:9"))[1]
    provider.approved = False
    assert "not approved" in (await seen())[1]
