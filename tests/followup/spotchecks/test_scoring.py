"""A card comes to what its weights say, and nobody's fault is averaged away."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followup.errors import InvalidInput
from followup.spotchecks.scoring import Card, Criterion, Verdict, read_marks, result

CARD = Card((Criterion("manner", {"zh": "态度", "en": "Manner"}, 1, 5),
             Criterion("questions", {"zh": "提问", "en": "Questions"}, 3, 10),
             Criterion("made-up", {"zh": "编造", "en": "Made up"}, 1, 1, fatal=True)), 80)


@st.composite
def cards(draw: st.DrawFn) -> Card:
    lines = draw(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 20), st.booleans()),
                          min_size=1, max_size=8))
    lines.append((1, 5, False))
    return Card(tuple(Criterion(f"c{place}", {"zh": "项", "en": "Line"}, weight, most, fatal)
                      for place, (weight, most, fatal) in enumerate(lines)),
                draw(st.integers(1, 100)))


def test_weights_count_and_what_does_not_apply_does_not() -> None:
    # (1 x 4/5 + 3 x 9/10) / 4 = 87.5
    assert result(CARD, {"manner": 4, "questions": 9, "made-up": 0}).points == 87.5
    assert result(CARD, {"manner": 4, "questions": None, "made-up": 0}).points == 80.0
    assert result(CARD, {"manner": 4, "questions": None, "made-up": 0}).verdict is Verdict.PASSED
    assert result(CARD, {"manner": 3, "questions": None, "made-up": 0}).verdict is Verdict.FAILED


def test_a_fatal_fault_makes_all_of_it_nothing() -> None:
    come = result(CARD, {"manner": 5, "questions": 10, "made-up": 1})
    assert (come.points, come.verdict, come.fatal) == (0.0, Verdict.FAILED, ("made-up",))


@given(cards(), st.data())
def test_more_points_never_make_less(card: Card, data: st.DataObject) -> None:
    marks = {each.key: data.draw(st.integers(0, 0 if each.fatal else each.maximum))
             for each in card.criteria}
    points = result(card, marks).points
    assert 0 <= points <= 100
    best = {each.key: 0 if each.fatal else each.maximum for each in card.criteria}
    assert result(card, best).points == 100
    for each in card.criteria:
        if not each.fatal and marks[each.key] < each.maximum:
            assert result(card, {**marks, each.key: marks[each.key] + 1}).points >= points


@given(cards())
def test_a_card_survives_its_keeping(card: Card) -> None:
    assert Card.read([each.kept() for each in card.criteria], card.pass_mark) == card


@pytest.mark.parametrize(("given_", "field"), [
    ({"manner": "5", "questions": "11", "made-up": "0"}, "questions"),
    ({"manner": "-1", "questions": "1", "made-up": "0"}, "manner"),
    ({"manner": "1.5", "questions": "1", "made-up": "0"}, "manner"),
    ({"manner": "5", "questions": "1"}, "made-up"),
    ({"manner": "5", "questions": "1", "made-up": "na"}, "made-up"),
    ({"manner": "na", "questions": "na", "made-up": "0"}, "marks"),
])
def test_marks_out_of_bounds_name_their_line(given_: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_marks(CARD, given_)
    assert refused.value.field == field


LINE: dict[str, Any] = {"key": "a", "title": {"zh": "甲", "en": "A"}, "weight": 1, "maximum": 5}


@pytest.mark.parametrize(("criteria", "mark", "field"), [
    ([], 80, "criteria"), ("x", 80, "criteria"), ([LINE, LINE], 80, "criteria"),
    ([{**LINE, "fatal": True}], 80, "criteria"), ([LINE], 0, "pass_mark"),
    ([LINE], "many", "pass_mark"), ([{**LINE, "title": {"zh": "甲"}}], 80, "criteria.1.title"),
    ([{**LINE, "weight": 0}], 80, "criteria.1.weight"), ([{**LINE, "key": "Ä"}], 80,
                                                         "criteria.1.key"),
    ([LINE] * 31, 80, "criteria"), ([{**LINE, "maximum": True}], 80, "criteria.1.maximum"),
])
def test_a_card_that_does_not_fit_names_its_line(criteria: object, mark: object,
                                                 field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Card.read(criteria, mark)
    assert refused.value.field == field
