"""The frame of checks: all run at once, every one gives a result, none can stop the others."""

from __future__ import annotations

import asyncio
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from aftercall.doctor import Result, Status, as_json, as_table, exit_code, settings_fault
from aftercall.doctor.clock import compared
from aftercall.doctor.result import Check, fail, ok, run_checks, warn
from followup.errors import SettingsError, Unavailable


async def test_checks_run_side_by_side_and_keep_their_order() -> None:
    first_waits = asyncio.Event()

    async def first() -> Result:
        await first_waits.wait()        # the second must run meanwhile
        return ok("first", "fine")

    async def second() -> Result:
        first_waits.set()
        return ok("second", "fine")

    results = await run_checks([Check("first", first), Check("second", second)], 5)
    assert [result.name for result in results] == ["first", "second"]


async def test_a_check_that_hangs_fails_by_itself() -> None:
    async def hangs() -> Result:
        await asyncio.Event().wait()
        raise AssertionError

    async def fine() -> Result:
        return ok("fine", "x")

    hung, good = await run_checks([Check("hangs", hangs, "do this"), Check("fine", fine)], 0.05)
    assert (hung.status, hung.what_to_do) == (Status.FAIL, "do this")
    assert "0.05 s" in hung.seen
    assert good.status is Status.OK


@pytest.mark.parametrize(("error", "seen"), [
    (Unavailable("the database does not answer"), "the database does not answer"),
    (PermissionError(13, "Permission denied"), "Permission denied"),
    (RuntimeError("with secret text"), "the check itself broke: RuntimeError"),
])
async def test_a_check_that_raises_is_a_failure(error: Exception, seen: str) -> None:
    async def breaks() -> Result:
        raise error

    (result,) = await run_checks([Check("part", breaks)], 5)
    assert (result.status, result.seen) == (Status.FAIL, seen)


def test_only_failures_make_the_exit_code_1() -> None:
    good, odd, bad = ok("a", ""), warn("b", "", "look"), fail("c", "", "mend")
    assert exit_code([good, odd]) == 0
    assert exit_code([good, bad, odd]) == 1
    assert exit_code([settings_fault(SettingsError("trunk.channels = 0: …"))]) == 1


def test_the_json_is_one_object_with_every_result() -> None:
    told = json.loads(as_json([ok("数据库", "PostgreSQL 18"), fail("b", "gone", "start it")]))
    assert told["ok"] is False
    assert told["results"][0] == {"name": "数据库", "status": "ok", "seen": "PostgreSQL 18",
                                  "what_to_do": ""}
    assert told["results"][1]["what_to_do"] == "start it"


def test_the_table_shows_what_was_seen_as_it_is() -> None:
    out = io.StringIO()
    Console(file=out, width=120).print(as_table([fail("trunk", "[red]10.0.0.1[/red]", "mend it")]))
    assert "[red]10.0.0.1[/red]" in out.getvalue()
    assert "mend it" in out.getvalue()


@pytest.mark.parametrize(("offset_s", "status"), [
    (0, Status.OK), (1.9, Status.OK), (-1.9, Status.OK), (2.1, Status.FAIL), (-2.1, Status.FAIL),
    (3600, Status.FAIL),
])
def test_clocks_may_be_two_seconds_apart(offset_s: float, status: Status) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    result = compared("clock", now + timedelta(seconds=offset_s), now, now)
    assert result.status is status
    if status is Status.FAIL:
        assert ("ahead of" if offset_s > 0 else "behind") in result.seen
        assert "NTP" in result.what_to_do


def test_a_slow_answer_is_not_taken_for_a_wrong_clock() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    slow = now + timedelta(seconds=5)
    assert compared("clock", now + timedelta(seconds=2.5), now, slow).status is Status.OK
