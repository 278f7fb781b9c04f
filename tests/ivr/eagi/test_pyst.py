"""pyst2 behind our edge: each of its known faults, mended."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable, Iterator

import pytest
from asterisk.agi import AGIAppError, AGIError, AGIHangup, AGIInvalidCommand, AGIUsageError

from followup.errors import InvalidInput
from ivr.eagi.pyst import MendedAgi
from tests.fakes.eagi import HEADERS, NUMBER


@pytest.fixture(autouse=True)
def hang_up_signal() -> Iterator[None]:
    """pyst2 takes SIGHUP for itself."""
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


def call(*answers: str) -> tuple[MendedAgi, io.StringIO]:
    """A call in which Asterisk says this; and what is said to it."""
    said = io.StringIO()
    return MendedAgi(io.StringIO(HEADERS + "".join(answers)), said), said


def test_nothing_of_a_call_is_told_to_others(capfd: pytest.CaptureFixture[str]) -> None:
    agi, _ = call("200 result=1\n")
    assert agi.env["agi_callerid"] == NUMBER
    agi.set_variable("CALLERID(num)", NUMBER)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("text", ["a\nHANGUP", "a\r\nHANGUP", "a\0b"])
@pytest.mark.parametrize("how", [
    lambda agi, text: agi.set_variable("NAME", text),
    lambda agi, text: agi.set_variable(text, "value"),
    lambda agi, text: agi.stream_file(text),
    lambda agi, text: agi.appexec("Playback", text),
    lambda agi, text: agi.execute(text),
])
def test_no_second_command_can_be_slipped_in(
        how: Callable[[MendedAgi, str], object], text: str) -> None:
    agi, said = call("200 result=0\n")
    with pytest.raises(InvalidInput, match="line break"):
        how(agi, text)
    assert said.getvalue() == ""


def test_quotes_and_backslashes_stay_within_their_argument() -> None:
    agi, said = call("200 result=1\n", "200 result=0 endpos=0\n")
    agi.set_variable("NAME", 'a" "b\\')
    agi.stream_file('the "first" sound', "#")
    assert said.getvalue() == ('SET VARIABLE "NAME" "a\\" \\"b\\\\"\n'
                               'STREAM FILE "the \\"first\\" sound" "#" 0\n')


def test_a_command_that_asterisk_would_cut_is_refused() -> None:
    agi, said = call("200 result=1\n")
    with pytest.raises(InvalidInput, match="too long"):
        agi.set_variable("NAME", "长" * 700)
    assert said.getvalue() == ""


@pytest.mark.parametrize("answer", ["", "200 res", "HANGUP\n", "HANGUP\n200 result=0",
                                    "511 Command Not Permitted on a dead channel\n"])
def test_the_end_of_a_call_is_a_hang_up(answer: str) -> None:
    agi, _ = call(answer)
    with pytest.raises(AGIHangup):
        agi.execute("NOOP")


@pytest.mark.parametrize("headers", ["", "agi_request: x\nagi_chan"])
def test_a_stream_that_ends_before_the_call_began_is_a_hang_up(headers: str) -> None:
    with pytest.raises(AGIHangup):
        agi = MendedAgi(io.StringIO(headers), io.StringIO())
        agi.execute("NOOP")


def test_hangup_is_no_answer_and_the_next_command_is_not_sent() -> None:
    agi, said = call("HANGUP\n", "200 result=1 (yes)\n")
    assert agi.get_variable("ANSWER") == "yes"
    before = said.getvalue()
    with pytest.raises(AGIHangup):
        agi.execute("NOOP")
    assert said.getvalue() == before


def test_the_signal_that_asterisk_sends_is_a_hang_up() -> None:
    agi, _ = call("200 result=0\n")
    os.kill(os.getpid(), signal.SIGHUP)
    with pytest.raises(AGIHangup):
        agi.execute("NOOP")


def test_trying_is_passed_over() -> None:
    agi, _ = call("100 Trying...\n", "200 result=53 endpos=800\n")
    assert agi.stream_file("hello", "5") == "5"


def test_a_usage_text_is_read_whole_and_the_next_answer_is_its_own() -> None:
    agi, _ = call("520-Invalid command syntax.  Proper usage follows:\n", "200 lines of it\n",
                  "520 End of proper usage.\n", "510 Invalid or unknown command\n",
                  "200 result=-1\n", "what is this\n", "200 result=1 (yes)\n")
    for error in (AGIUsageError, AGIInvalidCommand, AGIAppError, AGIError):
        with pytest.raises(error):
            agi.execute("NOOP")
    assert agi.get_variable("ANSWER") == "yes"
