"""The file of personas: readable, checked, and nothing in it can leave its line of dialplan."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followup.calls.models import Disposition
from followup.errors import InvalidInput
from simgateway.personas import (
    Persona,
    Press,
    Sip,
    When,
    load_personas,
    parse_step,
    persona_code,
)
from simgateway.story import story

MINIMAL = '''
[[persona]]
code = "50"
name = "one"
title = { zh = "一", en = "One" }
steps = ["press 1"]
expect = { disposition = "partial" }
'''


def load(tmp_path: Path, text: str) -> tuple[Persona, ...]:
    file = tmp_path / "personas.toml"
    file.write_text(text, "utf-8")
    return load_personas(file)


def test_the_shipped_personas_cover_what_a_hospital_meets() -> None:
    personas = load_personas()
    came_to = {persona.expect.disposition for persona in personas}
    assert came_to >= {Disposition.COMPLETED, Disposition.ESCALATED, Disposition.PARTIAL,
                       Disposition.BUSY, Disposition.NO_ANSWER, Disposition.NO_INPUT,
                       Disposition.CALL_BACK, Disposition.WRONG_PERSON, Disposition.REJECTED,
                       Disposition.CONGESTION, Disposition.INVALID_NUMBER}
    assert {persona.sip for persona in personas} == set(Sip)
    assert any(persona.language == "en" for persona in personas)
    assert {severity for persona in personas for severity in persona.expect.findings.values()} \
        == {"abnormal", "critical"}


@given(st.sampled_from(load_personas()), st.integers(0, 99))
def test_a_number_leads_back_to_its_persona(persona: Persona, index: int) -> None:
    number = persona.number(index)
    assert re.fullmatch(r"1380013\d{4}", number)
    assert persona_code(number) == persona_code(f"+86{number}") == persona.code


@pytest.mark.parametrize("number", ["13900130100", "138001301000", "1380013010", "", "agent-8001",
                                    "+8513800130100", "１３８００１３０１００"])
def test_other_numbers_are_nobodys(number: str) -> None:
    assert persona_code(number) is None


def test_steps_read_as_they_are_written() -> None:
    assert parse_step("press 36*5#") == Press("36*5#", When.HEARD)
    assert parse_step("press 1 early") == Press("1", When.EARLY)
    assert parse_step("press # at once") == Press("#", When.AT_ONCE)


@pytest.mark.parametrize("step", ["press", "press 1,2", "press 1)", "press 1 later", "say tone",
                                  "say hello", "wait -1", "wait 1e9", "hang  up", "", 5, None,
                                  "press 1\nexten => x,1,System(id)", "press ١"])
def test_a_step_that_is_none_is_refused(step: object) -> None:
    with pytest.raises(ValueError, match="expected press KEYS"):
        parse_step(step)


@given(st.one_of(st.text(max_size=30), st.text("0123456789*#", max_size=18).map("press {}".format),
                 st.text(max_size=5).map("press 1{}".format)))
def test_no_step_leaves_its_line_of_dialplan(line: str) -> None:
    try:
        step = parse_step(line)
    except ValueError:
        return
    persona = load_personas()[0].model_copy(update={"steps": (step,)})
    for application in story(persona, Path("/sounds")):
        assert re.fullmatch(r"[A-Za-z]+\([0-9*#.,/]*\)", application)


@pytest.mark.parametrize(("change", "field", "reason"), [
    (('"50"', '"5"'), "persona.0.code", "pattern"),
    (('"one"', '"one]"'), "persona.0.name", "pattern"),
    (('"press 1"', '"shout 1"'), "persona.0.steps.0", "expected press KEYS"),
    (('"partial"', '"splendid"'), "persona.0.expect.disposition", "partial"),
    (('steps', 'stops'), "persona.0.stops", "Extra inputs"),
    (('steps', 'sip = "busy"\nsteps'), "persona.0", "expected none, as sip is busy"),
    (('[[persona]]', 'x = 1\n[[persona]]'), "x", "Extra inputs"),
    ((MINIMAL, MINIMAL * 2), "persona", "code: expected each once, found 50 twice"),
    ((MINIMAL, ""), "persona", "Field required"),
    ((MINIMAL, "[["), "file", "personas.toml"),
])
def test_a_wrong_file_is_told_by_field_and_reason(
        tmp_path: Path, change: tuple[str, str], field: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(reason)) as caught:
        load(tmp_path, MINIMAL.replace(*change))
    assert caught.value.field == field


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"nowhere\.toml"):
        load_personas(tmp_path / "nowhere.toml")


def test_who_refuses_never_answers() -> None:
    for persona in load_personas():
        told = list(story(persona, Path("/sounds")))
        assert ("Answer()" in told) == (persona.sip is Sip.ANSWERS)
