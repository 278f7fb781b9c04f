"""Scenario files are checked at the edge."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialer.simulator.scenario import load_scenario
from followup.errors import InvalidInput

GOOD = 'name = "a"\nagents = 4\nlines = 30\nanswer_probability = 0.4\nhandle_mean_s = 90\n'


def test_what_is_left_out_is_the_reference_model(tmp_path: Path) -> None:
    path = tmp_path / "good.toml"
    path.write_text(GOOD, "utf-8")
    scenario = load_scenario(path)
    assert (scenario.patience_s, scenario.ring_cut_s, scenario.hours) == (2.0, 27.5, 8.0)


@pytest.mark.parametrize(("text", "field"), [
    (GOOD + "agent = 3\n", "agent"), (GOOD.replace("agents = 4", "agents = 0"), "agents"),
    (GOOD.replace("handle_mean_s = 90\n", ""), "handle_mean_s"),
    (GOOD + 'mode = "preview"\n', "mode"), (GOOD + "budget = 3\n", "budget"),
    (GOOD.replace("0.4", "nan"), "answer_probability"), (GOOD + "ringout_s = 10\n", "ringout_s"),
    ("not toml", "scenario")])
def test_a_fault_names_its_field(text: str, field: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(InvalidInput, match=field) as raised:
        load_scenario(path)
    assert "expected" in raised.value.message


def test_json_does_as_well(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"name": "a", "agents": 1, "lines": 2, "answer_probability": 0.5, '
                    '"handle_mean_s": 30}', "utf-8")
    assert load_scenario(path).agents == 1


def test_there_is_an_error_when_there_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="scenario"):
        load_scenario(tmp_path / "none.toml")
