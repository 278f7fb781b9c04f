"""A forecast within a bounded time: days are simulated by child processes until time is up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from dialer.simulator.history import scenario_from
from dialer.simulator.outlook import BAND, quantile
from dialer.simulator.scenario import Scenario, scenario_of
from followup.campaigns.holidays import holidays_from
from followup.campaigns.house import House
from followup.campaigns.models import CampaignMode
from followup.campaigns.rules import CampaignRules
from followup.database.base import now
from followup.errors import InvalidInput
from followup.log import get_logger
from followup.settings import Settings
from followup.views.telephone import telephone_history

DAYS = 20                        # simulated at most
ENOUGH = 4                       # fewer tell nothing
PATIENCE_S = 25.0                # for all of them
BACK = timedelta(days=14)        # how much of the past is looked at
ONE_EACH = 1e-4                  # a budget so small that each call has an agent to spare
# of telephones and nurses before anything is known of them
USUAL = {"answer_probability": 0.4, "ivr_mean_s": 75.0, "escalation_share": 0.12}
USUAL_TALK_S = 120.0

log = get_logger(__name__)
_MODES = {CampaignMode.IVR: "ivr_first", CampaignMode.PREDICTIVE: "predictive",
          CampaignMode.PROGRESSIVE: "predictive"}


@dataclass(frozen=True)
class Plan:
    """What is to be simulated: a first round of ``calls``, one a patient, from ``opens`` on."""

    scenario: Scenario
    calls: int
    opens: datetime              # local
    budget: float                # as the rules have it
    recorded: bool               # chances and times are those of the last days

    def with_agents(self, agents: int) -> Plan:
        """The same with so many on duty."""
        return replace(self, scenario=self.scenario.model_copy(update={"agents": agents}))


@dataclass(frozen=True)
class Run:
    """Simulated days of one variant, each figure by its name as ``dialer.simulator.outlook``."""

    agents: int
    days: Sequence[dict[str, float]]

    def values(self, name: str) -> list[float]:
        """A figure of each day."""
        return [day[name] for day in self.days]

    def band(self, name: str) -> tuple[float, float, float]:
        """5%, 50% and 95% of the days."""
        low, middle, high = (quantile(self.values(name), share) for share in BAND)
        return low, middle, high


async def plan_ahead(session: AsyncSession, settings: Settings, *, mode: CampaignMode,
                     rules: CampaignRules, items: int, calls: int, agents: int) -> Plan | None:
    """What to simulate; None: by these rules no call is ever allowed.

    Chances and times are those of the last days, or what is usual where too few calls have ended.
    """
    moment = now()
    hours = opening(settings, rules, await holidays_from(session, moment), moment)
    if hours is None:
        return None
    opens, closes = hours
    try:
        base = scenario_from(await telephone_history(session, moment - BACK),
                             settings).model_dump()
        recorded = True
    except InvalidInput:                     # too little has happened yet
        base = {**USUAL, "handle_mean_s": USUAL_TALK_S + settings.dialer.wrap_up_s}
        recorded = False
    budget = settings.dialer.lost_budget if rules.abandon_budget is None else rules.abandon_budget
    scenario = scenario_of({
        **base, "name": "forecast", "mode": _MODES[mode], "agents": agents,
        "lines": settings.trunk.channels, "hours": (closes - opens).total_seconds() / 3600,
        "items": min(100, max(1, items)),
        "budget": ONE_EACH if mode is CampaignMode.PROGRESSIVE else budget})
    return Plan(scenario, calls, opens, budget, recorded)


def opening(settings: Settings, rules: CampaignRules, holidays: dict[date, bool] | Any,
            moment: datetime) -> tuple[datetime, datetime] | None:
    """From when to when calls are placed next, by the hospital's clock; None: never. Pure."""
    house = House.of(settings.dialer)
    hours = house.hours(rules, (), holidays)
    found = hours.next_allowed(moment)
    if found is None:
        return None
    zone: ZoneInfo = house.zone
    opens = found.astimezone(zone)
    return opens, datetime.combine(opens.date(), hours.end, zone)


async def look(plan: Plan, others: Sequence[int]) -> list[Run]:
    """Simulate it with its agents, and with so many others; each with fewer days, or none, when
    time is up."""
    variants = [plan, *(plan.with_agents(agents) for agents in others)]
    days = await asyncio.gather(*(_simulate(each) for each in variants))
    return [Run(each.scenario.agents, found) for each, found in zip(variants, days, strict=True)]


async def _simulate(plan: Plan) -> list[dict[str, float]]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "webconsole.forecast.child",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    days: list[dict[str, float]] = []
    try:
        async with asyncio.timeout(PATIENCE_S):
            await _ask(child, plan)
            assert child.stdout is not None
            async for line in child.stdout:
                days.append(json.loads(line))
            await child.wait()
    except TimeoutError:
        log.info("a forecast has come to the end of its time", days=len(days))
    finally:
        with contextlib.suppress(ProcessLookupError):
            if child.returncode is None:
                child.kill()
        await child.wait()
    return days


async def _ask(child: asyncio.subprocess.Process, plan: Plan) -> None:
    assert child.stdin is not None
    child.stdin.write(json.dumps({"scenario": plan.scenario.model_dump(), "calls": plan.calls,
                                  "days": DAYS}).encode())
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        await child.stdin.drain()
    child.stdin.close()
