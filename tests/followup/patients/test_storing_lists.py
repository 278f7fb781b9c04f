"""Importing a list: new patients are added, known ones updated, nothing known is erased."""

from __future__ import annotations

import asyncio

from sqlalchemy import select, update
from sqlalchemy.orm import selectinload

from followup.database.base import now
from followup.database.engine import Database
from followup.patients.importing import ImportReport, import_patients
from followup.patients.models import Patient, PatientContact, Sex, Whose
from tests.followup.patients.lists import HEADER, SMITH, TODAY, WANG, as_csv, as_xlsx, changed


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


MORE = ("备用电话", "家属电话", "家属关系", "时区")


def with_more(*cells: str) -> bytes:
    return as_csv((*WANG, *cells), header=(*HEADER, *MORE))


async def numbers(database: Database) -> list[tuple[int, str, Whose, str, bool]]:
    async with database.session() as session:
        rows = await session.scalars(select(PatientContact).order_by(PatientContact.position))
        return [(row.position, row.number, row.whose, row.relation, row.invalid_at is None)
                for row in rows]


async def test_further_numbers_and_the_time_zone_are_stored_and_brought_up_to_date(
        database: Database) -> None:
    data = with_more("0315-5550100", "13900139000", "女儿", "Europe/Berlin")
    assert counts(await imported(database, data)) == (1, 0, 0, 1, 0)
    assert (await patient(database, "H1001")).timezone == "Europe/Berlin"
    second = (1, "+863155550100", Whose.OWN, "", True)
    assert await numbers(database) == [second, (2, "+8613900139000", Whose.RELATIVE, "女儿", True)]
    assert counts(await imported(database, data)) == (0, 0, 1, 0, 0)
    async with database.session() as session:
        await session.execute(update(PatientContact).values(invalid_at=now()))
    assert counts(await imported(database, with_more("", "13900139001", "", ""))) == (0, 1, 0, 0, 0)
    assert await numbers(database) == [
        (*second[:4], False), (2, "+8613900139001", Whose.RELATIVE, "女儿", True)]
    assert (await patient(database, "H1001")).timezone == "Europe/Berlin"


async def test_a_wrong_further_number_is_told_and_hidden(database: Database) -> None:
    report = await imported(database, with_more("", "1390013", "", "Mars/Base"))
    assert {(fault.column, "1390013" in fault.value) for fault in report.refused} == {
        ("家属电话", False), ("时区", False)}
    assert counts(report) == (0, 0, 0, 0, 1)


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
