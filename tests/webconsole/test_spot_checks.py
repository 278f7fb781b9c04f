"""Spot checks at the console: who sees what, what is refused, and that no word is lost."""

from __future__ import annotations

import json
import re
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from followup.calls.models import Recording, RecordingMark, RecordingState
from followup.campaigns.models import Task, TaskState
from followup.database.base import now
from followup.database.engine import Database
from followup.people.models import AuditEvent
from followup.responses.models import Answer
from followup.settings import Settings
from followup.spotchecks.models import ScoreCard, SpotCheck, SpotCheckPlan
from followup.spotchecks.states import ItemState
from tests.followup.spotchecks.ward import ALL_WELL, POOR, ZONE, open_checks, publish_other
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.forms import Forms
from tests.webconsole.hospital import Hospital

GOOD = {f"mark-{key}": value for key, value in ALL_WELL.items()}
BAD = {f"mark-{key}": value for key, value in POOR.items()}


@pytest.fixture
async def ward(database: Database, users: None, hospital: Hospital) -> Hospital:
    await open_checks(database, hospital)
    return hospital


def item(hospital: Hospital, step: str = "") -> str:
    return f"/spot-checks/items/{hospital.check}" + (f"/{step}" if step else "")


async def text(client: Client, path: str) -> str:
    answer = await client.get(path)
    assert answer.status == 200, (path, answer.status)
    return await answer.text()


async def post(client: Client, path: str, **form: str) -> tuple[int, str]:
    answer = await client.post(path, allow_redirects=False,
                               data={"csrf_token": await csrf(client), **form})
    return answer.status, await answer.text()


async def state(database: Database, hospital: Hospital) -> SpotCheck:
    async with database.session() as session:
        return await session.get_one(SpotCheck, hospital.check)


