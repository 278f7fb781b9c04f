"""Cases on a real PostgreSQL: registered once, changed by one at a time, reminded of."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from followup.alarms.register import open_alarms
from followup.cases import changes, tokens, watch
from followup.cases.changes import EditConflict, Stale, form_values, merge
from followup.cases.importing import import_cases
from followup.cases.intake import NotTaken, check
from followup.cases.models import Case, CaseEvent, EventKind
from followup.cases.register import By, alike, find_case, register
from followup.cases.setup import load_setup
from followup.cases.setup_changes import save_category, save_rule, save_severity
from followup.cases.states import CaseState, Move, MoveRefused
from followup.database.base import now
from followup.database.engine import Database
from followup.views import cases as views
from tests.followup.cases.hospital import (
    GOOD,
    ME,
    OTHER,
    TODAY,
    add_user,
    audited,
    step,
    tell,
)
from tests.webconsole.hospital import add_patient


async def test_a_new_case_has_number_deadlines_history_and_trail(database: Database) -> None:
    async with database.session() as session:
        patient, _ = await add_patient(session, "王秀英", number=1)
        case = await tell(session, patient=patient.mrn, category="护士")
        assert case.number == f"C{case.seq:06}"
        assert (case.state, case.department, case.patient) == (
            CaseState.REGISTERED, "骨科", patient)
        assert case.accept_due == case.created_at + timedelta(hours=24)
        assert case.close_due == case.created_at + timedelta(days=7)
        assert await audited(session, case) == [("agent", "register-case")]
        events = await views.events_of(session, case.id)
        assert [(event.kind, event.by) for event in events] == [(EventKind.REGISTERED, "林护士")]
        with pytest.raises(NotTaken) as refused:
            await tell(session, patient="MR-unknown")
        assert refused.value.field == "patient"


async def test_a_rule_sends_a_case_to_whom_it_names(database: Database) -> None:
    async with database.session() as session:
        nurse = await add_user(session, "护士长")
        setup = await load_setup(session)
        top = next(each for each in setup.categories if each.name_zh == "服务态度")
        await save_rule(session, {"category": str(top.id), "to_department": "护理部",
                                  "to_owner": str(nurse.id)}, ME)
        case = await tell(session, category="服务态度/护士")
        assert (case.department, case.owner_id) == ("护理部", nurse.id)


async def test_an_external_id_is_taken_once_even_by_two_at_the_same_moment(
        database: Database) -> None:
    async def send() -> bool:
        async with database.session() as session:
            setup = await load_setup(session)
            told = check({**GOOD, "external_id": "W-17"}, setup, TODAY)
            return (await register(session, told, setup, By("api:x", "x", "", "api:x")))[1]

    assert sorted(await asyncio.gather(*(send() for _ in range(5)))) == [False] * 4 + [True]
    async with database.session() as session:
        assert await session.scalar(select(func.count()).select_from(Case)) == 1


async def test_like_cases_are_shown_for_thirty_days(database: Database) -> None:
    async with database.session() as session:
        patient, _ = await add_patient(session, "王秀英", number=1)
        first = await tell(session)
        await tell(session, description="换药的护士态度生硬，等四十分钟没有人解释",
                   moment=now() - timedelta(days=31))
        hers = await tell(session, patient=patient.mrn, description="停车场收费太贵")
        found = await alike(session, patient_id=patient.id,
                            description="护士换药态度生硬，等了四十分钟没人解释")
        assert [(like.case.id, like.same_patient) for like in found] == [
            (first.id, False), (hers.id, True)]
        assert found[0].score
        assert found[0].score > 0.8
        assert found[1].score is None


async def test_a_complaint_goes_its_way_and_each_step_leaves_its_trace(
        database: Database) -> None:
    async with database.session() as session:
        owner = await add_user(session, "徐主任")
        case = await tell(session)
    with pytest.raises(MoveRefused):
        await step(database, case, "resolve")
    case = await step(database, case, "accept")
    with pytest.raises(NotTaken) as refused:
        await step(database, case, "assign")
    assert refused.value.field == "owner"
    case = await step(database, case, "assign", owner=owner, department="护理部")
    case = await step(database, case, "investigate", "answer", "resolve", "confirm", "close")
    assert (case.state, case.owner_id, case.department) == (CaseState.CLOSED, owner.id, "护理部")
    async with database.session() as session:
        with pytest.raises(NotTaken):
            await changes.rate(session, case.id, 6, "", ME)
        case = await changes.rate(session, case.id, 2, "还可以", ME)
    assert case.satisfaction == 2
    old_due = case.close_due
    case = await step(database, case, "reopen")
    assert (case.reopened, case.closed_at, case.satisfaction) == (1, None, None)
    assert old_due
    assert case.close_due
    assert case.close_due > old_due
    async with database.session() as session:
        events = list(reversed(await views.events_of(session, case.id)))
        assert [event.state.value for event in events if event.state] == [
            "accepted", "assigned", "investigating", "answered", "resolved", "confirmed", "closed",
            "reopened"]
        assert [event.words for event in events if event.kind is EventKind.REPLY] == [
            "answer 说明"]
        assert len(await audited(session, case)) == len(events) == 10


async def test_words_are_asked_for_where_they_are_owed(database: Database) -> None:
    async with database.session() as session:
        case = await tell(session)
    for move in (Move.DISMISS,):
        async with database.session() as session:
            with pytest.raises(NotTaken) as refused:
                await changes.move(session, case.id, move, case.version, ME, words=" \n")
        assert refused.value.field == "words"
    async with database.session() as session:
        assert (await find_case(session, case.id)).state is CaseState.REGISTERED


async def test_of_two_steps_at_the_same_moment_one_is_taken(database: Database) -> None:
    async with database.session() as session:
        case = await tell(session)

    async def accept(by: By) -> object:
        try:
            async with database.session() as session:
                return await changes.move(session, case.id, Move.ACCEPT, case.version, by)
        except Stale as stale:
            return stale

    results = await asyncio.gather(accept(ME), accept(OTHER))
    assert sorted(type(result).__name__ for result in results) == ["Case", "Stale"]
    async with database.session() as session:
        moved = await session.scalars(select(CaseEvent).where(CaseEvent.kind == EventKind.MOVED))
        assert len(moved.all()) == 1


async def test_the_second_of_two_editors_sees_the_difference_and_loses_nothing(
        database: Database) -> None:
    async with database.session() as session:
        case = await tell(session)
    seen = form_values(case) | {"kind": "complaint"}
    first = seen | {"reporter": "李先生", "severity": "重大"}
    mine = seen | {"reporter": "李太太", "description": "我写的很长的一段话"}

    async def edit(values: dict[str, str], by: By, version: int) -> Case:
        async with database.session() as session:
            setup = await load_setup(session)
            return await changes.edit(session, case.id, check(values, setup, TODAY), version,
                                      setup, by)

    after = await edit(first, OTHER, case.version)
    assert after.close_due == after.begun_at + timedelta(hours=24)
    with pytest.raises(EditConflict) as conflict:
        await edit(mine, ME, case.version)
    told = {change.field: change for change in conflict.value.changes}
    assert set(told) == {"reporter", "severity"}
    assert (told["reporter"].before, told["reporter"].now, told["reporter"].by) == (
        "", "李先生", "徐医生")
    async with database.session() as session:
        current = form_values(await find_case(session, case.id))
    merged = merge(mine, current, conflict.value.changes)
    # typed words stay, a field that was left alone takes what is there now
    assert merged["reporter"] == "李太太"
    assert merged["description"] == "我写的很长的一段话"
    assert merged["severity"] == current["severity"] != seen["severity"]
    saved = await edit(merged | {"kind": "complaint"}, ME, after.version)
    assert (saved.reporter, saved.description) == ("李太太", "我写的很长的一段话")
    # a step by somebody else in between is no reason to refuse an edit
    stepped = await step(database, saved, "accept")
    assert (await edit(form_values(saved) | {"kind": "complaint", "contact": "门诊"}, ME,
                       saved.version)).version == stepped.version + 1


async def test_people_are_changed_one_by_one(database: Database) -> None:
    async with database.session() as session:
        case = await tell(session, departments="骨科、药房", people="方护士")
    async with database.session() as session:
        setup = await load_setup(session)
        values = form_values(case) | {"kind": "complaint", "departments": "药房、骨科、财务科",
                                      "people": ""}
        await changes.edit(session, case.id, check(values, setup, TODAY), 1, setup, ME)
    async with database.session() as session:
        again = await find_case(session, case.id)
        assert (again.departments, again.people) == (["药房", "骨科", "财务科"], [])


async def test_a_case_is_handed_over_with_a_reason(database: Database) -> None:
    async with database.session() as session:
        case = await tell(session)
        for department, words, field in (("", "x", "department"), ("药房", "", "words"),
                                         ("骨科", "x", "department")):
            with pytest.raises(NotTaken) as refused:
                await changes.transfer(session, case.id, 1, ME, department=department, owner=None,
                                       words=words)
            assert refused.value.field == field
        case = await changes.transfer(session, case.id, 1, ME, department="药房", owner=None,
                                      words="药房的事")
        assert (case.department, case.state) == ("药房", CaseState.REGISTERED)
        with pytest.raises(Stale):
            await changes.transfer(session, case.id, 1, OTHER, department="财务科", owner=None,
                                   words="x")


async def test_owners_are_reminded_once_then_the_case_is_escalated_and_the_alarm_holds(
        database: Database) -> None:
    async with database.session() as session:
        chief = await add_user(session, "何主任")
        setup = await load_setup(session)
        minor = setup.severities[0]
        await save_severity(session, {
            "id": str(minor.id), "name_zh": "一般", "name_en": "Minor", "accept_hours": "1",
            "close_hours": "10", "active": "1", "escalate_to": str(chief.id)}, ME)
    async with database.session() as session:
        case = await tell(session)

    async def look(minutes: int) -> tuple[int, int]:
        async with database.session() as session:
            return await watch.look(session, case.begun_at + timedelta(minutes=minutes))

    assert [await look(at) for at in (40, 46, 50, 61, 70)] == [
        (0, 0), (1, 0), (0, 0), (0, 1), (0, 0)]
    async with database.session() as session:
        late = await find_case(session, case.id)
        assert late.escalated_to_id == chief.id
        assert [alarm.subject for alarm in await open_alarms(session)] == ["骨科"]
    await step(database, late, "accept")
    assert [await look(at) for at in (70, 460, 601, 700)] == [(0, 0), (1, 0), (0, 1), (0, 0)]
    async with database.session() as session:
        kinds = [event.kind.value for event in await views.events_of(session, case.id)]
        assert sorted(kinds) == ["escalated", "escalated", "moved", "registered", "reminded",
                                 "reminded"]
        case = await find_case(session, case.id)
    await step(database, case, "assign", "investigate", "answer", "resolve", "close",
               department="骨科")
    await look(700)
    async with database.session() as session:
        assert await open_alarms(session) == []


async def test_history_cannot_be_rewritten(database: Database) -> None:
    async with database.session() as session:
        await tell(session)
    with pytest.raises(Exception, match="only ever added"):
        async with database.session() as session:
            await session.execute(CaseEvent.__table__.update().values(words="x"))


async def test_a_list_is_taken_row_by_row_and_only_once(database: Database) -> None:
    head = "外部编号,类型,渠道,严重程度,分类,病历号,涉及科室,内容\n"
    rows = ["A1,投诉,电话,一般,护士,,骨科,等太久", "A2,投诉,电话,灭顶,,,,没有这个级别",
            "A3,表扬,微信,,,,,谢谢李医生", "A4,投诉,电话,严重,,MR-none,,没有这个人",
            ",投诉,电话,一般,,,,没编号"]
    for created, known in ((2, 0), (0, 2)):
        async with database.session() as session:
            report = await import_cases(session, (head + "\n".join(rows)).encode(), ME, TODAY)
        assert (report.created, report.known) == (created, known)
        assert [(fault.row, fault.fault.field) for fault in report.faults] == [
            (3, "severity"), (5, "patient"), (6, "external_id")]


async def test_a_category_cannot_be_put_below_itself(database: Database) -> None:
    async with database.session() as session:
        setup = await load_setup(session)
        top = next(each for each in setup.categories if each.name_zh == "服务态度")
        below = next(each for each in setup.categories if each.parent_id == top.id)
        with pytest.raises(NotTaken) as refused:
            await save_category(session, {"id": str(top.id), "name_zh": "服务态度",
                                          "parent": str(below.id)}, ME)
        assert refused.value.field == "parent"


async def test_a_token_opens_until_it_is_revoked_and_is_kept_nowhere(database: Database) -> None:
    async with database.session() as session:
        token = await tokens.make_token(session, "wechat-desk", ME)
    async with database.session() as session:
        known = await tokens.who_has(session, token)
        assert known
        assert known.name == "wechat-desk"
        assert token not in (known.token_hash, known.name)
        assert await tokens.who_has(session, token + "x") is None
        await tokens.revoke_token(session, known.id, ME)
    async with database.session() as session:
        assert await tokens.who_has(session, token) is None
