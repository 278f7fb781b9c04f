"""Writes rows into PostgreSQL, fast: by COPY, without triggers, indexes made at the end.

All of it is one transaction, the dropping and making of indexes too: a crash leaves what there was.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from bench.seed.rows import COLUMNS
from followup.campaigns import tally
from followup.database.engine import Database
from followup.recordings import tally as recording_tally

_AT_ONCE = 2000                       # lines handed over
# rows of the audit trail are brought in as all others are, by its own rules
_WITH_TRIGGERS = ("audit_event",)
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index i
WHERE indrelid = $1::regclass AND NOT EXISTS (
  SELECT FROM pg_constraint WHERE conindid = i.indexrelid AND contype IN ('p', 'u', 'x'))
"""
_REFERENCES = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = $1::regclass AND contype = 'f'
"""


async def write(database: Database, chunks: Iterator[dict[str, list[str]]]) -> dict[str, int]:
    """Copy all chunks in; how many rows of each table. Locks the tables until it is done."""
    counts = dict.fromkeys(COLUMNS, 0)
    async with database.engine.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        async with raw.transaction():
            await raw.execute("SET LOCAL maintenance_work_mem = '512MB'; "
                              "SET LOCAL work_mem = '128MB'; SET LOCAL statement_timeout = 0")
            again = await _strip(raw)
            made: asyncio.Task[dict[str, list[str]] | None] = _next(chunks)
            while (lines := await made) is not None:
                made = _next(chunks)                      # made while these are written
                for table, columns in COLUMNS.items():
                    if lines.get(table):
                        counts[table] += len(lines[table])
                        await raw.copy_to_table(table, source=_bytes(lines[table]), format="text",
                                                columns=columns, timeout=600)
            for statement in (*again, *tally.RECOUNT, *recording_tally.RECOUNT):
                await raw.execute(statement, timeout=3600)
        # as autovacuum would, by and by
        for table in (*COLUMNS, "campaign_tally", "recording_tally"):
            await raw.execute(f"VACUUM (ANALYZE) {table}", timeout=3600)
    return counts


async def _strip(raw: Any) -> list[str]:
    """Take triggers, indexes and references away; the statements that bring them back."""
    again = []
    for table in COLUMNS:
        if table not in _WITH_TRIGGERS:
            await raw.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            again.append(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        for name, definition in await raw.fetch(_INDEXES, table):
            await raw.execute(f"DROP INDEX {name}")
            again.append(definition)
        for name, definition in await raw.fetch(_REFERENCES, table):
            await raw.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            again.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    return again


def _next(chunks: Iterator[dict[str, list[str]]]) -> asyncio.Task[dict[str, list[str]] | None]:
    return asyncio.create_task(asyncio.to_thread(next, chunks, None))


async def _bytes(lines: list[str]) -> AsyncIterator[bytes]:
    for start in range(0, len(lines), _AT_ONCE):
        yield ("\n".join(lines[start:start + _AT_ONCE]) + "\n").encode()
