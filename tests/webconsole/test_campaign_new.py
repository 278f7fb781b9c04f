"""A new campaign, step by step, and how it would go."""

from __future__ import annotations

import html
import re
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse
from multidict import MultiDict
from sqlalchemy import func, select, update

from followup.campaigns.models import Campaign, CampaignMode, CampaignState, Task
from followup.campaigns.rules import CampaignRules
from followup.database.base import now
from followup.database.engine import Database
from followup.patients.models import Encounter, Patient
from followup.people import audit
from followup.people.models import AuditEvent
from followup.questionnaires.models import QuestionnaireRow, QuestionnaireStatus
from followup.settings import Settings
from tests.webconsole.conftest import Client, SignIn
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_prompts import book, server  # noqa: F401  a voice of tones
from webconsole.forecast import ahead
from webconsole.forecast.ahead import Plan, Run, opening
from webconsole.forecast.panels import PANELS, first_day, panels, rate

PATH = "/campaigns/new"


def fields(page: str) -> MultiDict[str]:
    """Every field of the wizard with its value, as a browser would send it."""
    form = page.partition('id="wizard"')[2].partition("</form>")[0]
    found: MultiDict[str] = MultiDict()
    for tag in re.findall(r"<input [^>]*>", form):
        given = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if given.get("type") in ("radio", "checkbox") and " checked" not in tag:
            continue
        found.add(given["name"], html.unescape(given.get("value", "")))
    for name, options in re.findall(r'<select id="[\w-]+" name="(\w+)"[^>]*>(.*?)</select>', form):
        values = re.findall(r'value="([^"]*)"( selected)?', options)
        if values:
            found.add(name, next((v for v, chosen in values if chosen), values[0][0]))
    for name, typed in re.findall(r'<textarea [^>]*name="(\w+)"[^>]*>(.*?)</textarea>', form,
                                  re.DOTALL):
        found.add(name, html.unescape(typed))
    return found


