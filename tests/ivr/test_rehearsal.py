"""A conversation in the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aftercall.cli import app
from ivr.rehearsal import Rehearsal
from tests.ivr.conversation.driver import CONTEXT, SAMPLE

TRY = ["try", "post-discharge"]


def play(*lines: str, agents: bool = False) -> tuple[Rehearsal, list[str]]:
    rehearsal = Rehearsal(SAMPLE, CONTEXT, agents)
    said = list(rehearsal.start())
    for line in lines:
        said += rehearsal.type(line)
    return rehearsal, said


def test_keys_words_and_silence_lead_through_the_questionnaire() -> None:
    rehearsal, said = play("1", "挺好的", "36*8#", "", "2#", "按时吃了", "没有", "1", "知道",
                           "伤口能碰水吗")
    assert rehearsal.report()["outcome"] == "completed"
    assert rehearsal.report()["answers"]["feeling"] == {
        "value": {"valueCoding": {"system": "urn:aftercall:post-discharge", "code": "good",
                                  "display": "很好"}}, "heard": "挺好的", "given_by": "voice"}
    assert "= breathlessness: 否" in said
    assert said[0] == "您好，这里是和安医院。"
    assert "(beep: a message is recorded)" in said


def test_a_critical_answer_brings_an_agent_or_leaves_a_call_back() -> None:
    lines = ("1", "1", "36*8#", "2#", "1", "1")
    rehearsal, said = play(*lines, agents=True)
    assert rehearsal.report()["outcome"] == "escalated"
    assert "(an agent has the call)" in said
    assert rehearsal.report()["findings"] == {"breathlessness": "critical"}
    assert play(*lines)[0].report()["outcome"] == "callback_alert"


def test_hanging_up_ends_it() -> None:
    rehearsal, said = play("1", "/hangup", "1")
    assert rehearsal.report()["outcome"] == "partial"
    assert said[-1] != "= feeling: 很好"


def test_a_script_of_lines_gives_json_and_nothing_else(tmp_path: Path) -> None:
    script = tmp_path / "patient.txt"
    script.write_bytes(b"\xef\xbb\xbf8\r\n1\r\nso so\r\n39#\r\n")      # as Windows has it
    done = CliRunner().invoke(app, [*TRY, "--json", "--script", str(script)])
    report = json.loads(done.stdout)
    assert done.exit_code == 0
    assert (report["language"], report["outcome"]) == ("en", "partial")
    assert report["findings"] == {"temperature": "abnormal"}
    assert report["answers"]["feeling"]["heard"] == "so so"


@pytest.mark.parametrize("arguments", [["try", "nothing-of-that-name"],
                                       [*TRY, "--script", "no-such-file"]])
def test_what_is_not_there_is_named_with_what_was_expected(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code != 0
    assert "expected" in str(done.exception) or "cannot be read" in str(done.exception)
    assert not done.stdout                   # nothing was begun


def test_at_the_terminal_it_asks_line_by_line_and_sums_up() -> None:
    done = CliRunner().invoke(app, [*TRY, "--lang", "en"], input="1\nwell\n/hangup\n")
    assert done.exit_code == 0
    assert "partial" in done.output and "feeling" in done.output
