"""What it costs to claim the next call, with few and with many tasks due."""

from __future__ import annotations

import time
from typing import Any

from bench.sample import fill, spread
from followup.calls import ledger
from followup.campaigns.house import House
from followup.database.engine import Database

SIZES = (1_000, 100_000)
CLAIMS = 200


async def measure(database: Database) -> dict[str, Any]:
    """Time of one claim, committed, for each number of due tasks."""
    result: dict[str, Any] = {"claims": CLAIMS}
    due = 0
    for size in SIZES:
        await fill(database, size - due)
        due = size
        took = []
        for _ in range(CLAIMS):
            began = time.perf_counter()
            async with database.session() as session:
                claimed = await ledger.claim(session, node="node1", house=House())
            took.append(time.perf_counter() - began)
            if claimed is None:
                raise RuntimeError("nothing was due")
        due -= CLAIMS
        result[f"due_{size}"] = spread(took)
    return result
