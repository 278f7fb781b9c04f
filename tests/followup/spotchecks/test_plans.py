"""Plans on the real database: what is drawn, from what, and what is kept of it."""

from __future__ import annotations

import asyncio
import importlib
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text, update

from followup.calls.models import Attempt, Disposition, Recording, RecordingMark
from followup.campaigns.models import Task
from followup.database.base import now
from followup.database.engine import Database
from followup.errors import Conflict, InvalidInput
from followup.patients.models import Encounter
from followup.people import audit
from followup.people.models import AuditEvent, Role, User
from followup.responses.models import Answer, GivenBy
from followup.spotchecks import population
from followup.spotchecks.models import ScoreCard, SpotCheck, SpotCheckPlan
from followup.spotchecks.plans import draw_sample, newest_cards, save_card
from followup.spotchecks.sampling import By, Method, draw, stratum
from followup.spotchecks.scoring import Card, Criterion
from tests.followup.spotchecks.ward import check_of, open_ward, plan_of
from tests.webconsole.hospital import Hospital


@pytest.fixture
async def hospital(database: Database, tmp_path: Path) -> Hospital:
    return await open_ward(database, tmp_path)


async def drawn(database: Database, name: str) -> list[SpotCheck]:
    async with database.session() as session:
        return list(await session.scalars(
            select(SpotCheck).join(SpotCheckPlan, SpotCheckPlan.id == SpotCheck.plan_id)
            .where(SpotCheckPlan.name == name).order_by(SpotCheck.place)))


async def test_only_answered_calls_that_have_ended_are_drawn_and_all_is_kept(
        database: Database, hospital: Hospital) -> None:
    async with database.session() as session:
        plan = await plan_of(session, double_percent=50)
    assert (plan.size, plan.population, plan.seed) == (7, 7, 7)
    assert plan.strata == {"": [7, 7]}
    checks = await drawn(database, plan.name)
    assert [check.place for check in checks] == list(range(1, 8))
    assert sum(check.twice for check in checks) == 4
    async with database.session() as session:
        ended = set(await session.scalars(select(Attempt.id).where(
            Attempt.answered_at.is_not(None), Attempt.ended_at.is_not(None))))
        row = (await session.scalars(select(AuditEvent).where(
            AuditEvent.action == audit.MAKE_SPOT_CHECKS))).one()
    assert {check.attempt_id for check in checks} == ended
    assert (row.actor, row.detail) == ("auditor", {"seed": 7, "size": 7})


async def test_a_machine_that_answered_is_nothing_to_check(
        database: Database, hospital: Hospital) -> None:
    async with database.session() as session:
        await session.execute(update(Attempt).where(Attempt.id == hospital.escalated)
                              .values(disposition=Disposition.VOICEMAIL))
        plan = await plan_of(session)
    assert plan.population == 6


async def test_the_same_seed_draws_the_same_calls_and_another_one_others(
        database: Database, hospital: Hospital) -> None:
    async with database.session() as session:
        for name, seed in (("a", 11), ("b", 11), ("c", 12), ("d", 13), ("e", 14)):
            await plan_of(session, name, size=3, seed=seed)
    samples = [[check.attempt_id for check in await drawn(database, name)] for name in "abcde"]
    assert samples[0] == samples[1]
    assert any(samples[0] != other for other in samples[2:])


async def test_the_database_draws_whom_the_seed_says(
        database: Database, hospital: Hospital) -> None:
    async with database.session() as session:
        every = (await session.scalars(select(Attempt.id).where(
            Attempt.answered_at.is_not(None), Attempt.ended_at.is_not(None)))).all()
        for seed in (0, 5, 2 ** 31 - 1):
            await plan_of(session, f"seed {seed}", size=3, seed=seed)
    for seed in (0, 5, 2 ** 31 - 1):
        assert [check.attempt_id for check in await drawn(database, f"seed {seed}")] == [
            *stratum(every, seed, 3).first]


