"""The drawing of bands: where things lie, what a screen reader hears, what is escaped."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from webconsole.forecast.plot import LEFT, RIGHT, Axis, Band, draw, even_ticks

SVG = "{http://www.w3.org/2000/svg}"
AXIS = Axis(0.0, 10.0, [(0.0, "0"), (5.0, "5"), (10.0, "10")], limit=2.5)
BANDS = [Band("4 位坐席", 2.0, 4.0, 8.0, [2.0, 4.0, 8.0], "4.0"),
         Band("3 位坐席", 5.0, 5.0, 5.0, [5.0], "5.0")]


def drawing(**changes: object) -> ElementTree.Element:
    drawn = draw(**{"key": "end", "title": "结束时间", "description": "4 位坐席：一般 4.0",
                    "bands": BANDS, "axis": AXIS, **changes})      # type: ignore[arg-type]
    return ElementTree.fromstring(drawn)                            # noqa: S314 - our own


def at(element: ElementTree.Element, name: str) -> float:
    return float(element.attrib[name])


def test_it_is_named_and_described_for_those_who_do_not_see_it() -> None:
    svg = drawing()
    title, description = svg.findall("title") + svg.findall("desc")
    assert (title.text, description.text) == ("结束时间", "4 位坐席：一般 4.0")
    assert svg.attrib["role"] == "img"
    assert svg.attrib["aria-labelledby"].split() == [title.attrib["id"], description.attrib["id"]]


def test_bands_and_middles_lie_where_their_values_are() -> None:
    svg = drawing()
    first, second = svg.findall(".//g")
    scale = (RIGHT - LEFT) / 10
    band, middle = first.find("rect"), first.findall("circle")[-1]
    assert band is not None
    assert (at(band, "x"), at(band, "width")) == pytest.approx((LEFT + 2 * scale, 6 * scale))
    assert at(middle, "cx") == pytest.approx(LEFT + 4 * scale)
    assert len(first.findall("circle")) == 3 + 1                    # each day, and the middle
    narrow = second.find("rect")
    assert narrow is not None
    assert at(narrow, "width") > 0                                  # it is seen all the same
    assert [text.text for text in first.findall("text")] == ["4 位坐席", "4.0"]


def test_the_limit_and_the_ticks_are_drawn_within_the_picture() -> None:
    svg = drawing()
    limit = next(e for e in svg.iter("line") if e.attrib["class"] == "plot-limit")
    assert at(limit, "x1") == pytest.approx(LEFT + (RIGHT - LEFT) / 4)
    assert [e.text for e in svg.iter("text") if e.attrib["class"] == "plot-tick"] == [
        "0", "5", "10"]
    assert not list(drawing(axis=Axis(0.0, 1.0, [])).iter("line"))


def test_what_lies_outside_the_axis_is_drawn_at_its_edge_and_an_empty_axis_is_no_fault() -> None:
    wild = [Band("x", -5.0, 20.0, 1e9, [-1e9], "?")]
    for axis in (AXIS, Axis(3.0, 3.0, [])):
        for circle in drawing(bands=wild, axis=axis).iter("circle"):
            assert LEFT <= at(circle, "cx") <= RIGHT


def test_texts_are_only_ever_text_and_colours_are_the_style_sheet_s() -> None:
    hostile = '"><script>alert(1)</script>'
    drawn = draw(hostile, hostile, hostile, [Band(hostile, 1, 2, 3, [], hostile)],
                 Axis(0.0, 4.0, [(1.0, hostile)]))
    assert "<script" not in drawn
    assert not re.search(r"style=|fill=|stroke=|\son\w+=", drawn.replace("&#34;", ""))


@pytest.mark.parametrize(("least", "most", "ticks"), [
    (0, 1, [0, 0.25, 0.5, 0.75, 1]), (0, 30, [0, 10, 20, 30]), (0, 0.045, [0, 0.02, 0.04]),
    (0, 7, [0, 2, 4, 6]), (5, 5, [5]), (0, 1000, [0, 250, 500, 750, 1000])])
def test_ticks_are_round_values_from_end_to_end(least: float, most: float,
                                                ticks: list[float]) -> None:
    assert even_ticks(least, most) == pytest.approx(ticks)
