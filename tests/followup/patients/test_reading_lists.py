"""A patient list, CSV or Excel, becomes records; every refused row is told with its reason."""

from __future__ import annotations

import codecs
import csv
import io
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from followup.patients.importing import ImportReport, ListRefused, RowFault
from followup.patients.importing.report import Said
from followup.patients.importing.tables import MAX_BYTES, MAX_ROWS
from followup.patients.models import Sex
from tests.followup.patients.lists import (
    HEADER,
    SMITH,
    WANG,
    as_csv,
    as_xlsx,
    changed,
    read_list,
)

BAD = Path(__file__).with_name("sample-bad.csv")


def test_a_row_becomes_a_patient_with_a_stay() -> None:
    (wang,) = read_list(as_csv(WANG)).records
    assert wang.mrn == "H1001"
    assert wang.patient == {"name": "王秀英", "sex": Sex.FEMALE, "birth_date": date(1958, 3, 2),
                            "phone": "+8613800130101", "language": "zh"}
    (stay,) = wang.stays
    assert (stay.discharged_on, stay.department, stay.diagnosis, stay.operation,
            stay.attending_doctor) == (date(2026, 11, 20), "心内科", "冠心病", "PCI", "李强")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters_are_found(encoding: str, delimiter: str) -> None:
    found = read_list(as_csv(WANG, SMITH, delimiter=delimiter, encoding=encoding))
    assert [record.patient["name"] for record in found.records] == ["王秀英", "John O'Neil"]
    assert not found.faults


def test_names_outside_gbk_survive_gb18030() -> None:
    rare = changed(WANG, 姓名="𬎆㐆喆")
    assert read_list(as_csv(rare, encoding="gb18030")).records[0].patient["name"] == "𬎆㐆喆"


def test_traditional_big5_lists_are_read() -> None:
    header = ["MRN", "姓名", "Sex", "Birth date", "Phone", "Department", "Diagnosis", "Operation",
              "Doctor", "Discharge date", "Language"]
    row = ("H7", "陳麗華", "女", "1960-01-02", "13800130101", "骨科", "骨折術後，恢復良好", "",
           "張偉", "2026-11-20", "yue")
    found = read_list(as_csv(row, header=header, encoding="big5hkscs"))
    assert [record.patient["name"] for record in found.records] == ["陳麗華"]


def test_english_headers_in_any_order_do_as_well() -> None:
    header = ("Discharge date", "Phone", "NAME", "Dept", "mrn", "Date of birth")
    found = read_list(as_csv(("2026-11-20", "13800130101", "Ann", "ICU", "7", "1990-05-06"),
                             header=header))
    assert found.records[0].mrn == "7"
    assert found.records[0].patient["birth_date"] == date(1990, 5, 6)


@pytest.mark.parametrize("typed", ["2026-11-20", "2026/11/20", "2026.11.20", "20261120",
                                   "2026年11月20日", "2026-11-20 09:30", "2026/11/20 9:30:00",
                                   "2026-11-20T09:30:00", "46346", "２０２６年１１月２０日"])
def test_common_forms_of_a_date(typed: str) -> None:
    found = read_list(as_csv(changed(WANG, 出院日期=typed)))
    assert [stay.discharged_on for record in found.records for stay in record.stays] == [
        date(2026, 11, 20)]


@pytest.mark.parametrize("typed", ["20/11/2026", "11-20-2026", "26-11-20", "2026-02-30", "上周",
                                   "2026-11-25", "1999-12-31", "2026", "2026-11/20", ""])
def test_doubtful_dates_are_refused(typed: str) -> None:
    found = read_list(as_csv(changed(WANG, 出院日期=typed)))
    assert [(fault.row, fault.column) for fault in found.faults] == [(2, "出院日期")]
    assert not found.records


@pytest.mark.parametrize(("title", "value"), [
    ("病历号", ""), ("病历号", "H 1;DROP"), ("病历号", "1.23457E+11"), ("病历号", "x" * 41),
    ("姓名", ""), ("姓名", '=HYPERLINK(0)'), ("姓名", "<script>"), ("姓名", "王" * 61),
    ("姓名", "123"), ("性别", "其他"), ("出生日期", "1958"), ("出生日期", "2026-11-24x"),
    ("电话", "13800130"), ("科室", ""), ("科室", "科" * 61), ("诊断", "诊" * 501), ("语言", "法语"),
    ("诊断", "a\x07b"), ("出生日期", "2026-11-22"),
])
def test_a_faulty_cell_is_named_with_its_row_and_costs_only_its_row(title: str,
                                                                    value: str) -> None:
    found = read_list(as_csv(SMITH, changed(WANG, **{title: value})))
    assert [(fault.row, fault.column) for fault in found.faults] == [(3, title)]
    assert found.faults[0].reason.zh != found.faults[0].reason.en
    assert [record.mrn for record in found.records] == ["H1002"]


