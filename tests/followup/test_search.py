"""Finding patients and cases; how a plan looks when there are many."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.dialects import postgresql

from bench.seed import plant
from followup.campaigns.tally import RECOUNT, Tally, gather, tallies
from followup.database.engine import Database
from followup.patients.models import Patient, PatientContact, PatientKey, Whose
from followup.views import patients, search
from followup.views.search import Fit, best, fit
from tests.webconsole.hospital import add_patient


def test_pages_are_found_by_words_pinyin_and_initials_the_best_first() -> None:
    assert fit("huanzhe", "患者") is Fit.WHOLE or fit("huanzhe", "患者") is Fit.BEGINS
    assert fit("tsyb", "投诉与表扬") is Fit.BEGINS
    assert fit("patients", "Patients") is Fit.WHOLE
    assert fit("stat", "Case statistics") is Fit.BEGINS
    assert fit("xyz", "患者") is None
    assert fit("", "患者") is None
    named = {"a": ["投诉与表扬统计", "Statistics"], "b": ["投诉与表扬", "Cases"], "c": ["日历"]}
    assert best("投诉与表扬", named) == ["b", "a"]
    assert best("cases", named) == ["b"]


async def test_a_patient_is_found_by_name_pinyin_and_numbers(database: Database) -> None:
    async with database.session() as session:
        first, _ = await add_patient(session, "王秀英", number=1)
        await add_patient(session, "王秀英杰", number=2)
        await add_patient(session, "李建国", number=3)
        session.add(PatientContact(patient_id=first.id, position=1, number="+8613911117777",
                                   whose=Whose.RELATIVE))

    async def names(typed: str, *, numbers: bool = True, **more: Any) -> list[str]:
        async with database.session() as session:
            return [each.patient.name for each in await search.find_patients(
                session, typed, numbers=numbers, **more)]

    assert await names("wangxiuying") == ["王秀英", "王秀英杰"]
    assert await names("wxy") == ["王秀英", "王秀英杰"]
    assert await names("MR2026003") == ["李建国"]
    assert await names("7777") == ["王秀英"]                # a relative's
    assert await names("7777", numbers=False) == []
    for typed in ("", " ", "%", "_", "'", "\\", "没有"):
        assert await names(typed) == []


async def test_a_new_name_is_found_and_the_old_one_no_more(database: Database) -> None:
    async with database.session() as session:
        patient, _ = await add_patient(session, "王秀英", number=1)
    async with database.session() as session:
        found = await session.get_one(Patient, patient.id)
        found.name = "赵丽华"
    async with database.session() as session:
        assert [line.patient.name for line in (
            await patients.list_patients(session, search="zlh")).lines] == ["赵丽华"]
        assert not (await patients.list_patients(session, search="wxy")).lines


def sql(query: Any) -> str:
    return str(query.compile(dialect=postgresql.dialect(),
                             compile_kwargs={"literal_binds": True}))


async def test_among_many_each_search_is_a_place_in_an_index(database: Database) -> None:
    counts = await plant(database, 1500)
    assert counts["patient"] == 1500
    async with database.session() as session:
        found = await patients.list_patients(session)
        assert found.after
        seen = {line.patient.id for line in found.lines}
        onward = await patients.list_patients(session, after=found.after)
        assert len(seen | {line.patient.id for line in onward.lines}) == 2 * patients.PAGE
        days = [line.patient.last_discharged_on for line in (*found.lines, *onward.lines)]
        assert days == sorted(days, reverse=True)
        # few rows would be read from end to end by themselves
        for way in ("seqscan", "bitmapscan", "sort"):
            await session.execute(text(f"set local enable_{way} = off"))
        for query, index in (
                (search.matching("wang").limit(30), "ix_patient_key_key_patient_id"),
                (patients._in_order(patients.LATEST, "").limit(31),
                 "ix_patient_last_discharged_on_id"),
                (patients._of_department("骨科", patients.LATEST, "").limit(31),
                 "ix_encounter_department_discharged_on_patient_id")):
            plan = json.dumps((await session.execute(
                text(f"explain (format json) {sql(query)}"))).scalar(), ensure_ascii=False)
            assert index in plan
            assert '"Sort"' not in plan


async def test_kept_counts_are_those_that_counting_gives(database: Database) -> None:
    await plant(database, 400)
    async with database.session() as session:
        ids = list(await session.scalars(text("select id from campaign")))
        kept: dict[Any, Tally] = dict(await tallies(session, ids))
    async with database.session() as session:
        # a call of each campaign goes another way
        await session.execute(text(
            "update task set state = 'gave_up', disposition = 'busy' where id in "
            "(select distinct on (campaign_id) id from task where state = 'done')"))
        await session.execute(text("update response set state = 'completed'"))
        await session.execute(text("update attempt set answered_at = null, disposition = 'busy' "
                                   "where seq = 1"))
        await session.execute(update(PatientKey).values(key=PatientKey.key))
    async with database.session() as session:
        changed = dict(await tallies(session, ids))
        await gather(session)
        assert dict(await tallies(session, ids)) == changed
    assert changed != kept
    async with database.session() as session:
        for statement in RECOUNT:
            await session.execute(text(statement))
        assert dict(await tallies(session, ids)) == changed
