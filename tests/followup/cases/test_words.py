"""Like cases are recognised, routes found, and what is told is checked field by field."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followup.cases.files import BadFile, check_file, safe_name, sniff
from followup.cases.importing import ListRefused, read_rows
from followup.cases.intake import NotTaken, check
from followup.cases.likeness import ALIKE, likeness, most_alike, pairs
from followup.cases.routing import Route, Rule, ancestors, route
from followup.cases.setup import Setup
from followup.cases.setup_changes import fill_in
from followup.cases.setup_models import CaseCategory, CaseSeverity
from followup.cases.states import CaseKind

TODAY = date(2026, 11, 25)
TOP, BELOW, TWIN = (uuid.UUID(int=n) for n in (1, 2, 3))
SETUP = Setup(
    [CaseCategory(id=TOP, name_zh="服务态度", name_en="Attitude", position=0, active=True),
     CaseCategory(id=BELOW, parent_id=TOP, name_zh="护士", name_en="Nurses", position=0,
                  active=True),
     CaseCategory(id=TWIN, name_zh="护士", name_en="Nurses", position=1, active=True),
     CaseCategory(id=uuid.UUID(int=4), name_zh="旧分类", name_en="", position=2, active=False)],
    [CaseSeverity(id=uuid.UUID(int=5), name_zh="一般", name_en="Minor", position=0, active=True,
                  accept_minutes=60, close_minutes=600)], [], [], {})
GOOD: dict[str, Any] = {"kind": "complaint", "channel": "phone", "severity": "一般",
                        "description": "等了四十分钟"}


@pytest.mark.parametrize(("one", "other", "same"), [
    ("换药时护士态度生硬，等了四十分钟没人解释",
     "护士换药态度生硬，等四十分钟没有人解释原因", True),
    ("The nurse was rude and nobody explained the wait",
     "nobody explained the wait; a rude nurse", True),
    ("换药时护士态度生硬", "住院费用清单看不懂，多收了两次检查费", False),
    ("停车场收费太贵", "食堂的饭菜不合口味", False), ("", "什么都没有写", False)])
def test_the_same_matter_in_other_words_is_recognised(one: str, other: str, same: bool) -> None:
    assert (likeness(pairs(one), pairs(other)) >= ALIKE) is same


@given(st.text(max_size=200), st.text(max_size=200))
def test_likeness_is_the_same_both_ways_and_within_bounds(one: str, other: str) -> None:
    a, b = pairs(one), pairs(other)
    assert 0 <= likeness(a, b) == likeness(b, a) <= 1
    assert likeness(a, a) == (1 if a else 0)


def test_the_likest_come_first() -> None:
    found = most_alike("护士态度生硬",
                       [(1, "医生很好"), (2, "护士态度非常生硬"), (3, "护士态度生硬")])
    assert [key for key, _ in found] == [3, 2]


def test_the_first_rule_that_fits_decides_also_for_categories_below() -> None:
    somebody = uuid.uuid4()
    rules = [Rule(kind=CaseKind.PRAISE, to_department="宣传科"),
             Rule(category=TOP, department="骨科", to_department="护理部", to_owner=somebody),
             Rule(to_department="医务科")]
    parents = SETUP.parents

    def goes(kind: CaseKind, category: uuid.UUID | None, *departments: str) -> Route:
        return route(rules, kind, category, departments, parents)

    assert goes(CaseKind.PRAISE, BELOW, "骨科") == Route("宣传科")
    assert goes(CaseKind.COMPLAINT, BELOW, "骨科", "药房") == Route("护理部", somebody)
    assert goes(CaseKind.COMPLAINT, TWIN, "骨科") == Route("医务科")
    assert route([], CaseKind.COMPLAINT, None, ["骨科"], parents) == Route("骨科")
    assert route([], CaseKind.COMPLAINT, None, ["骨科", "药房"], parents) == Route("")


def test_a_tree_that_bites_its_tail_ends_nobody_s_search() -> None:
    assert ancestors(TOP, {TOP: BELOW, BELOW: TOP}) == [TOP, BELOW]


def test_what_fits_is_taken_as_people_write_it() -> None:
    told = check({**GOOD, "category": "服务态度/护士", "departments": "骨科、药房，骨科",
                  "people": ["方护士"], "happened_on": "2026年11月3日"},
                 SETUP, TODAY)
    assert (told.category, told.departments, told.people) == (BELOW, ("骨科", "药房"), ("方护士",))
    assert told.happened_on == date(2026, 11, 3)
    praise = check({"kind": "praise", "channel": "letter", "description": "好", "severity": "一般"},
                   SETUP, TODAY)
    assert praise.severity is None


@pytest.mark.parametrize(("change", "field", "wrong"), [
    ({"kind": "grumble"}, "kind", "unknown"), ({"kind": None}, "kind", "missing"),
    ({"channel": 7}, "channel", "unknown"), ({"description": " \n\x00 "}, "description", "missing"),
    ({"description": "啊" * 5001}, "description", "too_long"),
    ({"description": ["x"]}, "description", "no_text"),
    ({"severity": ""}, "severity", "missing"), ({"severity": "灭顶"}, "severity", "unknown"),
    ({"category": "护士"}, "category", "ambiguous"),
    ({"category": "旧分类"}, "category", "unknown"),
    ({"happened_on": "2026-02-30"}, "happened_on", "no_date"),
    ({"happened_on": "2026-11-26"}, "happened_on", "future"),
    ({"departments": {"a": 1}}, "departments", "no_text"),
    ({"people": [f"第{n}位" for n in range(21)]}, "people", "too_many"),
    ({"people": "长" * 61}, "people", "too_long"),
    ({"reporter": "长" * 61}, "reporter", "too_long"),
    ({"priority": "1"}, "priority", "unknown")])
def test_each_field_that_does_not_fit_is_named(change: dict[str, Any], field: str,
                                               wrong: str) -> None:
    with pytest.raises(NotTaken) as refused:
        check({**GOOD, **change}, SETUP, TODAY)
    assert [(fault.field, fault.wrong) for fault in refused.value.faults] == [(field, wrong)]
    assert refused.value.faults[0].expected


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(NotTaken) as refused:
        check({}, SETUP, TODAY)
    assert [fault.field for fault in refused.value.faults] == [
        "kind", "channel", "description", "severity"]


@given(st.dictionaries(st.sampled_from(["kind", "channel", "category", "severity", "people",
                                        "departments", "description", "happened_on"]),
                       st.none() | st.booleans() | st.integers() | st.text()
                       | st.lists(st.text() | st.integers())))
def test_whatever_is_sent_is_taken_or_refused_by_field(raw: dict[str, Any]) -> None:
    try:
        check(raw, SETUP, TODAY)
    except NotTaken as refused:
        assert all(fault.field and fault.expected for fault in refused.faults)


@pytest.mark.parametrize(("data", "reason"), [
    (b"", "empty"), (b" \n", "empty"), (b"a" * (5 * 1024 * 1024 + 1), "large"),
    (b"\x00\x01\x02\xff", "encoding"), ("编号,类型\n1,投诉".encode(), "columns"),
    ('编号,类型,渠道,内容\n1,投诉,电话,"没有合上'.encode(), "quotes"),
    ("编号,类型,渠道,内容\n".encode() + "1,投诉,电话,x\n".encode() * 5001, "rows")])
def test_a_file_that_is_no_list_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ListRefused) as refused:
        read_rows(data)
    assert refused.value.reason == reason


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_headers_and_words_are_read_as_people_write_them(encoding: str) -> None:
    text = "工单号,类型,来源,内容,经办\nA1,投诉,12345,等太久,某人\n,,,,\nA2,表扬,来信,谢谢,\n"
    rows, ignored = read_rows(text.encode(encoding))
    assert rows == [
        (2, {"external_id": "A1", "kind": "complaint", "channel": "hotline",
             "description": "等太久"}),
        (4, {"external_id": "A2", "kind": "praise", "channel": "letter", "description": "谢谢"})]
    assert ignored == ["经办"]


def test_files_are_told_by_their_content_and_named_after_it() -> None:
    file = check_file("..\\..\\etc/报告.exe", b"%PDF-1.7 ...")
    assert (file.name, file.media_type) == ("报告.exe.pdf", "application/pdf")
    assert check_file("照片.JPG", b"\xff\xd8\xff\xe0").name == "照片.JPG"
    assert sniff("只是文字\n".encode()) == "text/plain"
    for name, content, reason in (
            ("a.pdf", b"", "empty"), ("a.pdf", b"MZ\x90\x00", "kind"),
            ("a.zip", b"PK\x03\x04junk", "kind"), ("a.txt", b"\x00" * 9, "kind"),
            ("a.pdf", b"%PDF-" + b"x" * (20 * 1024 * 1024), "large")):
        with pytest.raises(BadFile) as refused:
            check_file(name, content)
        assert refused.value.reason == reason


@given(st.text(max_size=300))
def test_no_name_leads_out_of_a_folder_or_breaks_a_header(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert len(safe) <= 120
    assert not set(safe) & set('/\\"\r\n<>:|?*\0')
    assert not safe.startswith(".")


def test_a_template_fills_in_what_it_knows_and_nothing_else() -> None:
    assert fill_in("{name}：{number} {x}", name="李先生", number="C000001") == \
        "李先生：C000001 {x}"