async def test_a_plan_is_made_from_the_form_and_says_how_it_was_drawn(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("auditor")
    page = await text(client, "/spot-checks/new")
    card = re.search(r'<option value="([0-9a-f-]{36})">通话质量 第 1 版', page)
    assert card
    today = now().astimezone(ZONE).date()
    form = {"name": "按科室", "method": "stratified", "by": "department", "size": "5",
            "since": str(today - timedelta(days=1)), "until": str(today), "card": card[1],
            "double_percent": "20", "seed": "42"}
    status, _ = await post(client, "/spot-checks/new", **form)
    assert status == 303
    async with database.session() as session:
        plan = (await session.scalars(select(SpotCheckPlan))).one()
    assert (plan.created_by, plan.seed, plan.size, plan.population) == ("auditor", 42, 5, 7)
    page = await text(client, f"/spot-checks/{plan.id}")
    assert "分层 · 科室" in page
    assert "5 / 7" in page
    assert re.search(r"骨科 <strong>1 / 2</strong>", page)
    assert page.count("双人盲检</span>") == 1
    status, page = await post(client, "/spot-checks/new", **form)
    assert status == 409
    assert "已有同名的计划" in page
    assert 'value="按科室"' in page
    for field, value, words in (("size", "0", "样本量应为"), ("seed", "x", "种子应为"),
                                ("until", "2020-01-01", "结束日期应"),
                                ("card", "x", "请选择评分表"), ("since", "heute", "没有可抽的通话"),
                                ("name", "", "请填写名称")):
        status, page = await post(client, "/spot-checks/new", **{**form, field: value})
        assert (status, words in page) == (422, True), field


async def test_lists_are_filtered_by_the_address(client: Client, ward: Hospital,
                                                 sign_in: SignIn) -> None:
    await sign_in("auditor")
    page = await text(client, "/spot-checks")
    assert "抽检记录（7）" in page
    assert "十一月抽检" in page
    assert "抽检记录（2）" in await text(client, "/spot-checks?department=骨科&page=1")
    assert "抽检记录（0）" in await text(client, "/spot-checks?verdict=passed")
    assert "没有抽检记录" in await text(client, f"/spot-checks/{ward.plan}?state=closed")
    # what is none of ours is told, and not asked for
    page = await (await client.get("/spot-checks?state=x&agent=y&page=-3&verdict=z")).text()
    assert "抽检记录（7）" in page
    assert Forms(page, "/spot-checks").faulty() == {"state", "agent", "verdict"}


async def test_a_check_shows_the_call_and_jumps_to_each_answer(
        client: Client, database: Database, ward: Hospital, sign_in: SignIn) -> None:
    await sign_in("auditor")
    page = await text(client, item(ward))
    assert f'data-peaks="/recordings/{ward.recording}/peaks"' in page
    assert re.search(rf'data-seek="18.0" data-of="audio-{ward.recording}" '
                     r'aria-label="试听：[^"]*体温', page)
    assert "核对身份、保护隐私" in page
    assert "38.9" in page
    async with database.session() as session:
        await session.execute(update(Recording).values(state=RecordingState.REFUSED))
        await session.execute(delete(RecordingMark))
        await session.execute(update(Answer).where(Answer.link_id == "temperature")
                              .values(doubted="三十八度五"))
    page = await text(client, item(ward))
    assert "先前听到（未确认）： <q>三十八度五</q>" in page
    assert "患者不同意录音" in page
    assert f'href="/recordings/{ward.recording}"' in page     # messages may be heard there
    async with database.session() as session:
        seen = (await session.scalars(select(AuditEvent).where(
            AuditEvent.action == "view-patient"))).all()
    assert [row.detail for row in seen] == [{"spot_check": str(ward.check)}] * 2


async def test_a_score_is_kept_and_what_does_not_fit_loses_no_word(
        client: Client, database: Database, ward: Hospital, sign_in: SignIn) -> None:
    await sign_in("auditor")
    status, page = await post(client, item(ward, "score"), **{**BAD, "mark-manner": "9"},
                              remark="语速偏快")
    assert status == 422
    form = Forms(page, item(ward, "score"))
    assert "请给每一项打分" in form.fault("mark-manner")
    assert form.faulty() == {"mark-manner"}
    assert (form.value("remark"), form.value("mark-questions")) == ("语速偏快", "1")
    status, _ = await post(client, item(ward, "score"), **BAD, remark="语速偏快")
    assert status == 303
    page = await text(client, item(ward))
    assert "56.4" in page
    assert "不合格" in page
    assert "马质检 评分 56.4" in page
    status, page = await post(client, item(ward, "score"), **GOOD)
    assert status == 409
    assert "状态刚刚已经改变" in page
    assert (await state(database, ward)).points == 56.4


async def test_an_agent_sees_own_checks_once_they_are_scored_and_nobody_else_s(
        client: Client, database: Database, ward: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    assert (await client.get(item(ward))).status == 404             # not scored yet
    assert "抽检记录（0）" in await text(client, "/spot-checks")
    await sign_in("auditor")
    await post(client, item(ward, "score"), **BAD)
    async with database.session() as session:
        other = (await session.scalars(select(SpotCheck).where(
            SpotCheck.id != ward.check).limit(1))).one()
        other.state, other.verdict, other.points = ItemState.CHECKED, None, 50.0
    await sign_in("agent")
    page = await text(client, "/spot-checks")
    assert "抽检记录（1）" in page
    assert "王秀英" in page
    assert "提交申诉" in await text(client, item(ward))
    assert (await client.get(f"/spot-checks/items/{other.id}")).status == 404
    answer = await client.post(f"/spot-checks/items/{other.id}/appeal", data={
        "csrf_token": await csrf(client), "text": "不服"})
    assert answer.status == 403
    assert (await client.get(f"/spot-checks/{ward.plan}")).status == 403


async def test_the_second_inspector_is_blind(client: Client, database: Database,
                                             users: None, hospital: Hospital,
                                             sign_in: SignIn) -> None:
    await open_checks(database, hospital, double_percent=100)
    await sign_in("auditor")
    await post(client, item(hospital, "note"), at="0:27", text="这里打断了患者")
    await post(client, item(hospital, "score"), **BAD, remark="多处打断")
    own = await text(client, item(hospital))
    assert "马质检 评分 56.4" in own
    assert "等待另一位质检员" in own
    for role in ("supervisor", "administrator"):
        await sign_in(role)
        page = await text(client, item(hospital))
        assert "提交评分" in page
        for hidden in ("56.4", "多处打断", "这里打断了患者", "不合格</span>",
                       "马质检"):
            assert hidden not in page, (role, hidden)
        listed = await text(client, f"/spot-checks/{hospital.plan}")
        assert "56.4" not in listed
    await post(client, item(hospital, "score"), **GOOD)
    page = await text(client, item(hospital))
    assert "马质检 评分 56.4" in page
    assert "这里打断了患者" in page
    assert "待裁定" in page
    assert ">裁定</button>" not in page                     # who scored does not settle
    await sign_in("supervisor")
    status, _ = await post(client, item(hospital, "settle"), points="70", note="确有打断")
    assert status == 303
    assert (await state(database, hospital)).points == 70


async def test_an_appeal_is_decided_and_a_correction_followed_to_its_end(
        client: Client, database: Database, ward: Hospital, sign_in: SignIn) -> None:
    await sign_in("auditor")
    await post(client, item(ward, "score"), **BAD)
    await sign_in("agent")
    status, page = await post(client, item(ward, "appeal"), text="  ")
    assert (status, Forms(page).fault("text")) == (422, "请写明内容。")
    assert (await post(client, item(ward, "appeal"), text="0:27 已追问"))[0] == 303
    await sign_in("supervisor")
    assert "0:27 已追问" in await text(client, item(ward))
    status, page = await post(client, item(ward, "decide"), upheld="yes", points="101",
                              answer="成立")
    form = Forms(page, item(ward, "decide"))
    assert (status, form.fault("points")) == (422, "得分应为 0 到 100。")
    assert (form.faulty(), form.value("answer")) == ({"points"}, "成立")
    assert (await post(client, item(ward, "decide"), upheld="yes", points="82.5",
                       answer="成立"))[0] == 303
    page = await text(client, item(ward))
    assert "56.4 → 82.5 分" in page
    today = now().astimezone(ZONE).date()
    status, page = await post(client, item(ward, "order"), text="重学", due_on="2020-01-01")
    form = Forms(page, item(ward, "order"))
    assert (status, form.faulty(), form.value("text")) == (422, {"due_on"}, "重学")
    assert "完成期限应为" in form.fault("due_on")
    assert (await post(client, item(ward, "order"), text="重学", due_on=str(today)))[0] == 303
    await sign_in("agent")
    assert (await post(client, item(ward, "report"), text="学完了"))[0] == 303
    await sign_in("auditor")
    status, page = await post(client, item(ward, "accept"), done="no")
    assert (status, Forms(page, item(ward, "accept")).fault("returned")) == (422, "请写明内容。")
    assert (await post(client, item(ward, "accept"), done="no", returned="缺笔记"))[0] == 303
    assert "退回：缺笔记" in await text(client, item(ward))
    await sign_in("agent")
    await post(client, item(ward, "report"), text="补了")
    await sign_in("auditor")
    assert (await post(client, item(ward, "accept"), done="yes"))[0] == 303
    assert (await state(database, ward)).state is ItemState.CLOSED


async def test_of_two_inspectors_the_later_one_keeps_what_was_filled_in(
        client: Client, ward: Hospital, sign_in: SignIn) -> None:
    await sign_in("auditor")
    assert (await post(client, item(ward, "score"), **GOOD))[0] == 303
    await sign_in("supervisor")
    status, page = await post(client, item(ward, "score"), **BAD, remark="语速太快")
    assert status == 409
    kept = page.partition('id="typed-h"')[2].partition("</section>")[0]
    assert "语速太快" in kept
    assert re.findall(r"<strong>(\d)</strong>", kept) == [BAD[name] for name in BAD]


async def test_a_comment_is_on_a_moment_of_the_recording(
        client: Client, ward: Hospital, sign_in: SignIn) -> None:
    await sign_in("auditor")
    assert (await post(client, item(ward, "note"), at="1:05", text="语气很好"))[0] == 303
    page = await text(client, item(ward))
    assert re.search(r'mark-note" data-seek="65.0".*?语气很好', page, re.DOTALL)
    for at in ("", "65", "1:75", "abc", "999999:00"):
        status, page = await post(client, item(ward, "note"), at=at, text="语气很好")
        form = Forms(page, item(ward, "note"))
        assert (status, form.faulty(), form.value("text")) == (422, {"at"}, "语气很好"), at
        assert "时刻应为录音中的时间" in form.fault("at")


async def test_a_patient_is_called_again_by_hand_from_the_phone_page(
        client: Client, database: Database, ward: Hospital, sign_in: SignIn) -> None:
    await sign_in("auditor")
    assert (await post(client, item(ward, "call-again"), how="hand"))[0] == 303
    assert (await post(client, item(ward, "call-again"), how="hand"))[0] == 409
    await sign_in("agent")
    assert f'href="{item(ward, "answers")}"' in await text(client, "/phone")
    page = await text(client, item(ward, "answers"))
    assert "38.9" not in page                              # the first answers lead nobody
    status, page = await post(client, item(ward, "answers"), **{
        "answer-temperature": "99", "answer-feeling": "1"})
    assert status == 422
    assert "这一题的答案不合适" in page
    assert 'value="99"' in page
    status, _ = await post(client, item(ward, "answers"), **{
        "answer-temperature": "37.2", "answer-feeling": "1", "answer-wound-pain": "8"})
    assert status == 303
    assert item(ward, "answers") not in await text(client, "/phone")
    await sign_in("auditor")
    page = await text(client, item(ward))
    rows = dict(re.findall(r'<tr class="differs"><th scope="row">(.*?)\s*<span.*?第二次">(.*?)'
                           r'</td>', page, re.DOTALL))
    assert any("体温" in question and "37.2" in answer for question, answer in rows.items())
    assert not any("疼" in question for question in rows)        # 8 both times


async def test_a_second_call_asks_what_the_inspector_chose(
        client: Client, database: Database, ward: Hospital, sign_in: SignIn) -> None:
    async with database.session() as session:
        other = (await publish_other(session)).id
    await sign_in("auditor")
    assert f'<option value="{other}">复核问卷' in await text(client, item(ward))
    status, page = await post(client, item(ward, "call-again"), how="hand",
                              questionnaire=str(ward.plan))
    assert (status, "这份问卷已停用" in page) == (422, True)
    assert (await post(client, item(ward, "call-again"), how="hand",
                       questionnaire=str(other)))[0] == 303
    await sign_in("agent")
    assert "护士给您打过电话吗？" in await text(client, item(ward, "answers"))
    assert (await post(client, item(ward, "answers"), **{
        "answer-feeling": "1", "answer-wound-pain": "2"}))[0] == 303
    await sign_in("auditor")
    table = (await text(client, item(ward))).partition('<table class="table stack compare">')[2]
    asked = [row.split("<", 1)[0].strip() for row in table.split('<th scope="row">')[1:]]
    assert asked[-1] == "护士给您打过电话吗？"                # its own, beside no first answer
    assert asked.count("总体感觉") == 1
    assert table.count('class="differs"') == 1               # the pain: 8, then 2


async def test_the_dialer_calls_again_unless_the_patient_objects(
        client: Client, database: Database, ward: Hospital, sign_in: SignIn) -> None:
    await sign_in("auditor")
    assert (await client.get(item(ward, "answers"))).status == 403
    assert (await post(client, item(ward, "call-again"), how="ivr"))[0] == 303
    async with database.session() as session:
        due = (await session.scalars(select(Task).where(
            Task.patient_id == ward.patients[0], Task.state == TaskState.DUE))).all()
    assert len(due) == 1
    await sign_in("agent")
    assert (await client.get(item(ward, "answers"))).status == 404


async def test_results_are_shown_with_intervals_and_no_patient(
        client: Client, ward: Hospital, sign_in: SignIn) -> None:
    await sign_in("manager")
    assert "还没有结果" in await text(client, "/spot-checks/results")
    await sign_in("auditor")
    await post(client, item(ward, "score"), **GOOD)
    await sign_in("manager")
    page = await text(client, "/spot-checks/results")
    assert "林护士" in page
    assert "20.7–100.0%" in page                     # Wilson's for one of one
    assert "王秀英" not in page
    assert "100.0" in await text(client, f"/spot-checks/results?plan={ward.plan}")
    assert "还没有结果" in await text(client, f"/spot-checks/results?plan={uuid.uuid4()}&days=7")


async def test_a_card_is_changed_by_a_new_version(
        client: Client, database: Database, ward: Hospital, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    page = await text(client, "/spot-checks/cards")
    form = dict(re.findall(r'<input (?:type="hidden" )?name="(\w+)"[^>]*? value="([^"]*)"', page))
    form |= dict(re.findall(r'name="((?:weight|maximum|pass_mark)\d*)"[^>]*value="(\d+)"', page))
    form |= dict.fromkeys(re.findall(r'name="(fatal\d+)" checked', page), "on")
    form["name"] = "通话质量"
    form |= {"zh7": "结束语完整", "en7": "Said goodbye", "weight7": "2", "maximum7": "5"}
    status, page = await post(client, "/spot-checks/cards", **{**form, "weight7": "0"})
    lines = Forms(page, "/spot-checks/cards")
    assert (status, lines.faulty(), lines.value("weight7")) == (422, {"weight7"}, "0")
    assert "权重应为" in lines.fault("weight7")
    assert lines.value("zh7") == "结束语完整"
    for change, at in (({"en7": ""}, {"zh7", "en7"}), ({"name": " "}, {"name"}),
                       ({"pass_mark": "101"}, {"pass_mark"})):
        status, page = await post(client, "/spot-checks/cards", **{**form, **change})
        assert (status, Forms(page, "/spot-checks/cards").faulty()) == (422, at)
    assert (await post(client, "/spot-checks/cards", **form))[0] == 303
    async with database.session() as session:
        cards = (await session.scalars(select(ScoreCard).order_by(ScoreCard.version))).all()
    assert [(card.version, len(card.criteria)) for card in cards] == [(1, 7), (2, 8)]
    assert cards[1].criteria[:7] == cards[0].criteria
    assert "结束语完整" not in await text(client, item(ward))       # this check keeps its version


async def test_peaks_are_served_to_whoever_may_listen(
        client: Client, database: Database, settings: Settings, ward: Hospital,
        sign_in: SignIn) -> None:
    await sign_in("auditor")
    path = f"/recordings/{ward.recording}/peaks"
    peaks = json.loads(await text(client, path))
    assert peaks["duration_ms"] == 75_000
    assert len(peaks["patient"]) == 1500
    assert min(peaks["patient"]) > 40                      # the tone is on the patient's side
    assert max(peaks["hospital"]) == 0
    assert (await client.get(f"/recordings/{uuid.uuid4()}/peaks")).status == 404
    async with database.session() as session:
        assert (await session.scalars(select(AuditEvent).where(
            AuditEvent.action == "play-recording"))).all() == []
        await session.execute(update(Recording).values(state=RecordingState.REFUSED))
    assert (await client.get(path)).status == 404
    async with database.session() as session:
        await session.execute(update(Recording).values(state=RecordingState.SEALED,
                                                       file="../outside.wav"))
    assert (await client.get(path)).status == 404
