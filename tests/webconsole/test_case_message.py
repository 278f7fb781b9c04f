"""The patient of a case is written to from its page: seen before, sent once, and told in full."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from sqlalchemy import select, update

from followup.database.engine import Database
from followup.messages.models import Message, MessageOptOut
from followup.messages.sender import Sender
from followup.messages.states import MessageState
from followup.patients.models import Patient, PatientContact, Whose
from followup.people.models import AuditEvent
from followup.secrets import load_secrets
from followup.settings import Settings
from tests.fakes.sms import SmsProvider, sms_provider
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.hospital import Hospital
from webconsole.keys import POST

RELATIVE = "+8613900139001"


@pytest.fixture
async def provider() -> AsyncIterator[SmsProvider]:
    async with sms_provider() as made:
        yield made


@pytest.fixture
def settings(database_url: str, tmp_path: Path, provider: SmsProvider) -> Settings:
    """A house that can send messages."""
    return Settings(data_dir=tmp_path / "data", database={"url": database_url},
                    messages=provider.settings())


@pytest.fixture
async def case(database: Database, hospital: Hospital, sign_in: SignIn) -> uuid.UUID:
    """A complaint whose patient has a daughter; an agent looks at it."""
    async with database.session() as session:
        session.add(PatientContact(patient_id=hospital.patients[0], position=1, number=RELATIVE,
                                   whose=Whose.RELATIVE, relation="女儿"))
    await sign_in("agent")
    return hospital.case


async def page(client: Client, case: uuid.UUID) -> str:
    return await (await client.get(f"/cases/{case}")).text()


async def send(client: Client, case: uuid.UUID, part: str = "message", *, htmx: bool = False,
               **change: str) -> ClientResponse:
    """Send the form of the page."""
    text = await page(client, case)
    form = re.search(r'name="id" value="([^"]+)"', text[text.index('id="message"'):]) \
        if 'id="message-to"' in text else None
    return await client.post(
        f"/cases/{case}/{part}", allow_redirects=False,
        headers={"HX-Request": "true"} if htmx else {},
        data={"csrf_token": await csrf(client), "id": form[1] if form else str(uuid.uuid4()),
              "to": "own", "template": "SMS_100001", "say_content": "已向当班护士核实", **change})


async def look(client: Client, database: Database) -> None:
    """The sender looks now rather than in a moment."""
    post = client.app[POST] if client.app else None
    assert post
    await Sender(database, post.provider, post.settings, post.zone).look()


async def messages(database: Database) -> list[Message]:
    async with database.session() as session:
        return list(await session.scalars(select(Message).order_by(Message.created_at)))


async def test_a_message_is_previewed_sent_and_stands_in_both_histories(
        client: Client, database: Database, hospital: Hospital, case: uuid.UUID,
        provider: SmsProvider) -> None:
    shown = await page(client, case)
    assert "女儿" in shown
    assert RELATIVE not in shown
    part = await (await send(client, case, "message/preview", htmx=True)).text()
    assert "<html" not in part
    said = "王秀英您好，关于您反映的事项（C000001）：已向当班护士核实。退订回T"
    whole = f"【和安医院】和安医院：{said}"
    assert whole in part
    assert f"{len(whole)} 个字，按 1 条计费" in part
    assert await messages(database) == []
    assert (await send(client, case)).status == 303
    await look(client, database)
    [sent] = provider.sent
    assert sent["params"] == {"hospital": "和安医院", "name": "王秀英", "number": "C000001",
                              "content": "已向当班护士核实"}
    provider.became[sent["OutId"]] = (3, "DELIVERED")
    for path in (f"/cases/{case}", f"/patients/{hospital.patients[0]}"):
        told = await (await client.get(path)).text()
        assert said in told
        assert "已发出" in told
    async with database.session() as session:
        trail = (await session.scalars(select(AuditEvent).where(
            AuditEvent.action == "change-case"))).all()
    assert [(row.actor, row.detail["what"]) for row in trail][-1] == ("agent", "messaged")


async def test_the_same_form_sent_twice_is_one_message(
        client: Client, database: Database, case: uuid.UUID) -> None:
    key = str(uuid.uuid4())
    for _ in range(2):
        assert (await send(client, case, id=key)).status == 303
    changed = await send(client, case, id=key, say_content="另一句话")
    assert (changed.status, "已经提交" in await changed.text()) == (409, True)
    assert len(await messages(database)) == 1
    assert (await page(client, case)).count('event event-messaged') == 1


@pytest.mark.parametrize(("change", "status", "told"), [
    ({"say_content": ""}, 422, "请填写"), ({"say_content": "长" * 31}, 422, "不能超过 30 个字"),
    ({"say_content": "两\n行"}, 422, "写成一行"), ({"to": "nobody"}, 409, "这个号码不能选"),
    ({"template": "SMS_9"}, 409, "没有这个短信模板")])
async def test_what_cannot_be_sent_is_refused_and_kept_as_typed(
        client: Client, database: Database, case: uuid.UUID, change: dict[str, str], status: int,
        told: str) -> None:
    answer = await send(client, case, **change)
    text = await answer.text()
    assert answer.status == status
    assert told in text
    assert change.get("say_content", "已向当班护士核实") in text
    assert await messages(database) == []


async def test_who_wants_none_is_not_offered_one(client: Client, database: Database,
                                                 hospital: Hospital, case: uuid.UUID) -> None:
    async with database.session() as session:
        session.add(MessageOptOut(number=(await session.get_one(
            Patient, hospital.patients[0])).phone))
    answer = await send(client, case)
    assert (answer.status, "已退订" in await answer.text()) == (409, True)
    key = (await contact(database)).id
    assert (await send(client, case, to=str(key))).status == 303       # the daughter's is another
    assert "已退订短信" in await (await client.get(f"/patients/{hospital.patients[0]}")).text()
    async with database.session() as session:
        await session.execute(update(Patient).values(do_not_call=True))
    assert "患者要求不再联系" in await page(client, case)
    assert (await send(client, case, to=str(key))).status == 409


async def contact(database: Database) -> PatientContact:
    async with database.session() as session:
        return (await session.scalars(select(PatientContact).where(
            PatientContact.number == RELATIVE))).one()


async def test_who_may_send_none_has_no_form(client: Client, case: uuid.UUID,
                                             sign_in: SignIn) -> None:
    await sign_in("auditor")
    assert 'id="message' not in await page(client, case)
    assert (await send(client, case)).status == 403


async def push(client: Client, settings: Settings, what: str, body: Any,
               token: str = "") -> ClientResponse:
    token = token or load_secrets(settings.data_dir).message_hook.get_secret_value()
    return await client.post(f"/api/messages/{token}/{what}", json=body)


async def test_what_the_provider_pushes_is_taken_with_the_secret_address_alone(
        client: Client, database: Database, case: uuid.UUID, settings: Settings) -> None:
    await send(client, case)
    await look(client, database)
    [message] = await messages(database)
    receipt = [{"out_id": message.id.hex, "success": True, "err_code": "DELIVERED"}]
    assert (await push(client, settings, "receipts", receipt, "x" * 43)).status == 404
    assert (await push(client, settings, "receipts", {"no": "list"})).status == 400
    answer = await push(client, settings, "receipts", receipt)
    assert (answer.status, (await answer.json())["code"]) == (200, 0)
    assert (await messages(database))[0].state is MessageState.DELIVERED
    assert "已送达" in await page(client, case)


async def test_a_patients_reply_comes_to_the_case_and_a_refusal_holds(
        client: Client, database: Database, hospital: Hospital, case: uuid.UUID,
        settings: Settings) -> None:
    await send(client, case)
    [message] = await messages(database)
    replies = [{"phone_number": message.number, "content": "谢谢，已经解决", "sequence_id": 1},
               {"phone_number": message.number, "content": "退订", "sequence_id": 2}]
    for _ in range(2):
        assert (await push(client, settings, "replies", replies)).status == 200
    shown = await page(client, case)
    assert shown.count("谢谢，已经解决") == 1
    assert "对方已退订短信" not in shown                     # the daughter's number is left
    assert (await send(client, case)).status == 409
    about = await (await client.get(f"/patients/{hospital.patients[0]}")).text()
    assert "谢谢，已经解决" in about
    assert "不再接收短信" in about
    assert "已退订短信" in about


async def test_doubt_and_failure_are_told_on_the_page(client: Client, database: Database,
                                                      case: uuid.UUID) -> None:
    await send(client, case)
    for state, told in ((MessageState.UNSURE, "不会自动重发"), (MessageState.FAILED, "发送失败")):
        async with database.session() as session:
            await session.execute(update(Message).values(state=state, error="isv.X"))
        shown = await page(client, case)
        assert told in shown
        assert "isv.X" in shown
