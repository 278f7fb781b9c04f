"""The trunk's channels, counted in the transaction that takes one: never one too many.

Whoever takes a line waits for whoever is taking one, on whichever node and in whichever worker;
a call holds its line from its attempt's commit until the attempt has ended.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.calls.models import Attempt, AttemptState

LINES_LOCK = 4_573_003


@dataclass(frozen=True)
class Lines:
    """How many calls may be open at once."""

    gateway: int         # over all nodes
    node: int            # on the one that is to place the call


async def line_is_free(session: AsyncSession, node: str, lines: Lines) -> bool:
    """Whether one more call fits; nobody else takes a line until the transaction has ended."""
    await session.execute(select(func.pg_advisory_xact_lock(LINES_LOCK)))
    # A statement of its own: it sees what was committed while we waited for the lock.
    everywhere, here = (await session.execute(
        select(func.count(), func.count().filter(Attempt.node == node))
        .where(Attempt.state != AttemptState.ENDED))).one()
    return bool(everywhere < lines.gateway and here < lines.node)
