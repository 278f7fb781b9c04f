"""Importing a list: new patients are added, known ones updated, nothing known is erased."""

from __future__ import annotations

import asyncio

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from followup.database.engine import Database
from followup.patients.importing import ImportReport, import_patients
from followup.patients.models import Patient, Sex
from tests.followup.patients.lists import SMITH, TODAY, WANG, as_csv, as_xlsx, changed


async def imported(database: Database, data: bytes) -> ImportReport:
    return await import_patients(database, data, region="CN", today=TODAY)


async def patient(database: Database, mrn: str) -> Patient:
    async with database.session() as session:
        found = await session.scalars(select(Patient).where(Patient.mrn == mrn)
                                      .options(selectinload(Patient.encounters)))
        return found.one()


def counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    return (report.created, report.updated, report.unchanged, report.encounters,
            report.refused_rows)


async def test_new_patients_are_stored_and_faulty_rows_told(database: Database) -> None:
    report = await imported(database, as_csv(WANG, changed(SMITH, 电话="12"), SMITH))
    assert counts(report) == (2, 0, 0, 2, 1)
    wang = await patient(database, "H1001")
    assert (wang.name, wang.sex, wang.phone, wang.language) == (
        "王秀英", Sex.FEMALE, "+8613800130101", "zh")
    assert [stay.diagnosis for stay in wang.encounters] == ["冠心病"]


async def test_the_same_list_twice_changes_nothing(database: Database) -> None:
    await imported(database, as_csv(WANG, SMITH))
    before = (await patient(database, "H1001")).updated_at
    assert counts(await imported(database, as_xlsx(WANG, SMITH))) == (0, 0, 2, 0, 0)
    assert (await patient(database, "H1001")).updated_at == before


async def test_a_known_number_is_an_update_and_empty_cells_erase_nothing(
        database: Database) -> None:
    await imported(database, as_csv(WANG))
    again = changed(WANG, 姓名="王秀瑛", 电话="13800130199", 性别="", 出生日期="", 语言="", 诊断="",
                    手术="支架植入")
    assert counts(await imported(database, as_csv(again))) == (0, 1, 0, 0, 0)
    wang = await patient(database, "H1001")
    assert (wang.name, wang.phone, wang.sex) == ("王秀瑛", "+8613800130199", Sex.FEMALE)
    assert wang.birth_date is not None
    (stay,) = wang.encounters
    assert (stay.diagnosis, stay.operation) == ("冠心病", "支架植入")


async def test_a_second_discharge_is_a_second_stay(database: Database) -> None:
    await imported(database, as_csv(WANG))
    report = await imported(database, as_csv(changed(WANG, 出院日期="2026-11-23")))
    assert counts(report) == (0, 1, 0, 1, 0)
    assert len((await patient(database, "H1001")).encounters) == 2


async def test_an_opt_out_survives_every_import(database: Database) -> None:
    await imported(database, as_csv(WANG))
    async with database.session() as session:
        (await session.scalars(select(Patient))).one().do_not_call = True
    await imported(database, as_csv(changed(WANG, 电话="13800130155")))
    assert (await patient(database, "H1001")).do_not_call


async def test_two_imports_at_once_store_everybody_once(database: Database) -> None:
    rows = [changed(WANG, 病历号=f"P{number:03}") for number in range(120)]
    reports = await asyncio.gather(*(imported(database, as_csv(*order))
                                     for order in (rows, rows[::-1], rows)))
    assert sum(report.created for report in reports) == 120
    assert sum(report.encounters for report in reports) == 120
    async with database.session() as session:
        assert len((await session.scalars(select(Patient.id))).all()) == 120


async def test_a_patient_with_very_many_stays_is_stored(database: Database) -> None:
    rows = [changed(WANG, 科室=f"科室{number}") for number in range(3000)]
    assert counts(await imported(database, as_csv(*rows))) == (1, 0, 0, 3000, 0)
