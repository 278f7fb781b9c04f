"""How a campaign stands, in counts that the database keeps, so that no page counts a million rows.

Triggers add a row for each change (the migration of this table has them), so that nobody waits
for anybody at a counter; what is counted is the sum. ``gather`` makes few rows of many again.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from followup.database.base import Base
from followup.database.engine import Database
from followup.log import get_logger

log = get_logger(__name__)
Gathering = Callable[[AsyncSession], Awaitable[None]]
MANY = 400                       # rows of one campaign from which they are gathered

# everything counted anew: parts of a key are parted by |
RECOUNT = (
    "DELETE FROM campaign_tally",
    """INSERT INTO campaign_tally (campaign_id, what, n)
       SELECT campaign_id, concat_ws('|', 'task', state, coalesce(disposition, ''), attempts_made),
              count(*) FROM task GROUP BY 1, 2""",
    """INSERT INTO campaign_tally (campaign_id, what, n)
       SELECT t.campaign_id, 'department|' || e.department, count(*)
       FROM task t JOIN encounter e ON e.id = t.encounter_id GROUP BY 1, 2""",
    """INSERT INTO campaign_tally (campaign_id, what, n)
       SELECT campaign_id, 'attempt|' || disposition, count(*) FROM attempt
       WHERE state = 'ended' AND disposition IS NOT NULL GROUP BY 1, 2""",
    """INSERT INTO campaign_tally (campaign_id, what, n)
       SELECT campaign_id, 'answered', count(DISTINCT task_id) FROM attempt
       WHERE answered_at IS NOT NULL GROUP BY 1""",
    """INSERT INTO campaign_tally (campaign_id, what, n)
       SELECT a.campaign_id, 'escalated', count(DISTINCT a.id) FROM attempt a
       JOIN escalation e ON e.attempt_id = a.id WHERE e.bridged_at IS NOT NULL GROUP BY 1""",
    """INSERT INTO campaign_tally (campaign_id, what, n)
       SELECT t.campaign_id, 'completed', count(*) FROM response r JOIN task t ON t.id = r.task_id
       WHERE r.state = 'completed' GROUP BY 1""",
    """INSERT INTO campaign_tally (campaign_id, what, n)
       SELECT t.campaign_id, 'finding|' || f.severity, count(*) FROM finding f
       JOIN response r ON r.id = f.response_id JOIN task t ON t.id = r.task_id GROUP BY 1, 2""",
)


class CampaignTally(Base):
    """A change of one count, or what many have come to."""

    __tablename__ = "campaign_tally"
    __table_args__ = (Index(None, "campaign_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaign.id"))
    what: Mapped[str]
    n: Mapped[int]


class Tally(dict[tuple[str, ...], int]):
    """Counts of one campaign by key, such as ("task", "due", "busy", "1") or ("answered",)."""

    def of(self, *begin: str) -> int:
        """The sum of all keys that begin so."""
        return sum(n for key, n in self.items() if key[:len(begin)] == begin)

    def by(self, *begin: str) -> dict[str, int]:
        """The sums of the keys that begin so, by what comes next."""
        found: dict[str, int] = defaultdict(int)
        for key, n in self.items():
            if key[:len(begin)] == begin and len(key) > len(begin):
                found[key[len(begin)]] += n
        return dict(found)


async def tallies(session: AsyncSession,
                  campaigns: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Tally]:
    """The counts of these campaigns as they stand."""
    found: dict[uuid.UUID, Tally] = {campaign: Tally() for campaign in campaigns}
    total = func.sum(CampaignTally.n)
    for campaign, what, n in await session.execute(
            select(CampaignTally.campaign_id, CampaignTally.what, total)
            .where(CampaignTally.campaign_id.in_(campaigns))
            .group_by(CampaignTally.campaign_id, CampaignTally.what).having(total != 0)):
        found[campaign][tuple(what.split("|"))] = int(n)
    return found


async def outline(session: AsyncSession,
                  campaigns: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Tally]:
    """Of these campaigns no more than ("task", state) and ("department", name), as a list of many
    campaigns shows: added up by the database, as the whole of them is thousands of counts."""
    found: dict[uuid.UUID, Tally] = {campaign: Tally() for campaign in campaigns}
    kind, name = (func.split_part(CampaignTally.what, "|", place) for place in (1, 2))
    total = func.sum(CampaignTally.n)
    for campaign, *key, n in await session.execute(
            select(CampaignTally.campaign_id, kind, name, total)
            .where(CampaignTally.campaign_id.in_(campaigns), kind.in_(("task", "department")))
            .group_by(text("1, 2, 3")).having(total != 0)):
        found[campaign][tuple(key)] = int(n)
    return found


async def gather(session: AsyncSession) -> None:
    """Make one row of each count of the campaigns that have many; any number may do it at once."""
    await session.execute(text("""
        WITH many AS (SELECT campaign_id FROM campaign_tally GROUP BY 1 HAVING count(*) > :many),
             here AS (SELECT id FROM campaign_tally WHERE campaign_id IN (SELECT * FROM many)
                      FOR UPDATE SKIP LOCKED),
             gone AS (DELETE FROM campaign_tally WHERE id IN (SELECT id FROM here)
                      RETURNING campaign_id, what, n)
        INSERT INTO campaign_tally (campaign_id, what, n)
        SELECT campaign_id, what, sum(n) FROM gone GROUP BY 1, 2 HAVING sum(n) <> 0"""),
        {"many": MANY})


async def keep_gathering(database: Database, gatherings: Sequence[Gathering],
                         every_s: float = 60.0) -> None:
    """Gather again and again, until cancelled; a lost database is tried again."""
    while True:
        await asyncio.sleep(every_s)
        for each in gatherings:
            try:
                async with database.session() as session:
                    await each(session)
            except Exception:
                log.exception("gathering counts failed, will try again")
