"""Seals the rows of the audit trail, and verifies that nobody has touched them since.

Writers add rows and wait for nobody: a row gets its place in the chain shortly after it is
committed, from whichever console is quickest, one at a time under an advisory lock that is held
for one batch. A hash made by the writer itself would need a lock from then to the end of its
transaction, and everybody who leaves a trace would queue behind the slowest.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from followup.database.engine import Database
from followup.log import get_logger
from followup.people.chain import BEGIN, Break, Chain, Link
from followup.people.models import AuditEvent

BATCH = 1000
EVERY_S = 2.0
NOTED_EVERY = 1000              # places: so often the chain's end is written to the log

# as chain.Link has them; what a row says is put together here, so that nothing of it is left out
_LINKS = select(
    AuditEvent.id, AuditEvent.at, func.jsonb_build_object(
        "actor", AuditEvent.actor, "action", AuditEvent.action, "subject", AuditEvent.subject,
        "address", AuditEvent.address, "detail", AuditEvent.detail, type_=JSONB).label("said"),
    AuditEvent.place, AuditEvent.hash)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying has found: the chain's end, rows that wait for their seal, the first break."""

    place: int
    hash: str
    unsealed: int
    broken: Break | None = None
    row_id: int | None = None        # of the first broken row; None: it is not there
    row_place: int | None = None


async def seal_some(session: AsyncSession) -> int:
    """Seal up to ``BATCH`` rows, in the order of their ids; how many. None while
    another process does it."""
    if not await session.scalar(text(
            "select pg_try_advisory_xact_lock(hashtext('audit-seal'))")):
        return 0
    links = [Link(*row) for row in await session.execute(
        _LINKS.where(AuditEvent.place.is_(None)).order_by(AuditEvent.id).limit(BATCH))]
    if not links:
        return 0
    last = (await session.execute(
        select(AuditEvent.place, AuditEvent.hash).where(AuditEvent.place.is_not(None))
        .order_by(AuditEvent.place.desc()).limit(1))).one_or_none()
    chain = Chain(last.place or 0, last.hash or BEGIN) if last else Chain()
    begun = chain.place
    sealed = [(link.id, *chain.seal(link)) for link in links]
    await session.execute(update(AuditEvent), [
        {"id": row_id, "place": place, "hash": told} for row_id, place, told in sealed])
    if begun // NOTED_EVERY != chain.place // NOTED_EVERY:
        log.info("audit trail sealed", place=chain.place, sha256=chain.hash)
    return len(links)


async def keep_sealing(database: Database) -> None:
    """Seal what has been written, again and again; until cancelled."""
    while True:
        try:
            async with database.session() as session:
                sealed = await seal_some(session)
        except (OSError, SQLAlchemyError) as error:
            log.warning("the audit trail cannot be sealed", reason=type(error).__name__)
            sealed = 0
        if sealed < BATCH:
            await asyncio.sleep(EVERY_S)


async def verify(session: AsyncSession, *, place: int = 0, known: str = BEGIN) -> Verdict:
    """Follow the chain to its end, or from the row at ``place`` on, whose hash is ``known``."""
    chain, query = Chain(), _LINKS
    if place:
        row = (await session.execute(_LINKS.where(AuditEvent.place == place))).first()
        if row is None or row.hash != known:
            broken = Break.MISSING if row is None else Break.CHANGED
            return Verdict(place, known, 0, broken, row.id if row else None, place)
        chain = Chain(place, known, row.at)
        query = query.where(or_(AuditEvent.place > place, AuditEvent.place.is_(None)))
    unsealed = 0
    # in one statement, so that all is seen as it is at one moment; those without a place last
    rows = await session.stream(query.order_by(AuditEvent.place),
                                execution_options={"yield_per": BATCH})
    async for row in rows:
        link = Link(*row)
        unsealed += link.place is None
        broken_so = chain.in_time(link) if link.place is None else chain.follow(link)
        if broken_so:
            await rows.close()
            return Verdict(chain.place, chain.hash, unsealed, broken_so, link.id, link.place)
    return Verdict(chain.place, chain.hash, unsealed)
