"""``aftercall bench recordings``: from a click to the first sound, a minute in which many calls
end, and finding some among many. What each figure means is told in bench/README.md.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bench.recordings.beside import measure_beside
from bench.recordings.keeping import measure_keeping
from bench.recordings.playing import measure_playing
from bench.recordings.stage import Stage
from bench.spotchecks import measure as measure_sampling

Say = Callable[[str], None]
GOAL_MS = 300


@dataclass(frozen=True)
class Plan:
    """How long and how far."""

    clicks: int = 60                 # of each kind
    long_s: int = 600                # the recording that is clicked on
    calls: int = 200                 # that end, in ``minute_s``
    minute_s: float = 60.0
    talk_s: int = 120
    live: int = 100                  # calls beside them
    plays: int = 100                 # of the server's part alone
    found: int = 100_000             # recorded calls of which some are drawn


FULL = Plan()
QUICK = Plan(clicks=6, calls=12, minute_s=6.0, talk_s=30, live=10, plays=10, found=5_000)


async def measure_recordings(stage: Stage, plan: Plan, say: Say = lambda _: None,
                             ) -> dict[str, Any]:
    """The whole benchmark; what fails is told in ``errors``, its figures are null."""
    result: dict[str, Any] = {"goal_ms": GOAL_MS, "cores": os.cpu_count(),
                              "load_before": os.getloadavg()}
    errors: list[str] = []

    async def part(name: str, work: Callable[[], Awaitable[Any]]) -> None:
        say(f"recordings: {name}")
        try:
            result[name] = await work()
        except Exception as error:  # noqa: BLE001 - the other parts are measured all the same
            errors.append(f"{name}: {type(error).__name__}: {error}")
            result[name] = None

    async def keeping() -> Any:
        async with stage.database("keeping") as database:
            return await measure_keeping(database, plan.calls, plan.talk_s, plan.long_s,
                                         plan.plays)

    async def sampling() -> Any:
        async with stage.database("finding") as database:
            return await measure_sampling(database, plan.found)

    await part("playing", lambda: measure_playing(stage, plan.clicks, plan.long_s))
    await part("keeping", keeping)
    await part("beside", lambda: measure_beside(stage, plan.live, plan.calls, plan.minute_s,
                                                plan.talk_s))
    await part("sampling", sampling)
    return {**result, "load_after": os.getloadavg(), "errors": errors}
