"""Templates of text messages are kept on the console: taken over once, checked, tried, audited."""

from __future__ import annotations

import re
import uuid

import pytest
from sqlalchemy import select, update

from followup.database.engine import Database
from followup.message_settings import MessageTemplate
from followup.messages import templates
from followup.messages.models import Message, MessageTemplateRow
from followup.people.models import AuditEvent
from tests.fakes.sms import TEMPLATES
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_case_message import case, page, provider, send, settings
from webconsole.forms.message_template import TemplateForm, preview

__all__ = ["case", "provider", "settings"]

PLACE = "/messages/templates"
GOOD = {"code": "SMS_200001", "name": "复诊提醒", "language": "zh", "position": "9", "active": "1",
        "text": "${hospital}提醒${name}：${day}复诊。", "label_day": "复诊日期", "length_day": "12"}


async def rows(database: Database) -> list[MessageTemplateRow]:
    async with database.session() as session:
        return list(await templates.every(session))


async def save(client: Client, change: dict[str, str], part: str = "") -> tuple[int, str]:
    answer = await client.post(f"{PLACE}{part}", allow_redirects=False,
                               data={"csrf_token": await csrf(client), **GOOD, **change})
    return answer.status, await answer.text()


async def test_those_of_the_settings_file_are_taken_over_once_whatever_becomes_of_them(
        client: Client, database: Database, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    assert [row.code for row in await rows(database)] == [each["code"] for each in TEMPLATES]
    first = (await rows(database))[0]
    status, _ = await save(client, {
        "id": str(first.id), "seen": "1", "code": "SMS_100009", "text": "${content}",
        "label_content": "内容"})
    assert status == 303
    file = [MessageTemplate(**each) for each in TEMPLATES]
    added = MessageTemplate(code="SMS_7", name="新的", text="您好")
    async with database.session() as session:
        assert await templates.take_over(session, file) == 0
        assert await templates.take_over(session, [*file, added]) == 1
    assert {row.code for row in await rows(database)} == {
        "SMS_100009", "SMS_100002", "SMS_100003", "SMS_7"}
    async with database.session() as session:
        trail = (await session.scalars(select(AuditEvent).where(
            AuditEvent.action == "set-up-messages").order_by(AuditEvent.id))).all()
    assert [row.actor for row in trail] == ["system"] * 3 + ["supervisor", "system"]
    assert (trail[3].detail["before"]["text"], trail[3].detail["after"]["text"]) == (
        TEMPLATES[0]["text"], "${content}")
    shown = await (await client.get(PLACE)).text()
    assert "何班长" in shown or "supervisor" in shown
    assert "来自设置文件" in shown


async def test_every_version_tells_who_changed_what_and_the_text_before_and_after(
        client: Client, database: Database, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    first = (await rows(database))[0]
    for seen, text in (("1", "甲 <b>${name}</b>"), ("2", "乙 ${name}")):
        assert (await save(client, {"id": str(first.id), "seen": seen, "code": first.code,
                                    "text": text}))[0] == 303
    shown = await (await client.get(f"{PLACE}/{first.id}")).text()
    assert f'href="{PLACE}/{first.id}/versions"' in shown
    answer = await client.get(f"{PLACE}/{first.id}/versions")
    parts = (await answer.text()).split('aria-labelledby="version-')[1:]
    assert [part[0] for part in parts] == ["3", "2", "1"]
    assert "<del>甲 &lt;b&gt;${name}&lt;/b&gt;</del> <ins>乙 ${name}</ins>" in parts[0]
    assert all("何班长" in part for part in parts[:2])
    assert "来自设置文件" in parts[2]
    assert "<del>" not in parts[2]
    assert (await client.get(f"{PLACE}/{uuid.uuid4()}/versions")).status == 404


async def test_a_new_one_is_offered_and_what_was_sent_before_stays_as_it_was(
        client: Client, database: Database, hospital: Hospital, case: uuid.UUID,
        sign_in: SignIn) -> None:
    await send(client, case)
    await sign_in("supervisor")
    assert (await save(client, {}))[0] == 303
    assert "复诊提醒" in await page(client, case)
    assert (await send(client, case, template="SMS_200001", say_day="周五上午")).status == 303
    [made] = [row for row in await rows(database) if row.code == GOOD["code"]]
    assert (await save(client, {"id": str(made.id), "seen": "1", "active": "",
                                "text": "${name}，改了。"}))[0] == 303
    shown = await page(client, case)
    assert "复诊提醒" not in shown
    assert "和安医院提醒王秀英：周五上午复诊。" in shown
    assert (await send(client, case, template="SMS_200001")).status == 409
    async with database.session() as session:
        texts = [each.text for each in await session.scalars(
            select(Message).order_by(Message.created_at))]
        await session.execute(update(MessageTemplateRow).values(active=False))
    assert [("C000001" in each, "周五" in each) for each in texts] == [(True, False), (False, True)]
    assert "还没有可用的短信模板" in await page(client, case)


@pytest.mark.parametrize(("change", "fault"), [
    ({"code": "模板"}, "code"), ({"name": ""}, "name"), ({"language": "fr"}, "language"),
    ({"text": ""}, "text_missing"), ({"text": "长" * 501}, "text_too_long"),
    ({"text": "${姓名}您好"}, "text_variable"), ({"text": "您好{name}"}, "text_variable"),
    ({"text": "${name"}, "text_variable"), ({"text": "【医院】您好"}, "text_brackets"),
    ({"text": "您\u200b好"}, "text_signs"), ({"length_day": "0"}, "length"),
    ({"length_day": "x"}, "length"), ({"label_day": "长" * 41}, "label"),
    ({"position": "-1"}, "position")])
def test_what_does_not_fit_is_a_fault_of_its_field(change: dict[str, str], fault: str) -> None:
    assert TemplateForm.sent(GOOD).checked().faults == {}
    assert TemplateForm.sent({**GOOD, **change}).checked().faults == {next(iter(change)): fault}


async def test_faults_are_told_at_their_fields_and_what_was_typed_is_kept(
        client: Client, database: Database, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    status, shown = await save(client, {"code": "模板", "text": "${姓名}您好${day}",
                                        "length_day": "0"})
    assert status == 422
    for field, told in (("code", "只含字母、数字"), ("text", "“${姓名}”不是变量"),
                        ("length_day", "1 到 500")):
        assert re.search(rf'name="{field}"[^>]*aria-invalid="true"', shown), field
        assert told in shown
    assert 'value="复诊日期"' in shown
    status, shown = await save(client, {"code": "SMS_100001"})
    assert (status, "已有另一个模板" in shown) == (422, True)
    assert len(await rows(database)) == len(TEMPLATES)


async def test_two_who_change_one_lose_nothing(client: Client, database: Database,
                                               sign_in: SignIn) -> None:
    await sign_in("supervisor")
    first = (await rows(database))[0]
    for text, status in (("甲的内容", 303), ("乙的内容", 409)):
        got, shown = await save(client, {"id": str(first.id), "seen": "1", "text": text,
                                         "code": first.code})
        assert got == status
    assert "甲的内容" in shown
    assert "乙的内容" in shown
    assert 'name="seen" value="2"' in shown
    assert "甲的内容" in [row.text for row in await rows(database)]


async def test_a_preview_shows_the_text_on_a_phone_and_stores_nothing(
        client: Client, database: Database, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    for header in ({}, {"HX-Request": "true"}):
        answer = await client.post(f"{PLACE}/preview", headers=header,
                                   data={"csrf_token": await csrf(client), **GOOD})
        shown = await answer.text()
        assert "【和安医院】和安医院提醒王秀英：〔复诊日期〕复诊。" in shown
        assert ("<html" in shown) == (not header)
    assert len(await rows(database)) == len(TEMPLATES)


def test_a_preview_counts_the_parts_of_the_longest_message() -> None:
    form = TemplateForm(text="${content}", lengths={"content": "130"})
    told = preview(form, "和安医院", {"zh": "和安医院", "en": "Hospital"})
    assert (told.text, told.parts, told.most_parts) == ("【和安医院】〔content〕", 1, 3)
