"""What the pacing decided in the last minutes, and from what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.campaigns.decisions import PacingDecision, Reason
from followup.campaigns.models import Campaign
from followup.database.base import now

SPAN = timedelta(minutes=15)
MOST = 60                    # decisions shown


@dataclass(frozen=True, slots=True)
class Told:
    """A decision, with the numbers that its words name."""

    at: datetime
    campaign: str
    reason: Reason
    placed: int
    numbers: Mapping[str, str]


async def recent_decisions(session: AsyncSession) -> list[Told]:
    """Of the last minutes, the newest first."""
    rows = await session.execute(
        select(PacingDecision, Campaign.name)
        .join(Campaign, Campaign.id == PacingDecision.campaign_id)
        .where(PacingDecision.at > now() - SPAN)
        .order_by(PacingDecision.at.desc(), PacingDecision.id).limit(MOST))
    return [Told(one.at, name, one.reason, one.placed, numbers_of(one.inputs))
            for one, name in rows]


def numbers_of(inputs: Mapping[str, Any]) -> dict[str, str]:
    """The numbers as people read them; what is missing is 0."""
    def plain(name: str) -> str:
        return f"{float(inputs.get(name) or 0):.0f}"

    def fine(name: str) -> str:
        return f"{float(inputs.get(name) or 0):.1f}"

    needed, lost = int(inputs.get("needed") or 0), int(inputs.get("lost") or 0)
    return {**{name: plain(name) for name in ("agents", "idle", "in_flight", "ringing", "asking",
                                              "waiting", "needed", "lost", "lines_free")},
            "soon_free": fine("soon_free"), "expected": fine("expected"),
            "budget": f"{100 * float(inputs.get('budget') or 0):.1f}",
            "spent": f"{100 * lost / needed:.1f}" if needed else "0.0"}
