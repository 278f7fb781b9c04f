"""What the pacing decided and why, kept for a day so that people can ask."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from followup.database.base import Base, HasId, choice, now

KEPT = timedelta(hours=24)


class Reason(StrEnum):
    """Why so many calls were placed, and no more."""

    AHEAD = "ahead"                    # so many that an agent is likely to be free in time
    ONE_EACH = "one_each"              # one for each free agent
    ALERTS_ONLY = "alerts_only"        # nobody on duty: what is found becomes an alert
    AGENTS_BUSY = "agents_busy"        # one more would probably find nobody free
    BUDGET_SPENT = "budget_spent"      # too many were lost today: one for each free agent
    NO_AGENT = "no_agent"              # its calls need an agent, and none is on duty
    BY_HAND = "by_hand"                # preview: agents place the calls
    LINES_FULL = "lines_full"
    HOURLY_CAP = "hourly_cap"


class PacingDecision(HasId, Base):
    """One decision for one campaign; ``inputs`` is what it was made from."""

    __tablename__ = "pacing_decision"
    __table_args__ = (Index(None, "at"),)

    at: Mapped[datetime] = mapped_column(default=now)
    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaign.id"))
    reason: Mapped[Reason] = mapped_column(choice(Reason))
    wanted: Mapped[int]
    placed: Mapped[int]
    inputs: Mapped[dict[str, Any]]


async def forget_old(session: AsyncSession, moment: datetime) -> None:
    """Decisions that nobody asks about any more."""
    await session.execute(delete(PacingDecision).where(PacingDecision.at < moment - KEPT))