@pytest.mark.parametrize("spare", [0, 20])
async def test_strata_too_are_drawn_as_the_seed_says(
        database: Database, hospital: Hospital, monkeypatch: pytest.MonkeyPatch,
        spare: int) -> None:
    monkeypatch.setattr(population, "SPARE", spare)      # 0: too few are fetched at first
    scope = population.Scope(now() - timedelta(days=1), now())
    async with database.session() as session:
        rows = (await session.execute(
            select(Encounter.department, Attempt.id).join(Task, Task.id == Attempt.task_id)
            .join(Encounter, Encounter.id == Task.encounter_id).where(
                Attempt.answered_at.is_not(None), Attempt.ended_at.is_not(None)))).all()
        members: dict[str, list[uuid.UUID]] = {}
        for department, attempt_id in rows:
            members.setdefault(department, []).append(attempt_id)
        for seed in range(25):
            for size in (1, 2, 6):
                found, sizes = await draw_sample(session, scope, Method.STRATIFIED, By.DEPARTMENT,
                                                 size, seed)
                assert found == draw({name: stratum(those, seed, size)
                                      for name, those in members.items()}, size)
                assert sizes == {name: len(those) for name, those in members.items()}


@pytest.mark.parametrize(("by", "strata"), [
    (By.DEPARTMENT, {"骨科": 2, "心内科": 1, "普外科": 2, "呼吸科": 1, "妇科": 1}),
    (By.OUTCOME, {"escalated": 1, "callback_alert": 2, "completed": 3, "partial": 1}),
    (By.AGENT, {"": 6, "801 林护士": 1}),
])
async def test_strata_are_as_the_hospital_has_them(
        database: Database, hospital: Hospital, by: By, strata: dict[str, int]) -> None:
    async with database.session() as session:
        plan = await plan_of(session, method=Method.STRATIFIED, by=by, size=len(strata))
    assert {name: size for name, (size, _) in plan.strata.items()} == strata
    assert [given for _, given in plan.strata.values()] == [1] * len(strata)
    assert {check.stratum for check in await drawn(database, plan.name)} == set(strata)


async def test_the_strata_of_a_questionnaire_are_its_versions(
        database: Database, hospital: Hospital) -> None:
    async with database.session() as session:
        plan = await plan_of(session, method=Method.STRATIFIED, by=By.QUESTIONNAIRE, size=2)
    assert [size for size, _ in plan.strata.values()] == [6]        # who answered nothing has none


async def test_doubtful_calls_come_first_with_their_reasons(
        database: Database, hospital: Hospital) -> None:
    async with database.session() as session:
        first, last = (await session.scalars(
            select(Attempt.id).where(Attempt.disposition == Disposition.COMPLETED)
            .order_by(Attempt.ended_at))).all()[::2]
        await session.execute(update(Attempt).where(Attempt.id == last).values(
            ended_at=Attempt.answered_at + timedelta(seconds=9)))
        await session.execute(update(Answer).where(Answer.attempt_id == first)
                              .values(confidence=0.4))
        old = (await session.scalars(select(Answer).where(
            Answer.attempt_id == hospital.escalated, Answer.link_id == "temperature"))).one()
        old.superseded_at = old.given_at + timedelta(minutes=1)
        await session.flush()
        session.add(Answer(response_id=old.response_id, attempt_id=old.attempt_id,
                           link_id="temperature", value={"valueDecimal": 38.2}, heard="38.2",
                           given_by=GivenBy.AGENT))
        # said, and then pressed otherwise; and once while it was being read back
        said = (await session.scalars(select(Answer).where(
            Answer.attempt_id == hospital.escalated, Answer.link_id == "wound-pain"))).one()
        said.superseded_at, said.given_by = said.given_at + timedelta(minutes=1), GivenBy.VOICE
        await session.flush()
        session.add(Answer(response_id=said.response_id, attempt_id=said.attempt_id,
                           link_id="wound-pain", value={"valueInteger": 3}, heard="3",
                           given_by=GivenBy.KEY))
        # which needs no recording to be known
        await session.execute(delete(RecordingMark))
        await session.execute(update(Answer).where(
            Answer.attempt_id == hospital.escalated, Answer.link_id == "feeling")
            .values(doubted="还好"))
        plan = await plan_of(session, method=Method.RISK, size=5)
    checks = await drawn(database, plan.name)
    risks = [check.risk for check in checks]
    assert risks == sorted(risks, reverse=True)
    reasons = {check.attempt_id: check.reasons for check in checks}
    assert reasons[last] == [["short", 9]]
    assert reasons[first] == [["unsure", 4]]
    assert reasons[hospital.escalated] == [["disagreeing", 2], ["overridden", 1]]
    assert [["not_escalated", 1]] in reasons.values()


