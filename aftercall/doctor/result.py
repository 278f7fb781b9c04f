"""What a check finds, and how checks are run: side by side, each with a time-out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from followup.errors import AftercallError, SettingsError


class Status(StrEnum):
    """``warn``: works, but somebody should look."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Result:
    """What was seen of one part, and what to do when it is not well."""

    name: str
    status: Status
    seen: str
    what_to_do: str = ""


@dataclass(frozen=True)
class Check:
    """One part to look at. ``run`` may raise: that is a failure, ``what_to_do`` then helps."""

    name: str
    run: Callable[[], Awaitable[Result]]
    what_to_do: str = ""



def ok(name: str, seen: str) -> Result:
    """The part is well."""
    return Result(name, Status.OK, seen)


def warn(name: str, seen: str, what_to_do: str) -> Result:
    """The part works, but somebody should look."""
    return Result(name, Status.WARN, seen, what_to_do)


def fail(name: str, seen: str, what_to_do: str) -> Result:
    """The part does not work."""
    return Result(name, Status.FAIL, seen, what_to_do)


async def run_checks(checks: Iterable[Check], timeout_s: float) -> list[Result]:
    """Run all at once; results in the order of ``checks``, none missing, none raised."""
    return list(await asyncio.gather(*(_run(check, timeout_s) for check in checks)))


async def _run(check: Check, timeout_s: float) -> Result:
    try:
        async with asyncio.timeout(timeout_s):
            return await check.run()
    except TimeoutError:
        return fail(check.name, f"no answer within {timeout_s:g} s", check.what_to_do)
    except AftercallError as error:
        return fail(check.name, error.message, check.what_to_do)
    except OSError as error:
        return fail(check.name, error.strerror or type(error).__name__, check.what_to_do)
    except Exception as error:  # noqa: BLE001 - one broken check must not hide the others
        return fail(check.name, f"the check itself broke: {type(error).__name__}",
                    "report this with the log")


def settings_fault(error: SettingsError) -> Result:
    """The only result there is when the settings do not even load."""
    return fail("settings", error.message, "correct the named values, then run this again")


def exit_code(results: Sequence[Result]) -> int:
    """1 when anything failed, else 0."""
    return int(any(result.status is Status.FAIL for result in results))
