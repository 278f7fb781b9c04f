"""No phone number reaches a log, in whatever form; what is needed to find a call does."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from hypothesis import assume, given
from hypothesis import strategies as st

from followup.log import configure, get_logger, mask_phone, mask_text

Log = Callable[[], str]
MOBILE = "13800138000"
FORMS = [MOBILE, f"+86{MOBILE}", f"0086{MOBILE}", "138 0013 8000", "138-0013-8000",
         "138.0013.8000", "+86 138 0013 8000", "(+86) 138-0013-8000", "１３８００１３８０００",
         "＋８６１３８００１３８０００", "138–0013–8000", "138\u00a00013\u00a08000"]
AROUND = ["{}", "dialling {} now", "sip:{}@10.0.0.1", "PJSIP/{}-00000012", "tel:{};ext=1", "x{}y",
          "call_{}_end", "{}.wav", "/spool/{}-in.wav", "号码{}无人接听", "<{}>", "n={},", '"{}"',
          "{}\r\n", "86-{}-00000012", "id 7 {} 3"]


def digits(text: str) -> str:
    return "".join(str(int(char)) for char in text if char.isdigit())


@pytest.fixture(params=["json", "text"])
def written(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    """Logging configured to a buffer; gives what was written so far."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    buffer = io.StringIO()
    monkeypatch.setattr(sys, "stderr", buffer)
    configure("debug", request.param)
    yield buffer.getvalue
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("form", FORMS)
def test_a_number_in_a_text_is_masked(form: str, around: str) -> None:
    masked = mask_text(around.format(form))
    assert MOBILE not in digits(masked)
    assert "*" in masked
    before = around.split("{}")[0]
    assert masked.startswith(re.split(r"[\d(+]", before)[0])


@pytest.mark.parametrize("log", [
    lambda: get_logger("t").info(f"calling {MOBILE}"),
    lambda: get_logger("t").info("calling %s", MOBILE),
    lambda: get_logger("t").info("calling", to=f"+86{MOBILE}"),
    lambda: get_logger("t").info("calling", phone=int(MOBILE)),
    lambda: get_logger("t").info("calling", to=int(MOBILE)),
    lambda: get_logger("t").info("calling", number="138001"),
    lambda: get_logger("t").info("calling", event_data={"headers": [{"CallerIDNum": MOBILE}]}),
    lambda: get_logger("t").info("calling", by_number={MOBILE: 1}),
    lambda: get_logger("t").info("calling", raw=f"Exten: {MOBILE}\r\n".encode()),
    lambda: get_logger("t").info("calling", error=ValueError(MOBILE)),
    lambda: get_logger("t").info("calling", tried=(MOBILE, {f"+86{MOBILE}"})),
    lambda: get_logger("t").info("calling", thing=type("T", (), {"__str__": lambda _: MOBILE})()),
    lambda: get_logger("t").info("calling", stack_info=True, to=MOBILE),
    lambda: logging.getLogger("lib").warning("calling %s", MOBILE),
    lambda: logging.getLogger("lib").warning("calling %(to)s", {"to": MOBILE}),
    lambda: structlog.contextvars.bind_contextvars(callee=MOBILE) and get_logger("t").info("x"),
], ids=range(16))
def test_no_way_of_logging_lets_a_number_through(written: Log, log: Callable[[], Any]) -> None:
    try:
        log()
    finally:
        structlog.contextvars.clear_contextvars()
    assert written()
    assert MOBILE not in written()
    assert "138001" not in written()


def _fail(token: str) -> None:
    raise ValueError(f"cannot call {MOBILE}, {len(token)}")


@pytest.mark.parametrize("library", [True, False])
def test_a_traceback_is_masked_and_shows_no_variables(written: Log, library: bool) -> None:
    logger = logging.getLogger("lib") if library else get_logger("t")
    secret = "".join(("s3cret", "-in-a-", "variable"))
    try:
        _fail(secret)
    except ValueError:
        logger.exception("failed")
    assert "ValueError: cannot call" in written()
    assert MOBILE not in written()
    assert secret not in written()


def test_a_call_can_be_found_in_the_log(written: Log) -> None:
    attempt = str(uuid.uuid4())
    with structlog.contextvars.bound_contextvars(attempt_id=attempt, call_id="1732412345.17"):
        get_logger("t").info("answered", channel="PJSIP/trunk-0000001f", duration_ms=123456,
                             at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC), ring_s=12.345678901)
    for kept in (attempt, "1732412345.17", "PJSIP/trunk-0000001f", "123456", "2026-11-20 09:30",
                 "12.345678901"):
        assert kept in written()


def test_a_line_that_cannot_be_formatted_is_told_of_without_its_arguments(
        capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure("info", "json")
        logging.getLogger("lib").warning("calling %d", MOBILE)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
    told = capsys.readouterr().err
    assert "log line lost: lib" in told
    assert MOBILE not in told


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure("info", "json")
        logging.getLogger("lib").info("one\ntwo")
        line, = capsys.readouterr().err.splitlines()
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
    assert json.loads(line)["event"] == "one\ntwo"
    assert json.loads(line)["logger"] == "lib"


@given(st.uuids(), st.sampled_from(["{}", "aftercall-{}", "attempt {} ended", "/spool/{}.wav"]))
def test_uuids_survive(value: uuid.UUID, around: str) -> None:
    assert mask_text(around.format(value)) == around.format(value)


MOMENTS = st.datetimes().map(lambda at: at.replace(year=1990 + at.year % 100, day=at.day % 28 + 1))


@given(MOMENTS, st.floats(0, 1e9), st.ip_addresses(v=4), st.integers(0, 9_999_999))
def test_moments_durations_addresses_and_counts_survive(
        moment: datetime, seconds: float, address: Any, count: int) -> None:
    assume("e" not in repr(seconds))
    for text in (moment.isoformat(), str(moment), moment.date().isoformat(), f"{seconds} s",
                 f"from {address}:5060", f"{count} rows", f"{int(seconds)}.{count}"):
        assert mask_text(text) == text


@pytest.mark.parametrize("kept", [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "Asterisk 22.10.1",
    "1732412345.17", "PJSIP/agent-1001-00000012", "PJSIP/trunk-00000012;1", "200 100 30 5",
    "Q.850 cause 16", "0.2-0.4 ms", "08:00-21:00",
])
def test_what_is_no_phone_number_stays_readable(kept: str) -> None:
    assert mask_text(kept) == kept


NATIONAL = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True) | st.from_regex(
    r"0[1-9][0-9]{9,10}", fullmatch=True)


@given(NATIONAL, st.sampled_from(["", "+86", "0086", "86 ", "+86-", "(+86)"]),
       st.sampled_from(["", " ", "-", ".", "–"]), st.sampled_from(AROUND))
def test_any_number_in_any_form_is_masked(number: str, code: str, between: str,
                                          around: str) -> None:
    form = code + between.join((number[:3], number[3:7], number[7:]))
    assert number not in digits(mask_text(around.format(form)))


@given(st.from_regex(r"\+[1-9][0-9]{7,14}", fullmatch=True))
def test_a_masked_number_keeps_its_length_and_its_end(number: str) -> None:
    masked = mask_phone(number)
    assert len(masked) == len(number)
    assert masked[-4:] == number[-4:]
    assert masked.count("*") == len(number) - 7