def test_every_faulty_cell_of_a_row_is_told() -> None:
    found = read_list(as_csv(changed(WANG, 电话="12", 性别="?", 姓名="")))
    assert {fault.column for fault in found.faults} == {"电话", "性别", "姓名"}


def test_the_report_never_shows_a_phone_number() -> None:
    found = read_list(as_csv(changed(WANG, 电话="138001301019"),
                             changed(SMITH, 性别="13800130102"),
                             changed(SMITH, 病历号="X", 语言="138 0013 0103")))
    shown = " ".join(fault.value for fault in found.faults)
    assert len(found.faults) == 3
    assert "13800130" not in shown.replace(" ", "")
    assert "0102" in shown     # the end is left, to recognise it by


def test_row_numbers_are_those_of_the_spreadsheet() -> None:
    lines = [",".join(HEADER), "", ",".join(changed(WANG, 诊断='"冠心病\n心衰"')), ",,,", "",
             ",".join(changed(SMITH, 电话="1"))]
    found = read_list("\n".join(lines).encode())
    assert [fault.row for fault in found.faults] == [6]
    assert found.records[0].stays[0].diagnosis == "冠心病 心衰"


def test_a_title_may_stand_above_the_header() -> None:
    found = read_list("出院患者一览表\n\n".encode() + as_csv(WANG, changed(SMITH, 电话="1")))
    assert len(found.records) == 1
    assert found.faults[0].row == 5


def test_missing_columns_are_named_in_both_languages() -> None:
    with pytest.raises(ListRefused) as caught:
        read_list(as_csv(("H1", "王秀英"), header=("病历号", "姓名")))
    assert "电话" in caught.value.said.zh
    assert "科室" in caught.value.said.zh
    assert "Phone, Department, Discharge date" in caught.value.said.en


def test_a_column_that_is_there_twice_is_named() -> None:
    with pytest.raises(ListRefused, match="电话 / 手机号"):
        read_list(as_csv((*WANG, "13800130102"), header=(*HEADER, "手机号")))


def test_unknown_columns_are_left_out_and_told() -> None:
    found = read_list(as_csv((*WANG, "A型"), header=(*HEADER, "血型")))
    assert len(found.records) == 1
    assert "血型" in found.notes[0].zh
    assert "血型" in found.notes[0].en


def test_the_same_patient_twice_keeps_both_stays_and_the_latest_phone() -> None:
    later = changed(WANG, 出院日期="2026-11-22", 科室="呼吸科", 电话="13800130199")
    for rows in ((WANG, later), (later, WANG)):
        (record,) = read_list(as_csv(*rows)).records
        assert {stay.department for stay in record.stays} == {"心内科", "呼吸科"}
        assert record.patient["phone"] == "+8613800130199"


def test_one_row_a_diagnosis_keeps_every_diagnosis_of_the_stay() -> None:
    found = read_list(as_csv(WANG, changed(WANG, 诊断="高血压"),
                             changed(WANG, 诊断="", 主治医生="")))
    (stay,) = found.records[0].stays
    assert (stay.diagnosis, stay.attending_doctor) == ("冠心病；高血压", "李强")


@pytest.mark.parametrize(("title", "value"), [("姓名", "李建国"), ("出生日期", "1958-03-20"),
                                              ("性别", "男")])
def test_one_number_for_two_people_refuses_all_its_rows(title: str, value: str) -> None:
    found = read_list(as_csv(WANG, SMITH, changed(WANG, **{title: value})))
    assert [fault.row for fault in found.faults] == [2, 4]
    assert title in found.faults[0].reason.zh
    assert [record.mrn for record in found.records] == ["H1002"]


def test_the_bad_sample_loses_no_good_row() -> None:
    found = read_list(BAD.read_bytes())
    with BAD.open(encoding="utf-8", newline="") as file:
        remarks = {number: row["备注"] for number, row in enumerate(csv.DictReader(file), start=2)}
    faulty = {number: remark for number, remark in remarks.items() if remark != "ok"}
    assert {fault.row for fault in found.faults} == set(faulty)
    for fault in found.faults:
        assert fault.column in faulty[fault.row].split(" ")
    assert len(found.records) == list(remarks.values()).count("ok") > 0


