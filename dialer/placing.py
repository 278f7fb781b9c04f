"""Asks the pacing how many calls to place for each campaign, and keeps what it said and why."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from dialer.floor import Day, Floor, Running, picture, read_floor
from dialer.learning import Learned
from dialer.pacing import Pacer, Picture, Terms
from followup.campaigns.decisions import PacingDecision, Reason, forget_old
from followup.campaigns.house import House
from followup.campaigns.models import CampaignMode
from followup.campaigns.rules import WithoutAgents
from followup.settings import DialerSettings

PATIENCE_S = 2.0               # who needs a person at once is lost after so long
TRIM = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be placed, whatever the pacing would like."""

    free: int                  # lines
    allowance: int             # calls that the hourly cap leaves
    burst: int                 # calls at once


@dataclass(frozen=True, slots=True)
class Decision:
    """How many calls of a campaign to place now, and why no more."""

    wanted: int
    reason: Reason
    inputs: dict[str, Any]


def decide(campaign: Running, pacer: Pacer, seen: Picture, limits: Limits) -> Decision:
    """Pure. ``wanted`` is within the limits."""
    needing, freed = pacer.outlook(seen) if seen.agents else (0.0, 0.0)
    inputs = {"agents": seen.agents, "idle": seen.idle, "soon_free": round(freed, 2),
              "in_flight": seen.undecided, "ringing": len(seen.ringing),
              "asking": len(seen.asking), "waiting": len(seen.waiting),
              "expected": round(needing, 2), "needed": seen.needed, "lost": seen.lost,
              "budget": seen.budget, "lines_free": limits.free}
    most = max(0, min(limits.free, limits.allowance, limits.burst))
    wanted, reason = _wanted(campaign, pacer, seen)
    if most == 0 and reason not in (Reason.BY_HAND, Reason.NO_AGENT):
        reason = Reason.LINES_FULL if limits.free <= 0 else Reason.HOURLY_CAP
    return Decision(min(wanted, most), reason, inputs)


def _wanted(campaign: Running, pacer: Pacer, seen: Picture) -> tuple[int, Reason]:
    if campaign.mode is CampaignMode.PREVIEW:
        return len(campaign.asked), Reason.BY_HAND
    if not seen.agents:
        # nobody to take a call: a questionnaire's findings are alerts, to be called back
        goes_on = campaign.mode is CampaignMode.IVR and \
            campaign.rules.without_agents is WithoutAgents.ALERT
        return (seen.lines_free, Reason.ALERTS_ONLY) if goes_on else (0, Reason.NO_AGENT)
    if campaign.mode is CampaignMode.PROGRESSIVE:
        return (seen.safe, Reason.ONE_EACH) if seen.safe else (0, Reason.AGENTS_BUSY)
    wanted = pacer.place(seen)
    if seen.lines_free and pacer.spent:
        return wanted, Reason.BUDGET_SPENT
    return wanted, Reason.AHEAD if wanted else Reason.AGENTS_BUSY


class Placing:
    """One for an engine. Holds nothing that another leader could not read from the database."""

    def __init__(self, dialer: DialerSettings, house: House) -> None:
        self._dialer = dialer
        self._house = house
        self.learned = Learned(dialer.wrap_up_s)
        self._pacers: dict[uuid.UUID, tuple[tuple[str, ...], Terms, Pacer]] = {}
        self._said: dict[uuid.UUID, Reason] = {}
        self._trim_at: datetime | None = None

    async def look(self, session: AsyncSession, moment: datetime) -> Floor:
        """The floor now; learns what has ended meanwhile."""
        day = self.day(moment)
        self.learned.offset = day.offset
        await self.learned.catch_up(session, moment)
        midnight = moment.astimezone(self._house.zone).replace(
            hour=0, minute=0, second=0, microsecond=0)
        return await read_floor(session, moment, midnight)

    def day(self, moment: datetime) -> Day:
        """Today's hours, as the house has them: patients elsewhere and campaigns may differ."""
        local = moment.astimezone(self._house.zone)
        offset = local.utcoffset()
        seconds = offset.total_seconds() if offset else 0.0

        def at(clock: Any) -> float:
            return datetime.combine(local.date(), clock, self._house.zone).timestamp() + seconds
        return Day(at(self._house.start), at(self._house.end), seconds)

    def decide(self, floor: Floor, campaign: Running, limits: Limits) -> Decision:
        """How many calls of this campaign to place now."""
        seen = picture(floor, campaign, self.day(floor.at), free=max(0, limits.free),
                       budget=self._budget(campaign))
        return decide(campaign, self._pacer(campaign), seen, limits)

    def _budget(self, campaign: Running) -> float:
        own = campaign.rules.abandon_budget
        return self._dialer.lost_budget if own is None else own

    async def keep(self, sessions: Callable[[], Any], floor: Floor, campaign: Running,
                   decision: Decision, placed: int) -> None:
        """Keep a decision of consequence: calls were placed, or the reason is another."""
        if not placed and self._said.get(campaign.id) is decision.reason:
            return
        self._said[campaign.id] = decision.reason
        async with sessions() as session:
            session.add(PacingDecision(
                id=uuid.uuid4(), at=floor.at, campaign_id=campaign.id, reason=decision.reason,
                wanted=decision.wanted, placed=placed, inputs=decision.inputs))
            if self._trim_at is None or floor.at >= self._trim_at:
                self._trim_at = floor.at + TRIM
                await forget_old(session, floor.at)

    def _pacer(self, campaign: Running) -> Pacer:
        ivr = campaign.mode is CampaignMode.IVR
        terms = Terms(PATIENCE_S, campaign.items if ivr else 0,
                      float(campaign.rules.hold(self._dialer.hold_max_s)))
        path = self.learned.path(str(campaign.id))
        known = self._pacers.get(campaign.id)
        if known is None or known[:2] != (path, terms):
            pacer = Pacer(terms, self.learned.knowledge, path)
            for needed, lost in self.learned.days.get(str(campaign.id), ()):
                pacer.remember(needed, lost, self._budget(campaign))
            known = self._pacers[campaign.id] = (path, terms, pacer)
        return known[2]
