"""A spool, a storage, and the database that knows of both, for tests."""

from __future__ import annotations

import asyncio
import uuid
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from followup.alarms.models import AlarmKind
from followup.alarms.register import open_alarms
from followup.calls.models import (
    AttemptState,
    Disposition,
    Recording,
    Stored,
)
from followup.campaigns.models import Campaign, CampaignState, TaskState
from followup.database.base import now
from followup.database.engine import Database
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE, publish
from recordings.keeper import keep_sealing, seal_next
from recordings.naming import capture_name
from recordings.storage import FolderStore, Store
from recordings.vault import Vault
from tests.recordings.doomed_keeper import KEYS
from tests.webconsole.hospital import add_attempt, add_patient, add_task


class Archive:
    """A spool, a folder of sealed files, and the database that knows of them."""

    def __init__(self, database: Database, base: Path) -> None:
        self.database = database
        self.spool, self.folder = base / "spool", base / "recordings"
        self.spool.mkdir()
        self.vault = self.vault_of(FolderStore(self.folder))
        self._numbers = iter(range(1, 100))

    @staticmethod
    def vault_of(store: Store) -> Vault:
        return Vault({Stored.FOLDER: store}, Stored.FOLDER, KEYS)

    async def sound(self, attempt_id: uuid.UUID) -> bytes:
        """What is kept of a call; every bit of it is checked."""
        row = await self.recording(attempt_id)
        assert row.file and row.stored and row.sha256
        return await (await self.vault.open_checked(row.file, row.stored, row.sha256)).read()

    async def call(self, *, frames: int | None = 8000, state: AttemptState = AttemptState.ENDED,
                   ended_at: datetime | None = None) -> uuid.UUID:
        """An answered call with its recording; ``frames`` of sound, None for no file at all."""
        async with self.database.session() as session:
            questionnaire = await publish(session, load_questionnaire(POST_DISCHARGE.read_bytes()))
            await session.flush()
            number = next(self._numbers)
            campaign = Campaign(id=uuid.uuid4(), name=f"campaign {number}",
                                state=CampaignState.RUNNING, questionnaire_id=questionnaire.id)
            session.add(campaign)
            patient, stay = await add_patient(session, "王秀英", number=number)
            task = await add_task(session, campaign.id, patient, stay, TaskState.CALLING)
            attempt = await add_attempt(session, task, patient, state, Disposition.COMPLETED,
                                        started=now() - timedelta(minutes=5), talked_s=60)
            if ended_at:
                attempt.ended_at = ended_at
            name = capture_name(attempt.id)
            session.add(Recording(attempt_id=attempt.id, capture_file=name))
        if frames is not None:
            (self.spool / name).write_bytes(array("h", [1000, -1000] * frames).tobytes())
        return attempt.id

    async def recording(self, attempt_id: uuid.UUID) -> Recording:
        async with self.database.session() as session:
            return (await session.scalars(
                select(Recording).where(Recording.attempt_id == attempt_id))).one()

    async def next(self) -> bool:
        async with self.database.session() as session:
            return await seal_next(session, self.spool, self.vault)

    async def alarms(self) -> list[AlarmKind]:
        async with self.database.session() as session:
            return [alarm.kind for alarm in await open_alarms(session)]

    def sealed_files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]

    @asynccontextmanager
    async def keeper(self) -> AsyncIterator[None]:
        """The keeper at its work."""
        async with stopping(keep_sealing(self.database, self.spool, self.vault,
                                         every_s=0.02, retry_s=0.02)):
            yield


@asynccontextmanager
async def stopping(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Work that goes on until it is stopped, and never by itself."""
    task = asyncio.create_task(work)
    try:
        yield
        assert not task.done(), "the keeper gave up"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(40):
        while not await holds():  # noqa: ASYNC110  what it waits for is in a database
            await asyncio.sleep(0.02)
