"""The next call of a campaign, and the agent who is kept for it, in the caller's transaction."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from dialer.floor import Running
from followup.agents import roster
from followup.calls import ledger
from followup.calls.models import Attempt
from followup.campaigns import preview
from followup.campaigns.house import House
from followup.campaigns.preview import Preview


async def claim_call(session: AsyncSession, node: str, house: House, campaign: Running,
                     asked: Preview | None = None) -> Attempt | None:
    """Claim a task; None when nothing is due, or nobody is free where an agent is reserved first.

    ``asked``: the call that an agent waits for; it is theirs to ask for again if they are not free.
    """
    claimed = await session.begin_nested() if campaign.mode.reserves else None
    attempt = await ledger.claim(session, node=node, house=house, campaign_id=campaign.id,
                                 task_id=asked.task_id if asked else None)
    if attempt is not None and claimed is not None:
        agent = await roster.reserve_for(session, attempt, campaign.rules.skill,
                                         asked.agent_id if asked else None)
        if agent is None:
            await claimed.rollback()                 # as though nothing had been claimed
            if asked:
                await preview.give_back(session, asked.task_id)
            return None
    if asked:
        await preview.close(session, asked.task_id)
    return attempt


def calls_of(campaign: Running, wanted: int) -> list[Preview | None]:
    """The calls to place: those that agents wait for; None: whoever is due first."""
    return list(campaign.asked[:wanted]) if campaign.mode.by_hand else [None] * wanted