# ---- Excel

def test_excel_with_real_dates_and_numbers_reads_like_the_csv() -> None:
    row = [*WANG]
    row[3], row[4], row[9] = date(1958, 3, 2), 13800130101, date(2026, 11, 20)
    assert read_list(as_xlsx(row, SMITH)).records == read_list(as_csv(WANG, SMITH)).records


def test_excel_of_the_1904_kind_has_the_same_dates() -> None:
    row = [*WANG]
    row[9] = date(2026, 11, 20)
    found = read_list(as_xlsx(row, date_1904=True))
    assert found.records[0].stays[0].discharged_on == date(2026, 11, 20)


def test_date_numbers_without_a_date_format_are_dates() -> None:
    row: list[object] = [*WANG]
    row[9] = 46346
    assert read_list(as_xlsx(row)).records[0].stays[0].discharged_on == date(2026, 11, 20)


def test_formulas_are_refused_and_text_that_looks_like_one_is_no_name() -> None:
    formula = changed(WANG, 姓名='FORMULA =HYPERLINK("https://example.org","王")')
    text = changed(SMITH, 姓名='=HYPERLINK("https://example.org","王")')
    diagnosis = changed(SMITH, 病历号="H3", 诊断="=1+1 型")
    found = read_list(as_xlsx(formula, text, diagnosis))
    assert [(fault.row, fault.column) for fault in found.faults] == [(2, "姓名"), (3, "姓名")]
    assert "公式" in found.faults[0].reason.zh
    assert found.records[0].stays[0].diagnosis == "=1+1 型"      # text, and stays text


def test_numbers_that_excel_has_cut_are_refused() -> None:
    row: list[object] = [*WANG]
    row[0] = 1234567890123456789
    found = read_list(as_xlsx(row))
    assert [(fault.column, fault.reason.en[:14]) for fault in found.faults] == [
        ("病历号", "over 15 digits")]


def test_rows_in_excel_are_numbered_as_excel_does() -> None:
    found = read_list(as_xlsx(WANG, [], [], changed(SMITH, 电话="1"), titles=3))
    assert [fault.row for fault in found.faults] == [8]


def test_sheets_that_were_not_read_are_told() -> None:
    assert "上月" in read_list(as_xlsx(WANG, more_sheets=["上月"])).notes[0].zh


# ---- files that are no list

@pytest.mark.parametrize("data", [
    b"", b"\n \n", b"\xd0\xcf\x11\xe0rest", b"<html><table></table></html>", b"%PDF-1.7 ...",
    b"a,b\0,c", b"\xff\xfe\x00", b"\xff\xff\x81", b"PK\x03\x04 not a zip at all",
    as_csv(WANG).replace("王秀英".encode(), '"王秀英'.encode()), b",,,\n,,",
], ids=range(11))
def test_what_is_no_list_is_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(ListRefused) as caught:
        read_list(data)
    assert caught.value.said.zh
    assert caught.value.said.en


def test_files_too_large_are_refused() -> None:
    with pytest.raises(ListRefused, match="10 MB"):
        read_list(b"x" * (MAX_BYTES + 1))
    with pytest.raises(ListRefused, match="20000 rows"):
        read_list(as_csv(*[("",) * 10 + ("x",)] * (MAX_ROWS + 1)))


WORKBOOK = as_xlsx(WANG)            # once: its length differs with the time of day


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_workbook_is_refused_or_read_but_never_breaks(data: st.DataObject) -> None:
    good = bytearray(WORKBOOK)
    for _ in range(data.draw(st.integers(1, 6))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ListRefused):
        read_list(bytes(good[:data.draw(st.integers(1, len(good)))]))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_below_a_header_are_read_or_refused(noise: bytes) -> None:
    with suppress(ListRefused):
        read_list(",".join(HEADER).encode() + b"\n" + noise)


# ---- the report as a file

def test_nothing_in_the_exported_report_can_run_as_a_formula() -> None:
    nasty = ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\t=1", " =1", "＝1", "|x", ""]
    report = ImportReport(refused=[RowFault(2, text, text, Said(text, text)) for text in nasty])
    data = report.to_csv()
    assert data.startswith(codecs.BOM_UTF8)
    _, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    for text, row in zip(nasty, rows, strict=True):
        assert row[1:] == [f"'{text}" if text else ""] * 4
