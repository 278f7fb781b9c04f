"""Campaigns at the console: the list, one of them live, the buttons, and the rules."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import ClientResponse
from sqlalchemy import select, update

from followup.campaigns.models import Campaign, CampaignState, Held, Task, TaskState
from followup.campaigns.rules import CampaignRules
from followup.database.base import now
from followup.database.engine import Database
from followup.people import audit
from followup.people.models import AuditEvent, Role
from followup.views import campaigns as campaign_views
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.forms import Forms
from tests.webconsole.hospital import Hospital
from webconsole.forms.rules import RuleForm

RUNNERS = ("supervisor", "manager", "administrator")


async def text(client: Client, path: str) -> str:
    answer = await client.get(path)
    assert answer.status == 200, (path, answer.status)
    return await answer.text()


def names(page: str) -> list[str]:
    """Campaigns of the list, in order."""
    return re.findall(r'class="person" id="open-[^"]+" href="[^"]+">([^<]+)<', page)


def numbers(page: str) -> dict[str, int]:
    return {name: int(value) for name, value in
            re.findall(r'data-number="(\w+)">(\d+)<', page)}


async def ask(client: Client, campaign: uuid.UUID, state: str, onward: str = "",
              ) -> ClientResponse:
    """Press one of the buttons."""
    path = f"/campaigns/{campaign}"
    return await client.post(f"{path}/state", allow_redirects=False, data={
        "csrf_token": await csrf(client), "state": state, "next": onward or path})


async def told(database: Database, action: str) -> list[AuditEvent]:
    async with database.session() as session:
        return list(await session.scalars(
            select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id)))


async def state_of(database: Database, campaign: uuid.UUID) -> CampaignState:
    async with database.session() as session:
        return (await session.get_one(Campaign, campaign)).state


async def test_the_list_tells_how_each_campaign_stands(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn) -> None:
    async with database.session() as session:
        await session.execute(update(Task).where(Task.id == hospital.tasks[-1]).values(
            due_at=now() + timedelta(hours=2), held_why=Held.HOURS))
    await sign_in("manager")
    page = await text(client, "/campaigns")
    assert names(page) == ["11月20日 出院三日随访", "11月23日 出院三日随访"] or \
        names(page) == ["11月23日 出院三日随访", "11月20日 出院三日随访"]
    assert "待呼叫 2 · 呼叫中 3 · 已有结果 6 · 稍后 1" in page
    assert "骨科" in page
    assert "语音问卷" in page


async def test_campaigns_are_found_by_name_and_state(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    assert names(await text(client, "/campaigns?q=23日")) == ["11月23日 出院三日随访"]
    assert names(await text(client, "/campaigns?state=finished")) == ["11月20日 出院三日随访"]
    assert names(await text(client, "/campaigns?state=running&q=20日")) == []
    answer = await client.get("/campaigns?state=nonsense")
    assert (answer.status, len(names(await answer.text()))) == (422, 2)
    for search in ("%", "_", "'; drop table campaign; --", "\x00"):
        query = urlencode({"q": search})
        assert len(names(await text(client, f"/campaigns?{query}"))) == (search == "\x00") * 2
    part = await client.get("/campaigns?q=23", headers={"HX-Request": "true"})
    assert "<html" not in await part.text()


async def test_pages_of_campaigns_follow_one_another_without_gap_or_repetition(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn,
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign_views, "PAGE", 3)
    async with database.session() as session:
        questionnaire = (await session.get_one(Campaign, hospital.campaign)).questionnaire_id
        moment = now()
        session.add_all(Campaign(name=f"任务{number}", questionnaire_id=questionnaire,
                                 created_at=moment - timedelta(days=number // 3))
                        for number in range(8))
    await sign_in("supervisor")
    seen: list[str] = []
    path: str | None = "/campaigns?q=任务"
    while path:
        page = await text(client, path)
        seen += names(page)
        onward = re.search(r'href="(/campaigns\?[^"]*after=[^"]+)"', page)
        path = onward[1].replace("&amp;", "&") if onward else None
    assert sorted(seen) == [f"任务{number}" for number in range(8)]
    for cursor in ("nonsense", "W10=", "e30="):
        assert (await client.get("/campaigns", params={"after": cursor})).status == 422


@pytest.mark.parametrize("role", RUNNERS)
async def test_a_campaign_is_paused_resumed_and_cancelled_once_however_often_asked(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn,
        role: str) -> None:
    await sign_in(role)
    for state in ("paused", "running", "cancelled"):
        for _ in range(2):
            answer = await ask(client, hospital.campaign, state, "/campaigns?state=running")
            assert (answer.status, answer.headers["Location"]) == (303, "/campaigns?state=running")
        assert (await state_of(database, hospital.campaign)).value == state
    rows = await told(database, audit.MOVE_CAMPAIGN)
    assert [(row.actor, row.subject, row.detail["before"], row.detail["after"])
            for row in rows] == [(role, f"campaign:{hospital.campaign}", before, after)
                                 for before, after in (("running", "paused"),
                                                       ("paused", "running"),
                                                       ("running", "cancelled"))]
    assert all(row.address for row in rows)


async def test_what_was_cancelled_meanwhile_cannot_be_resumed_and_the_page_says_so(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn) -> None:
    await sign_in()
    await ask(client, hospital.campaign, "cancelled")
    answer = await ask(client, hospital.campaign, "running")
    assert answer.status == 409
    assert "任务的状态已经改变" in await answer.text()
    assert (await ask(client, hospital.campaign, "draft")).status == 422
    assert (await ask(client, uuid.UUID(int=0), "paused")).status == 404
    assert await state_of(database, hospital.campaign) is CampaignState.CANCELLED


async def test_cancelling_is_asked_about_first(client: Client, hospital: Hospital,
                                               sign_in: SignIn) -> None:
    await sign_in()
    path = f"/campaigns/{hospital.campaign}"
    assert f"{path}?cancel=1#cancel" in await text(client, path)
    page = await text(client, f"{path}?cancel=1")
    assert "不能恢复" in page
    assert page.count('value="cancelled"') == 1


async def test_who_may_only_look_sees_no_buttons(client: Client, hospital: Hospital,
                                                 sign_in: SignIn) -> None:
    await sign_in("doctor")
    for path in ("/campaigns", f"/campaigns/{hospital.campaign}?cancel=1"):
        page = await text(client, path)
        assert "/state" not in page
        assert "/campaigns/new" not in page
        assert "/rules" not in page


async def test_a_campaign_s_page_tells_outcomes_and_who_waits_on_which_rung(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn) -> None:
    async with database.session() as session:
        await session.execute(update(Task).where(Task.disposition == "no_answer").values(
            due_at=now() + timedelta(minutes=50)))
        await session.execute(update(Task).where(Task.disposition == "partial").values(
            state=TaskState.GAVE_UP))
    await sign_in("agent")
    for path in (f"/campaigns/{hospital.campaign}", f"/campaigns/{hospital.campaign}/live"):
        page = await text(client, path)
        assert numbers(page) == {"due": 1, "calling": 3, "later": 1, "settled": 7}
        assert dict(re.findall(r'data-outcome="(\w+)">(\d+)<', page)) == {
            "completed": "3", "callback_alert": "2", "escalated": "1", "no_answer": "1",
            "partial": "1"}
        rung = page.partition('data-rung="no_answer-1"')[2].partition("</li>")[0]
        assert "1 小时" in rung
        assert "还可拨 2 次" in rung
        assert "1 人等待" in rung
        assert "人等待" not in page.partition('data-rung="no_answer-2"')[2].partition("</li>")[0]
        assert "王秀英" not in page


async def test_rules_are_told_in_plain_words(client: Client, hospital: Hospital,
                                             database: Database, sign_in: SignIn) -> None:
    await sign_in("agent")
    path = f"/campaigns/{hospital.campaign}"
    page = await text(client, path)
    for words in ("每天 08:00–21:00", "每位患者最多 3 次", "24 小时内最多 5 次", "最多 3% 未能",
                  "最多 20 秒，之后由护士回电", "照常提问"):
        assert words in page, words
    async with database.session() as session:
        (await session.get_one(Campaign, hospital.campaign)).rules = {
            "window": {"start": "09:00:00", "end": "17:30:00"}, "weekdays": [1, 3],
            "on_holidays": True, "hold_s": 5, "abandon_budget": 0.015, "max_attempts": 6,
            "without_agents": "wait", "skill": "骨科", "retry": {"busy": [], "partial": [1440, 90]}}
    page = await text(client, path)
    for words in ("周一、周三 09:00–17:30", "节假日也呼叫", "最多 5 秒", "最多 1.5%", "最多 6 次",
                  "等坐席上线", "有“骨科”技能", "不再重拨", "1 天", "1 小时 30 分"):
        assert words in page, words
    async with database.session() as session:
        (await session.get_one(Campaign, hospital.campaign)).rules = {"priority": "x"}
    assert "规则内容有误" in await text(client, path)


async def send_rules(client: Client, campaign: uuid.UUID, **typed: str) -> ClientResponse:
    """Open the form, change some fields, save."""
    path = f"/campaigns/{campaign}/rules"
    page = await text(client, path)
    fields = dict(re.findall(r'<input id="[\w-]+" name="(\w+)"[^>]* value="([^"]*)"', page))
    fields |= dict(re.findall(r'name="(csrf_token|seen)" value="([^"]*)"', page))
    days = re.findall(r'name="weekdays" value="(\d)" checked', page)
    pairs = [*{**fields, "order": "in_turn", "without_agents": "alert", **typed}.items(),
             *(("weekdays", day) for day in days)]
    return await client.post(path, data=pairs, allow_redirects=False)


async def test_rules_are_changed_by_the_form_with_before_and_after_in_the_audit(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn) -> None:
    async with database.session() as session:
        (await session.get_one(Campaign, hospital.campaign)).rules = {"skill": "骨科"}
    await sign_in("manager")
    for _ in range(2):
        answer = await send_rules(client, hospital.campaign, start="09:00", end="18:00",
                                  busy="5，15", hold_s="0", abandon_budget="1.5")
        assert answer.status == 303
    wanted = {"skill": "骨科", "window": {"start": "09:00:00", "end": "18:00:00"},
              "retry": {"busy": [5, 15]}, "hold_s": 0, "abandon_budget": 0.015}
    async with database.session() as session:
        assert (await session.get_one(Campaign, hospital.campaign)).rules == wanted
    assert [(row.actor, row.detail) for row in await told(database, audit.SET_RULES)] == [
        ("manager", {"before": {"skill": "骨科"}, "after": wanted})]


@pytest.mark.parametrize(("field", "typed", "words"), [
    ("max_attempts", "21", "1 到 20"), ("max_attempts", "三", "1 到 20"),
    ("busy", "10, 0", "1 到 20160"), ("call_back", "1 2 3 4 5 6 7 8 9 10 11", "最多 10 个"),
    ("end", "07:00", "结束要晚于开始"), ("start", "25:00", "结束要晚于开始"),
    ("abandon_budget", "51", "不超过 50"), ("abandon_budget", "nan", "不超过 50"),
    ("hold_s", "-1", "0 到 20"), ("priority", "0", "1 到 999"), ("order", "x", "从列表"),
    ("without_agents", "x", "从列表"), ("skill", "<b>", "只用文字")])
async def test_a_wrong_rule_is_told_beside_its_field_and_what_was_typed_stays(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn, field: str,
        typed: str, words: str) -> None:
    await sign_in()
    answer = await send_rules(client, hospital.campaign, **{
        "start": "08:30", "end": "18:00", "partial": "7", field: typed})
    page = await answer.text()
    assert answer.status == 422
    form = Forms(page, f"/campaigns/{hospital.campaign}/rules")
    assert form.faulty() == {field}
    assert words in form.fault(field)
    assert form.value("partial") == "7"
    if field not in ("order", "without_agents"):
        assert form.value(field) == typed
    async with database.session() as session:
        assert (await session.get_one(Campaign, hospital.campaign)).rules == {}
    assert await told(database, audit.SET_RULES) == []


async def test_rules_that_somebody_else_changed_meanwhile_are_not_overwritten_unseen(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn) -> None:
    await sign_in()
    answer = await send_rules(client, hospital.campaign, seen="as it was before", priority="7")
    page = await answer.text()
    assert answer.status == 409
    assert "别人修改了规则" in page
    assert Forms(page).value("priority") == "7"
    async with database.session() as session:
        assert (await session.get_one(Campaign, hospital.campaign)).rules == {}


@pytest.mark.parametrize("role", [each for each in Role if each.value not in RUNNERS])
async def test_who_may_not_run_campaigns_changes_nothing(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn,
        role: Role) -> None:
    await sign_in(role.value)
    assert (await ask(client, hospital.campaign, "cancelled")).status == 403
    answer = await client.post(f"/campaigns/{hospital.campaign}/rules", data={
        "csrf_token": await csrf(client), "priority": "1"})
    assert answer.status == 403
    assert await state_of(database, hospital.campaign) is CampaignState.RUNNING


def test_a_form_that_nobody_touched_means_the_same_rules() -> None:
    wanted: tuple[dict[str, Any], ...] = (
        {}, {"priority": 5, "weekdays": [6, 7]}, {"retry": {"no_input": []}},
                 {"window": {"start": "08:15:00", "end": "12:00:00"}, "abandon_budget": 0.07})
    for kept in wanted:
        assert RuleForm.of(CampaignRules.read(kept)).read().kept() == kept