async def test_marks_from_before_are_kept_with_their_answers(
        database: Database, hospital: Hospital) -> None:
    versions = "followup.database.migrations.versions"
    migration = importlib.import_module(f"{versions}.0028_what_spot_checks_miss")
    async with database.session() as session:
        begun = (await session.get_one(Recording, hospital.recording)).created_at
        first = (await session.scalars(select(Answer).where(
            Answer.attempt_id == hospital.escalated, Answer.link_id == "wound-pain"))).one()
        first.given_at, first.given_by = begun + timedelta(seconds=30), GivenBy.KEY
        session.add(Answer(response_id=first.response_id, attempt_id=first.attempt_id, position=1,
                           link_id="wound-pain", value={"valueInteger": 3}, heard="3",
                           given_by=GivenBy.KEY, given_at=begun + timedelta(seconds=40)))
        for link_id, at_ms in (("wound-pain", 39_950), ("nothing", 30_000)):
            session.add(RecordingMark(recording_id=hospital.recording, at_ms=at_ms, label="三分",
                                      kind="disagreement", link_id=link_id))
        await session.flush()
        await session.execute(text(migration.DOUBTED))
        assert list(await session.execute(select(Answer.heard, Answer.doubted).where(
            Answer.doubted.is_not(None)))) == [("3", "三分")]


async def test_the_person_at_the_phone_is_whoever_had_taken_it(
        database: Database, hospital: Hospital) -> None:
    async with database.session() as session:
        await plan_of(session, "by name")
        found = await check_of(session, hospital.escalated)
        assert found.department == "骨科"
        named = await session.get_one(User, found.person_id)
        assert (named.name, named.role) == ("林护士", Role.AGENT)
        attempt = await session.get_one(Attempt, hospital.escalated)
        assert attempt.answered_at
        session.add(AuditEvent(actor="doctor", action=audit.TAKE_PHONE, subject="agent:801",
                               address="", detail={},
                               at=attempt.answered_at - timedelta(minutes=1)))
        session.add(AuditEvent(actor="manager", action=audit.TAKE_PHONE, subject="agent:801",
                               address="", detail={}))            # later: not in this call
        await session.flush()
        await plan_of(session, "by audit")
        found = await check_of(session, hospital.escalated)
        assert (await session.get_one(User, found.person_id)).username == "doctor"


@pytest.mark.parametrize(("wrong", "field"), [
    ({"size": 0}, "size"), ({"size": 501}, "size"), ({"double_percent": 101}, "double_percent"),
    ({"seed": -1}, "seed"), ({"by": By.AGENT}, "by"), ({"method": Method.STRATIFIED}, "by"),
    ({"department": "没有的科室"}, "since"),
])
async def test_a_plan_that_does_not_fit_names_its_field(
        database: Database, hospital: Hospital, wrong: dict[str, object], field: str) -> None:
    async with database.session() as session:
        with pytest.raises(InvalidInput) as refused:
            await plan_of(session, **wrong)
    assert refused.value.field == field


async def test_a_name_is_taken_once(database: Database, hospital: Hospital) -> None:
    async with database.session() as session:
        await plan_of(session)
        with pytest.raises(Conflict):
            await plan_of(session)


async def test_a_changed_card_is_a_new_version_and_plans_keep_theirs(
        database: Database, hospital: Hospital) -> None:
    card = Card((Criterion("manner", {"zh": "态度", "en": "Manner"}),), 60)
    async with database.session() as session:
        plan = await plan_of(session)
        standard = plan.card

    async def save() -> ScoreCard:
        async with database.session() as session:
            return await save_card(session, standard.name, card, actor="supervisor")

    saved = await asyncio.gather(save(), save(), save())
    assert {row.version for row in saved} == {2}                    # nothing new, nothing kept
    async with database.session() as session:
        assert [row.version for row in await newest_cards(session)] == [2]
        kept = await session.get_one(SpotCheckPlan, plan.id)
        assert (kept.card.version, len(kept.card.criteria)) == (1, 7)
