"""Messages that patients leave as answers: sealed out of the spool as recordings are, and kept as
long as the recording of their call is, or would be."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.calls.models import Attempt, AttemptState, Recording, Stored
from followup.database.base import now
from followup.database.engine import Database
from followup.errors import Unavailable
from followup.log import get_logger
from followup.people import audit
from followup.recordings.models import VoiceMessage
from followup.responses.models import Answer
from recordings.errors import Changed, Missing
from recordings.keeper import SETTLE
from recordings.naming import inside, sealed_message_name
from recordings.retention import past
from recordings.vault import Vault

log = get_logger(__name__)
_BATCH = 200


async def seal_message(session: AsyncSession, spool: Path, vault: Vault, name: str) -> bool:
    """Seal the message ``name`` of the spool; whether its file may go. It may, too, when no answer
    names it: nobody spoke. False while its call lives, or is not ours."""
    try:
        attempt_id = uuid.UUID(name[:36])
    except ValueError:
        return False
    found = (await session.execute(
        select(Recording.id, Attempt.answered_at, Attempt.committed_at)
        .join(Attempt, Attempt.id == Recording.attempt_id)
        .where(Attempt.id == attempt_id, Attempt.state == AttemptState.ENDED,
               Attempt.ended_at < now() - SETTLE)
        .with_for_update(of=Recording, skip_locked=True, key_share=True))).first()
    if found is None:
        return False
    recording_id, answered_at, committed_at = found
    named = select(Answer.id).where(Answer.attempt_id == attempt_id,
                                    Answer.value["valueAttachment"]["url"].astext == name)
    known = select(VoiceMessage.id).where(VoiceMessage.name == name)
    if await session.scalar(known) or not await session.scalar(named):
        return True
    content = await asyncio.to_thread(inside(spool, name).read_bytes)
    digest = hashlib.sha256(content).hexdigest()
    file = sealed_message_name(name, answered_at or committed_at)
    await vault.put(file, len(content), digest, (content,), vault.first)
    session.add(VoiceMessage(recording_id=recording_id, name=name, file=file, stored=vault.first,
                             sha256=digest, sealed_at=now()))
    return True


async def seal_messages(database: Database, spool: Path, vault: Vault) -> None:
    """All that can be sealed now. A file goes once its row is committed; a crash in between has it
    looked at again."""
    for path in await asyncio.to_thread(lambda: sorted(spool.glob("*-message-*.wav"))):
        try:
            async with database.session() as session:
                done = await seal_message(session, spool, vault, path.name)
        except (Unavailable, OSError, ValueError):
            log.exception("a message could not be sealed, will try again")
            continue
        if done:
            await asyncio.to_thread(path.unlink, missing_ok=True)


async def hand_over_messages(database: Database, vault: Vault) -> None:
    """Move messages that lie elsewhere into the storage of the settings. Away, OSError."""
    elsewhere, after = set(Stored) - {vault.into}, uuid.UUID(int=0)
    while True:
        async with database.session() as session:
            row = await session.scalar(
                select(VoiceMessage)
                .where(VoiceMessage.stored.in_(elsewhere), VoiceMessage.id > after)
                .order_by(VoiceMessage.id).limit(1).with_for_update(skip_locked=True))
            if row is None or row.file is None or row.stored is None:
                return
            after, file, stored = row.id, row.file, row.stored
            try:
                await vault.carry(file, stored, vault.into, row.sha256)
            except (Missing, Changed):
                log.exception("a message is not what was sealed", message_id=str(row.id))
                continue
            row.stored = vault.into
        await vault.remove(file, stored)


async def expire_messages(database: Database, vault: Vault, default: int | None) -> int:
    """Delete the messages whose time is over, by the rules and holds of their recording; how many.
    ``default``: days where no rule counts."""
    done, after = 0, uuid.UUID(int=0)
    while True:
        async with database.session() as session:
            rows = (await session.scalars(
                select(VoiceMessage).join(Recording, Recording.id == VoiceMessage.recording_id)
                .join(Attempt, Attempt.id == Recording.attempt_id)
                .where(VoiceMessage.file.is_not(None), VoiceMessage.id > after, *past(default))
                .order_by(VoiceMessage.id).limit(_BATCH)
                .with_for_update(of=VoiceMessage, skip_locked=True))).all()
            for row in rows:
                after = row.id
                if row.file is None or row.stored is None:
                    continue
                try:
                    await vault.remove(row.file, row.stored)
                except (OSError, Unavailable):
                    log.exception("an expired message stays, will try again",
                                  message_id=str(row.id))
                    continue
                row.file = row.stored = None
                done += 1
                audit.record(session, audit.EXPIRE_RECORDING, actor="system",
                             subject=f"voice-message:{row.id}", recording=str(row.recording_id))
        if not rows:
            return done


async def keep_messages(database: Database, spool: Path, vault: Vault, every_s: float = 1.0,
                        retry_s: float = 15.0) -> None:
    """Run until cancelled; what a full disk or a storage that is away does not let be sealed is
    tried again."""
    while True:
        try:
            await seal_messages(database, spool, vault)
            await hand_over_messages(database, vault)
        except Exception:
            log.exception("keeping messages failed, will try again")
            await asyncio.sleep(retry_s)
        await asyncio.sleep(every_s)
