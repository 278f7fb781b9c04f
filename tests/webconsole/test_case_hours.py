"""A hospital sets its office hours, and which deadlines count them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from followup.campaigns.holidays import set_holiday
from followup.cases import changes, watch
from followup.cases.deadlines import Clock
from followup.cases.models import Case, CaseEvent, EventKind
from followup.cases.setup import load_hours, load_setup
from followup.cases.setup_changes import save_hours, save_severity
from followup.cases.states import Move
from followup.database.engine import Database
from followup.people.models import AuditEvent
from followup.views.case_filter import CaseFilter
from followup.views.case_statistics import total
from tests.followup.cases.hospital import ME, tell
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.forms import Forms

ZONE = ZoneInfo("Asia/Shanghai")
WEEK = {f"day_{day}": "1" for day in range(1, 6)}
HOURS = {"opens": "08:30", "closes": "17:00", "pause_from": "12:00", "pause_until": "13:00",
         "timezone": "Asia/Shanghai", **WEEK}
FRIDAY = datetime(2026, 11, 27, 16, 0, tzinfo=ZONE)


async def count_working_hours(database: Database, **change: str) -> None:
    """The mildest severity counts working hours: 2 to accept, 8 to answer, 20 to close."""
    async with database.session() as session:
        await save_hours(session, HOURS, ME)
        severity = (await load_setup(session)).find_severity("一般")
        assert severity
        await save_severity(session, {
            "id": str(severity.id), "name_zh": "一般", "active": "1", "clock": "working",
            "accept_hours": "2", "answer_hours": "8", "close_hours": "20", **change}, ME)


async def test_a_case_is_due_reminded_of_and_escalated_by_the_offices_clock(
        database: Database) -> None:
    await count_working_hours(database)
    async with database.session() as session:
        await set_holiday(session, date(2026, 11, 30), "院庆", actor="supervisor")
        case = await tell(session, moment=FRIDAY)
    assert case.clock is Clock.WORKING
    # an hour is left of Friday, Monday is a holiday
    assert case.accept_due == datetime(2026, 12, 1, 9, 30, tzinfo=ZONE)
    assert case.answer_due == datetime(2026, 12, 1, 16, 30, tzinfo=ZONE)
    assert case.close_due == datetime(2026, 12, 3, 13, 30, tzinfo=ZONE)
    for day, hour, minute, did in ((28, 12, 0, (0, 0)), (30, 12, 0, (0, 0)), (31, 9, 0, (1, 0)),
                                   (31, 9, 29, (0, 0)), (31, 9, 30, (0, 1))):
        moment = datetime(2026, 11, 1, hour, minute, tzinfo=ZONE) + timedelta(days=day - 1)
        async with database.session() as session:
            assert await watch.look(session, moment) == did, moment
    at = datetime(2026, 12, 1, 10, tzinfo=ZONE)
    async with database.session() as session:
        case = await changes.move(session, case.id, Move.ACCEPT, case.version, ME, moment=at)
    async with database.session() as session:
        assert await watch.look(session, at + timedelta(hours=7)) == (0, 1)     # no answer
        figures = await total(session, CaseFilter(), await load_setup(session), ZONE, at)
        kinds = list(await session.scalars(select(CaseEvent.kind).where(
            CaseEvent.case_id == case.id)))
    assert (figures.late, figures.in_time) == (1, 0)
    # what the patient has waited: the whole weekend
    assert figures.accept_median == (at - FRIDAY).total_seconds()
    assert kinds.count(EventKind.ESCALATED) == 2


async def test_deadlines_that_are_set_stay_whatever_the_hours_become(database: Database) -> None:
    async with database.session() as session:
        around = await tell(session, moment=FRIDAY)
    await count_working_hours(database)
    async with database.session() as session:
        working = await tell(session, moment=FRIDAY)
        await save_hours(session, {**HOURS, "opens": "07:00"}, ME)
    async with database.session() as session:
        assert (await load_hours(session)).a_day == timedelta(hours=9)
        for case in (around, working):
            now_there = await session.get_one(Case, case.id)
            assert (now_there.accept_due, now_there.close_due) == (case.accept_due, case.close_due)
    assert around.accept_due == FRIDAY + timedelta(hours=24)


async def test_a_case_that_is_answered_in_time_closes_by_its_own_deadline(
        database: Database) -> None:
    await count_working_hours(database)
    async with database.session() as session:
        case = await tell(session, moment=FRIDAY)
    at = FRIDAY + timedelta(minutes=10)
    for move in ("accept", "assign", "investigate", "answer", "resolve", "confirm", "close"):
        async with database.session() as session:
            case = await changes.move(session, case.id, Move(move), case.version, ME, words="好",
                                      department="骨科", moment=at)
    async with database.session() as session:
        figures = await total(session, CaseFilter(), await load_setup(session), ZONE, at)
        assert (figures.late, figures.in_time, figures.on_time_share) == (0, 1, 1.0)
        case = await changes.move(session, case.id, Move.REOPEN, case.version, ME, words="还没好",
                                  moment=FRIDAY + timedelta(days=3))
    # 20 hours of 7.5 a day from Monday 16:00
    assert case.close_due == datetime(2026, 12, 3, 13, 30, tzinfo=ZONE)


async def post(client: Client, part: str, **fields: str) -> Any:
    return await client.post(f"/cases/settings/{part}", allow_redirects=False, data={
        "csrf_token": await csrf(client, "/cases/settings"), **fields})


@pytest.mark.parametrize(("change", "field", "told"), [
    ({"opens": ""}, "opens", "请填写"), ({"closes": "8 o'clock"}, "closes", "请填时间"),
    ({"pause_until": ""}, "pause_until", "请填写"), ({"closes": "08:00"}, "closes", "要晚于"),
    ({"opens": "16:30", "pause_from": "", "pause_until": ""}, "closes", "太短"),
    ({"pause_until": "11:00"}, "pause_until", "要晚于"),
    ({"timezone": "Mars/Dome"}, "timezone", "没有"),
    (dict.fromkeys(WEEK, ""), "day_1", "请填写")])
async def test_hours_that_cannot_be_are_refused_beside_their_field(
        client: Client, sign_in: SignIn, change: dict[str, str], field: str, told: str) -> None:
    await sign_in("supervisor")
    answer = await post(client, "hours", **{**HOURS, **change})
    form = Forms(await answer.text(), "/cases/settings/hours")
    assert answer.status == 422
    assert told in form.fault(field)
    assert form.value("opens") == change.get("opens", "08:30")


async def test_the_page_keeps_hours_and_says_what_each_severity_leaves(
        client: Client, database: Database, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    assert (await post(client, "hours", **HOURS)).status == 303
    await count_working_hours(database)
    page = await (await client.get("/cases/settings")).text()
    assert "每个工作日 7.5 小时" in page
    assert "2 个工作小时内受理，8 个工作小时内答复，20 个工作小时内办结" in page
    async with database.session() as session:
        case = await tell(session)
    assert "个工作小时）" in await (await client.get(f"/cases/{case.id}")).text()
    refused = await post(client, "severities", name_zh="新", accept_hours="4", answer_hours="3",
                         close_hours="9", clock="calendar")
    assert refused.status == 422
    form = Forms(await refused.text(), "/cases/settings/severities")
    assert form.fault("answer_hours").startswith("要晚于或长于前一项")
    async with database.session() as session:
        trail = (await session.scalars(select(AuditEvent).where(
            AuditEvent.subject == "case-hours").order_by(AuditEvent.id))).first()
        assert trail
        assert trail.detail["after"]["opens"] == "08:30:00"
