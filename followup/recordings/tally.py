"""How many recordings are kept of each campaign, outcome and day, in counts that the database
keeps, so that no page counts a million.

As with ``followup.campaigns.tally``: triggers add a row for each change, what is counted is the
sum, and ``gather`` makes few rows of many.
"""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import BigInteger, Date, ForeignKey, Identity, String, cast, func, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from followup.calls.models import Recording
from followup.database.base import Base

MANY = 20                        # rows of one count from which they are gathered
DAY = cast(func.timezone("UTC", Recording.created_at), Date)     # a recording's day

# everything counted anew
RECOUNT = (
    "DELETE FROM recording_tally",
    """INSERT INTO recording_tally (campaign_id, disposition, day, n)
       SELECT r.campaign_id, a.disposition, (r.created_at AT TIME ZONE 'UTC')::date, count(*)
       FROM recording r JOIN attempt a ON a.id = r.attempt_id WHERE r.state = 'sealed'
       GROUP BY 1, 2, 3""",
)


class RecordingTally(Base):
    """A change of the number of sealed recordings, or what many have come to."""

    __tablename__ = "recording_tally"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaign.id"))
    disposition: Mapped[str | None] = mapped_column(String(32))      # a Disposition
    day: Mapped[date]                    # UTC, on which the recording began
    n: Mapped[int]


async def gather(session: AsyncSession) -> None:
    """Make one row of each count that has many; any number may do it at once."""
    await session.execute(text("""
        WITH many AS (SELECT campaign_id, disposition, day FROM recording_tally
                      GROUP BY 1, 2, 3 HAVING count(*) > :many),
             here AS (SELECT t.id FROM recording_tally t
                      JOIN many m ON m.campaign_id = t.campaign_id AND m.day = t.day
                      AND m.disposition IS NOT DISTINCT FROM t.disposition
                      FOR UPDATE OF t SKIP LOCKED),
             gone AS (DELETE FROM recording_tally WHERE id IN (SELECT id FROM here)
                      RETURNING campaign_id, disposition, day, n)
        INSERT INTO recording_tally (campaign_id, disposition, day, n)
        SELECT campaign_id, disposition, day, sum(n) FROM gone
        GROUP BY 1, 2, 3 HAVING sum(n) <> 0"""), {"many": MANY})
