"""The trunk's channels hold exactly, whoever claims at the same moment."""

from __future__ import annotations

import asyncio
from collections import Counter

from bench.sample import fill
from followup.calls import ledger
from followup.calls.lines import Lines, line_is_free
from followup.calls.models import Attempt, Disposition
from followup.campaigns.house import House
from followup.campaigns.models import TaskState
from followup.campaigns.retry import NextStep
from followup.database.engine import Database

HOUSE = House()
NODES = ("node1", "node2")


async def take_a_line(database: Database, node: str, lines: Lines) -> Attempt | None:
    async with database.session() as session:
        if not await line_is_free(session, node, lines):
            return None
        return await ledger.claim(session, node=node, house=HOUSE)


async def rush(database: Database, lines: Lines) -> list[Attempt]:
    """Two workers claim on two nodes, ten at a time each; what they got."""
    other = Database(database.url)
    try:
        taken = await asyncio.gather(*(
            take_a_line(worker, NODES[number % 2], lines)
            for worker in (database, other) for number in range(10)))
    finally:
        await other.close()
    return [attempt for attempt in taken if attempt is not None]


async def test_the_gateways_lines_are_filled_and_not_overrun(database: Database) -> None:
    await fill(database, 40)
    assert len(await rush(database, Lines(gateway=7, node=7))) == 7
    assert not await rush(database, Lines(gateway=7, node=7))


async def test_each_nodes_lines_are_filled_and_not_overrun(database: Database) -> None:
    await fill(database, 40)
    taken = await rush(database, Lines(gateway=30, node=3))
    assert Counter(attempt.node for attempt in taken) == {"node1": 3, "node2": 3}


async def test_a_line_is_free_again_when_its_call_has_ended(database: Database) -> None:
    await fill(database, 40)
    first, *_ = await rush(database, Lines(gateway=4, node=4))
    async with database.session() as session:
        await ledger.end(session, first.id, Disposition.BUSY,
                         step=lambda *_: NextStep(TaskState.DONE))
    assert len(await rush(database, Lines(gateway=4, node=4))) == 1
