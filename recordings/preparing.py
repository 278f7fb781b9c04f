"""After sealing: waveform and copy of each recording, one at a time, so that a burst of calls that
end together waits here and not in front of live ones."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.calls.models import Recording, RecordingState
from followup.database.base import now
from followup.database.engine import Database
from followup.log import get_logger
from recordings.alarms import tell_changed
from recordings.copies import Copier, NoCopy
from recordings.errors import Changed, Missing
from recordings.naming import copy_name, peaks_name
from recordings.peaks import measure
from recordings.vault import Vault

log = get_logger(__name__)


async def prepare_next(session: AsyncSession, vault: Vault, copiers: Sequence[Copier]) -> bool:
    """Prepare one sealed recording; False when none is waiting. The queue is the table itself."""
    recording = await session.scalar(
        select(Recording).where(
            Recording.state == RecordingState.SEALED, Recording.stored.is_not(None),
            Recording.prepared_at.is_(None), Recording.seal_number.is_not(None))
        .order_by(Recording.sealed_at).limit(1).with_for_update(skip_locked=True, key_share=True))
    if recording is None or recording.file is None or recording.stored is None:
        return False
    recording.prepared_at, recording.copies = now(), []
    try:
        content = await (await vault.open(recording.file, recording.stored)).read()
        text = (await asyncio.to_thread(measure, content)).to_json()
        await _put(vault, recording, peaks_name(recording.file), text.encode())
        for copier in copiers:
            form = copier.form.value
            await _put(vault, recording, copy_name(recording.file, form),
                       await copier.copy(content))
            recording.copies = [*recording.copies, form]
    except (Changed, Missing) as error:
        await tell_changed(session, recording.id, error)
    except (ValueError, NoCopy) as error:
        log.warning("a recording has no waveform or copy", recording_id=str(recording.id),
                    reason=str(error))
    return True


async def keep_preparing(database: Database, vault: Vault, copiers: Sequence[Copier],
                         every_s: float = 1.0, retry_s: float = 30.0) -> None:
    """Run until cancelled; while storage or database are away everything waits."""
    while True:
        try:
            async with database.session() as session:
                busy = await prepare_next(session, vault, copiers)
            if busy:
                continue
        except Exception:
            log.exception("preparing recordings failed, will try again")
            await asyncio.sleep(retry_s)
        await asyncio.sleep(every_s)


async def _put(vault: Vault, recording: Recording, name: str, content: bytes) -> None:
    digest = hashlib.sha256(content).hexdigest()
    await vault.put(name, len(content), digest, (content,), recording.stored)