class Wizard:
    """Somebody who fills in the form, page by page."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.page = ""
        self.status = 0

    async def open(self) -> None:
        answer = await self.client.get(PATH)
        self.status, self.page = answer.status, await answer.text()

    async def go(self, where: str = "next", **typed: str) -> ClientResponse:
        sent = fields(self.page)
        for name, value in typed.items():
            sent.popall(name, None)
            sent.add(name, value)
        sent.add("go", where)
        answer = await self.client.post(PATH, data=sent, allow_redirects=False)
        self.status, self.page = answer.status, await answer.text()
        return answer

    async def forecast(self, **typed: str) -> str:
        sent = fields(self.page)
        for name, value in typed.items():
            sent.popall(name, None)
            sent.add(name, value)
        return await (await self.client.post(f"{PATH}/forecast", data=sent)).text()

    @property
    def step(self) -> str:
        return fields(self.page)["step"]

    @property
    def faults(self) -> list[str]:
        return re.findall(r'class="fault" id="(\w+)-fault"', self.page)


@pytest.fixture
async def wizard(client: Client, hospital: Hospital, sign_in: SignIn) -> Wizard:
    await sign_in("manager")
    wizard = Wizard(client)
    await wizard.open()
    return wizard


async def made(database: Database, name: str) -> tuple[Campaign, list[str]]:
    """A campaign, and the record numbers of its patients."""
    async with database.session() as session:
        campaign = (await session.scalars(select(Campaign).where(Campaign.name == name))).one()
        numbers = await session.scalars(
            select(Patient.mrn).join(Task, Task.patient_id == Patient.id)
            .where(Task.campaign_id == campaign.id).order_by(Patient.mrn))
        return campaign, list(numbers)


async def test_a_campaign_is_made_step_by_step_and_started(
        wizard: Wizard, database: Database) -> None:
    assert wizard.step == "basics"
    await wizard.go(name="骨科  回访", mode="ivr")
    assert (wizard.status, wizard.step) == (200, "patients")
    await wizard.go(department="骨科", first="2020-01-01")
    assert wizard.step == "rules"
    assert "选中 2 位患者" in wizard.page
    await wizard.go(hold_s="7", busy="")
    assert wizard.step == "forecast"
    assert "骨科 回访" in wizard.page
    answer = await wizard.go("start")
    campaign, numbers = await made(database, "骨科 回访")
    assert (answer.status, answer.headers["Location"]) == (303, f"/campaigns/{campaign.id}")
    assert (campaign.state, campaign.mode) == (CampaignState.RUNNING, CampaignMode.IVR)
    assert campaign.rules == {"hold_s": 7, "retry": {"busy": []}}
    assert numbers == ["MR2026001", "MR2026007"]
    async with database.session() as session:
        rows = (await session.scalars(select(AuditEvent).where(AuditEvent.subject ==
                f"campaign:{campaign.id}").order_by(AuditEvent.id))).all()
    assert [(row.actor, row.action) for row in rows] == [
        ("manager", audit.CREATE_CAMPAIGN), ("manager", audit.MOVE_CAMPAIGN)]
    assert rows[0].detail["tasks"] == 2


async def test_all_that_its_calls_can_say_is_rendered_before_it_starts(
        wizard: Wizard, database: Database, settings: Settings) -> None:
    await wizard.go(name="回访")
    await wizard.go(way="numbers", numbers="MR2026003")
    await wizard.go()
    await wizard.go("create")
    assert not list(settings.sounds_dir.rglob("*.wav"))
    campaign, _ = await made(database, "回访")
    assert campaign.state is CampaignState.DRAFT
    answer = await wizard.client.post(f"/campaigns/{campaign.id}/state", allow_redirects=False,
                                      data={"csrf_token": fields(wizard.page).get("csrf_token", "")
                                            or await token(wizard.client), "state": "running"})
    assert answer.status == 303
    assert list(settings.sounds_dir.rglob("*.wav"))
    assert (await made(database, "回访"))[0].state is CampaignState.RUNNING


async def token(client: Client) -> str:
    return fields(await (await client.get(PATH)).text())["csrf_token"]


async def test_patients_are_pasted_by_record_number_and_the_latest_stay_is_followed_up(
        wizard: Wizard, database: Database, hospital: Hospital) -> None:
    async with database.session() as session:
        session.add(Encounter(patient_id=hospital.patients[3], department="旧科室",
                              discharged_on=date(2019, 5, 5)))
        await session.execute(update(Patient).where(Patient.mrn == "MR2026005").values(
            do_not_call=True))
    await wizard.go(name="名单")
    await wizard.go(way="numbers", numbers="MR2026004，MR2026002\nMR2026005 MR2026004;")
    assert "选中 2 位患者" in wizard.page
    assert "另有 1 位不愿接电话" in wizard.page
    await wizard.go()
    assert (await wizard.go("create")).status == 303
    campaign, numbers = await made(database, "名单")
    assert numbers == ["MR2026002", "MR2026004"]
    async with database.session() as session:
        departments = set(await session.scalars(
            select(Encounter.department).join(Task, Task.encounter_id == Encounter.id)
            .where(Task.campaign_id == campaign.id)))
    assert departments == {"呼吸科", "心内科"}


@pytest.mark.parametrize(("typed", "field", "words"), [
    ({"name": ""}, "name", "请填写名称"), ({"name": "字" * 61}, "name", "最多 60 个字"),
    ({"name": "11月23日 出院三日随访"}, "name", "已有同名任务"),
    ({"questionnaire": str(uuid.UUID(int=7))}, "questionnaire", "已发布"),
    ({"questionnaire": "x"}, "questionnaire", "已发布"), ({"mode": "x"}, "mode", "拨号方式")])
async def test_a_fault_of_the_first_step_is_told_beside_its_field(
        wizard: Wizard, typed: dict[str, str], field: str, words: str) -> None:
    await wizard.go(**{"name": "好名字", **typed})
    assert (wizard.status, wizard.step, wizard.faults) == (422, "basics", [field])
    assert words in wizard.page
    if "name" in typed:
        assert fields(wizard.page)["name"] == typed["name"]


@pytest.mark.parametrize(("typed", "field", "words"), [
    ({"first": "2026-13-01"}, "last", "起止日期"), ({"first": ""}, "last", "起止日期"),
    ({"first": "2026-02-02", "last": "2026-02-01"}, "last", "结束不早于开始"),
    ({"first": "2001-01-01", "last": "2001-01-02"}, "last", "没有符合条件"),
    ({"department": "没有这个科"}, "last", "没有符合条件"),
    ({"way": "numbers", "numbers": ""}, "numbers", "至少一个病历号"),
    ({"way": "numbers", "numbers": "MR2026001 MR9 MR8"}, "numbers", "MR9 MR8"),
    ({"way": "numbers", "numbers": "1 " * 5001}, "numbers", "最多 5000"),
    ({"way": "numbers", "numbers": "1 " + "2" * 65}, "numbers", "最多 5000"),
    ({"way": "x"}, "way", "怎样选"),
])
async def test_a_fault_of_the_patients_is_told_beside_its_field(
        wizard: Wizard, typed: dict[str, str], field: str, words: str) -> None:
    await wizard.go(name="好名字")
    await wizard.go(**typed)
    assert (wizard.status, wizard.step, wizard.faults) == (422, "patients", [field])
    assert words in wizard.page
    assert fields(wizard.page)["name"] == "好名字"


async def test_going_back_loses_nothing_and_a_fault_of_an_earlier_step_leads_back_to_it(
        wizard: Wizard, database: Database) -> None:
    await wizard.go(name="甲")
    await wizard.go()
    await wizard.go(max_attempts="99")
    assert (wizard.status, wizard.step, wizard.faults) == (422, "rules", ["max_attempts"])
    await wizard.go("back", max_attempts="4", priority="9")
    assert wizard.step == "patients"
    await wizard.go()
    assert (fields(wizard.page)["max_attempts"], fields(wizard.page)["priority"]) == ("4", "9")
    await wizard.go()
    assert wizard.step == "forecast"
    await wizard.go("create", name="")
    assert (wizard.status, wizard.step, wizard.faults) == (422, "basics", ["name"])
    async with database.session() as session:
        assert await session.scalar(select(func.count()).select_from(Campaign)) == 2


async def test_a_name_that_somebody_took_meanwhile_is_told_not_lost(
        wizard: Wizard, database: Database) -> None:
    await wizard.go(name="同名")
    await wizard.go()
    await wizard.go()
    last = wizard.page
    assert (await wizard.go("create")).status == 303
    wizard.page = last
    await wizard.go("create")
    assert (wizard.status, wizard.faults) == (422, ["name"])


@pytest.mark.parametrize("sent", [{"step": "x"}, {"go": "x"}, {"step": "forecast", "go": ""}])
async def test_a_form_that_is_none_of_ours_is_refused(wizard: Wizard,
                                                      sent: dict[str, str]) -> None:
    data = {"csrf_token": fields(wizard.page)["csrf_token"], "step": "basics", "go": "next", **sent}
    assert (await wizard.client.post(PATH, data=data)).status == 422
    empty = await wizard.client.post(PATH, data={
        "csrf_token": data["csrf_token"], "step": "forecast", "go": "create"})
    assert empty.status == 422


async def test_without_a_published_questionnaire_it_says_what_to_do(
        wizard: Wizard, database: Database) -> None:
    async with database.session() as session:
        await session.execute(update(QuestionnaireRow).values(
            status=QuestionnaireStatus.RETIRED))
    await wizard.open()
    assert "还没有已发布的问卷" in wizard.page
    await wizard.go(name="甲")
    assert wizard.faults == ["questionnaire"]


# --- how it would go ---------------------------------------------------------------------------

async def test_the_forecast_shows_a_day_with_the_agents_and_with_one_fewer(
        wizard: Wizard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "DAYS", 5)
    monkeypatch.setattr(ahead, "PATIENCE_S", 90.0)
    await wizard.go(name="甲")
    await wizard.go(first="2020-01-01")
    await wizard.go()
    page = await wizard.forecast(agents="4")
    for words in ("12 位患者各拨一次", "4 位坐席", "3 位坐席", "按一般情况估计", "共模拟 5 天",
                  "结束时间", "占用线路", "坐席利用率", "未及时接通"):
        assert words in page, words
    assert page.count("<svg") == 4
    assert page.count('<td class="num">') == 4 * 2 * 3
    assert "4 位坐席：一般 " in page                        # what the drawings say to a reader


@pytest.mark.parametrize(("typed", "words"), [
    ({"mode": "preview"}, "没有可预测的进度"), ({"name": ""}, "前面的步骤"),
    ({"agents": "0"}, "前面的步骤"), ({"agents": "201"}, "前面的步骤")])
async def test_where_there_is_nothing_to_forecast_it_says_why(
        wizard: Wizard, typed: dict[str, str], words: str) -> None:
    await wizard.go(name="甲")
    await wizard.go()
    await wizard.go()
    assert words in await wizard.forecast(**typed)


async def test_a_forecast_that_takes_too_long_is_given_up(
        wizard: Wizard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "PATIENCE_S", 0.05)
    await wizard.go(name="甲")
    await wizard.go()
    await wizard.go()
    assert "没有在限定时间内完成" in await wizard.forecast()


def day(**changes: float) -> dict[str, float]:
    return {"end_s": 3600.0, "placed": 100.0, "completed": 50.0, "completed_per_hour": 50.0,
            "utilisation": 0.5, "lines_used": 10.0, "abandon": 0.01, "wait_s": 1.0, **changes}


def plan(calls: int = 100) -> Plan:
    opens = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
    scenario = ahead.scenario_of({
        "name": "x", "agents": 4, "lines": 30, "answer_probability": 0.4, "handle_mean_s": 150,
        "hours": 13})
    return Plan(scenario, calls, opens, 0.03, recorded=False)


def test_figures_are_told_as_times_and_shares_and_a_list_that_is_too_long_as_days() -> None:
    days = [day(end_s=3600.0 * n, abandon=0.01 * n) for n in range(1, 6)]
    shown = {panel.name: panel for panel in panels(plan(), [Run(4, days)], str)}
    assert tuple(shown) == PANELS
    assert shown["end"].table == [(4, "09:12", "11:00", "12:48")]
    assert shown["lost"].table == [(4, "1.2%", "3.0%", "4.8%")]
    assert shown["lost"].axis.limit == 0.03
    assert "10:00" in [label for _, label in shown["end"].axis.ticks]
    late = Run(4, [day(end_s=13 * 3600.0, placed=400.0)] * 5)
    assert panels(plan(), [late], str)[0].table[0][2] == "≥ 21:00"
    assert first_day(plan(1000), late) == (400, 3)
    assert first_day(plan(100), Run(4, [day()] * 5)) == (100, 1)
    assert rate(Run(4, [day(placed=300.0, end_s=1800.0)] * 5)) == 600


@pytest.mark.parametrize(("rules", "moment", "expected"), [
    ({}, "2026-11-26T03:00", ("11-26 11:00", "21:00")),          # in Shanghai
    ({}, "2026-11-26T14:00", ("11-27 08:00", "21:00")),
    ({"window": {"start": "09:00", "end": "12:00"}}, "2026-11-26T05:00", ("11-27 09:00", "12:00")),
    ({"weekdays": [6]}, "2026-11-26T05:00", ("11-28 08:00", "21:00"))])
def test_a_forecast_begins_when_calls_may_be_placed(
        rules: dict[str, Any], moment: str, expected: tuple[str, str]) -> None:
    found = opening(Settings(), CampaignRules.read(rules), {},
                    datetime.fromisoformat(moment).replace(tzinfo=UTC))
    assert found is not None
    assert (f"{found[0]:%m-%d %H:%M}", f"{found[1]:%H:%M}") == expected


def test_with_every_day_a_holiday_there_is_nothing_to_forecast() -> None:
    moment = now()
    closed = {(moment + timedelta(days=n)).date(): False for n in range(-2, 500)}
    assert opening(Settings(), CampaignRules(), closed, moment) is None
