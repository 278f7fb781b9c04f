"""What inspectors, judges and the checked do, step by step, on the real database."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from followup.database.base import now
from followup.database.engine import Database
from followup.errors import Conflict, Forbidden, InvalidInput, NotFound
from followup.people.models import AuditEvent, Role
from followup.spotchecks import desk
from followup.spotchecks.models import SpotCheck
from followup.spotchecks.sampling import By, Method
from followup.spotchecks.scoring import Verdict
from followup.spotchecks.states import ItemState
from followup.views.check_results import results
from tests.followup.spotchecks.ward import ALL_WELL, POOR, actor, check_of, open_ward, plan_of
from tests.webconsole.hospital import Hospital


@pytest.fixture
async def hospital(database: Database, tmp_path: Path) -> Hospital:
    return await open_ward(database, tmp_path)


async def escalated(database: Database, hospital: Hospital, percent: int = 0) -> uuid.UUID:
    """The check of the call that an agent had joined."""
    async with database.session() as session:
        await plan_of(session, double_percent=percent)
        return (await check_of(session, hospital.escalated)).id


async def scored(database: Database, check_id: uuid.UUID, marks: dict[str, str],
                 by: Role = Role.AUDITOR) -> SpotCheck:
    async with database.session() as session:
        return await desk.score(session, check_id, marks, "", await actor(session, by))


async def audited(database: Database, check_id: uuid.UUID) -> list[tuple[str, str]]:
    async with database.session() as session:
        rows = await session.scalars(select(AuditEvent).where(
            AuditEvent.subject == f"spot-check:{check_id}").order_by(AuditEvent.id))
        return [(row.actor, row.action) for row in rows]


async def test_a_call_is_scored_appealed_decided_and_put_right(
        database: Database, hospital: Hospital) -> None:
    check_id = await escalated(database, hospital)
    check = await scored(database, check_id, POOR)
    # 25 + 0.2 x 75 of the weights 2 3 3 2 1: (2 + 2 + 1 + 3 x .2 + 3 x .2) / 11 = 56.4
    assert (check.state, check.points, check.verdict) == (ItemState.CHECKED, 56.4, Verdict.FAILED)
    today = now().date()
    async with database.session() as session:
        agent = await actor(session, Role.AGENT)
        await desk.appeal(session, check_id, "问题已经问全，请听 0:27。", agent)
    async with database.session() as session:
        supervisor = await actor(session, Role.SUPERVISOR)
        check = await desk.decide(session, check_id, upheld=True, points=78, answer="部分成立",
                                  actor=supervisor)
        assert (check.state, check.points, check.verdict) == (
            ItemState.DECIDED, 78, Verdict.FAILED)
        assert check.appeal
        assert (check.appeal.points_before, check.appeal.upheld) == (56.4, True)
        await desk.order(session, check_id, "重学提问规范", today + timedelta(days=7), today,
                         supervisor)
        await desk.report(session, check_id, "已学习", agent)
        await desk.accept(session, check_id, supervisor, returned="请附上笔记")
        await desk.report(session, check_id, "笔记已交", agent)
        check = await desk.accept(session, check_id, supervisor)
    assert check.state is ItemState.CLOSED
    assert check.correction
    assert (check.correction.report, check.correction.accepted_by) == ("笔记已交", "何班长")
    assert [action for _, action in await audited(database, check_id)] == [
        "score-spot-check", "appeal-spot-check", "decide-appeal", *["move-correction"] * 5]


async def test_the_second_inspector_completes_a_double_check(
        database: Database, hospital: Hospital) -> None:
    check_id = await escalated(database, hospital, percent=100)
    check = await scored(database, check_id, ALL_WELL)
    assert (check.state, check.points, check.verdict) == (ItemState.HALF, None, None)
    with pytest.raises(Conflict):                              # nobody twice
        await scored(database, check_id, ALL_WELL)
    check = await scored(database, check_id, {**ALL_WELL, "manner": "4"}, Role.SUPERVISOR)
    assert (check.state, check.points) == (ItemState.CHECKED, 99.1)      # of 100 and 98.2


async def test_two_who_differ_are_settled_by_a_third(
        database: Database, hospital: Hospital) -> None:
    check_id = await escalated(database, hospital, percent=100)
    await scored(database, check_id, ALL_WELL)
    check = await scored(database, check_id, {**ALL_WELL, "made-up": "1"}, Role.SUPERVISOR)
    assert (check.state, check.verdict) == (ItemState.DIFFERS, None)
    async with database.session() as session:
        with pytest.raises(Forbidden):
            await desk.settle(session, check_id, 90, "我", await actor(session, Role.SUPERVISOR))
    async with database.session() as session:
        check = await desk.settle(session, check_id, 0, "确有代填",
                                  await actor(session, Role.ADMINISTRATOR))
    assert (check.state, check.verdict, check.fatal) == (ItemState.CHECKED, Verdict.FAILED, True)


async def test_of_many_inspectors_at_once_one_scores(
        database: Database, hospital: Hospital) -> None:
    check_id = await escalated(database, hospital)
    done = await asyncio.gather(*(scored(database, check_id, ALL_WELL, role) for role in (
        Role.AUDITOR, Role.SUPERVISOR, Role.ADMINISTRATOR)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["Conflict", "Conflict", "SpotCheck"]


async def test_only_the_checked_appeal_once_and_nobody_judges_their_own(
        database: Database, hospital: Hospital) -> None:
    check_id = await escalated(database, hospital)
    await scored(database, check_id, POOR, Role.SUPERVISOR)
    async with database.session() as session:
        with pytest.raises(Forbidden):
            await desk.appeal(session, check_id, "不服", await actor(session, Role.DOCTOR))
    async with database.session() as session:
        agent = await actor(session, Role.AGENT)
        with pytest.raises(InvalidInput):
            await desk.appeal(session, check_id, "  ", agent)
    async with database.session() as session:
        await desk.appeal(session, check_id, "不服", agent)
    for role in (Role.SUPERVISOR, Role.AGENT):                  # who scored; who is checked
        async with database.session() as session:
            with pytest.raises(Forbidden):
                await desk.decide(session, check_id, upheld=False, points=None, answer="维持",
                                  actor=await actor(session, role))
    async with database.session() as session:
        await desk.decide(session, check_id, upheld=False, points=None, answer="维持",
                          actor=await actor(session, Role.ADMINISTRATOR))
        with pytest.raises(Conflict):
            await desk.appeal(session, check_id, "再说", agent)


async def test_a_word_on_a_moment_is_kept_and_nonsense_is_not(
        database: Database, hospital: Hospital) -> None:
    check_id = await escalated(database, hospital)
    async with database.session() as session:
        auditor = await actor(session, Role.AUDITOR)
        await desk.note(session, check_id, 27_400, "这里没有追问", auditor)
    async with database.session() as session:
        check = await desk.take(session, check_id)
        assert [(note.at_ms, note.text, note.author.name) for note in check.notes] == [
            (27_400, "这里没有追问", "马质检")]
        for at, text in ((-1, "x"), (10 ** 9, "x"), (5, " ")):
            with pytest.raises(InvalidInput):
                await desk.note(session, check_id, at, text, auditor)
        with pytest.raises(InvalidInput):
            await desk.order(session, check_id, "x", now().date() - timedelta(days=2),
                             now().date(), auditor)
        with pytest.raises(NotFound):
            await desk.close(session, uuid.uuid4(), auditor)


async def test_results_tell_shares_with_their_intervals_and_agreement(
        database: Database, hospital: Hospital) -> None:
    async with database.session() as session:
        plan = await plan_of(session, method=Method.STRATIFIED, by=By.DEPARTMENT,
                             double_percent=100)
        checks = list(await session.scalars(select(SpotCheck).where(
            SpotCheck.plan_id == plan.id).order_by(SpotCheck.place)))
    for place, check in enumerate(checks):          # 5 agree on passed, 1 on failed, 1 differs
        await scored(database, check.id, POOR if place == 1 else ALL_WELL)
        await scored(database, check.id, POOR if place < 2 else ALL_WELL, Role.SUPERVISOR)
    async with database.session() as session:
        found = await results(session)
        assert (await results(session, since=now() + timedelta(days=1))).total.passed.total == 0
    assert (found.total.passed.hits, found.total.passed.total) == (5, 6)
    assert sum(each.passed.total for each in found.departments) == 6
    assert sum(each.passed.total for each in found.people) == 6
    assert found.people[-1].name == ""                        # calls that no agent joined, last
    # observed 6/7; by chance (6 x 5 + 1 x 2) / 49 = 32/49; kappa (42 - 32) / (49 - 32)
    assert found.agreement.pairs == 7
    assert found.agreement.kappa == pytest.approx(10 / 17)


async def test_a_sample_by_risk_does_not_stand_for_all(
        database: Database, hospital: Hospital) -> None:
    async with database.session() as session:
        plan = await plan_of(session, method=Method.RISK, size=1)
        check = (await session.scalars(select(SpotCheck))).one()
    await scored(database, check.id, ALL_WELL)
    async with database.session() as session:
        assert (await results(session)).total.passed.total == 0
        assert (await results(session, plan_id=plan.id)).total.passed.total == 1
