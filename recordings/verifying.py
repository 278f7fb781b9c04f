"""Holds the chain of seals, the rows and the stored files against each other."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from followup.alarms.models import AlarmKind
from followup.alarms.register import clear_alarm
from followup.calls.models import Recording, RecordingState
from followup.database.engine import Database
from followup.recordings.models import RecordingSeal, VoiceMessage
from followup.recordings.register import note_checked
from recordings.alarms import tell_changed
from recordings.chain import FIRST, link_of
from recordings.errors import Changed, Missing
from recordings.plain import check_plain
from recordings.vault import Vault

_BATCH = 200


@dataclass
class Verified:
    """What was found. The lists hold ids of recordings."""

    links: int = 0
    sound: int = 0                                     # files that are what was sealed
    messages: int = 0                                  # of patients, that are what was sealed
    expired: int = 0
    not_linked: int = 0                                # sealed a moment ago
    broken_at: int | None = None                       # number of the first broken link
    missing: list[uuid.UUID] = field(default_factory=list)
    changed: list[uuid.UUID] = field(default_factory=list)
    head: str = FIRST                                  # the last seal, to be noted elsewhere
    head_number: int = 0

    @property
    def ok(self) -> bool:
        """Whether all is as it was sealed."""
        return self.broken_at is None and not self.missing and not self.changed


async def verify(database: Database, vault: Vault, plain: Path, since: datetime | None = None,
                 actor: str = "system", heard: Callable[[int], None] = lambda _: None) -> Verified:
    """Every link from the first recording sealed at ``since`` on, with its row and its file; and
    the messages that patients left, each told by the recording of its call.

    A file that is missing or changed raises its alarm; one that is well again clears it. Away,
    OtherKey when the storage cannot be read at all. ``heard`` is told how many links are done.
    """
    found = Verified()
    await _begin(database, found, since)
    while True:
        async with database.session() as session:
            rows = (await session.execute(
                select(RecordingSeal, Recording)
                .join(Recording, Recording.id == RecordingSeal.recording_id)
                .where(RecordingSeal.number > found.head_number)
                .order_by(RecordingSeal.number).limit(_BATCH))).all()
        if not rows:
            await _look_at_messages(database, vault, since, found, actor)
            return found
        for seal, recording in rows:
            if found.broken_at is None and (seal.number != found.head_number + 1
                                            or link_of(seal).seal(found.head) != seal.seal):
                found.broken_at = seal.number
            found.head, found.head_number = seal.seal, seal.number
            found.links += 1
            await _look(database, vault, plain, seal, recording, found, actor)
        heard(found.links)


async def _begin(database: Database, found: Verified, since: datetime | None) -> None:
    async with database.session() as session:
        found.not_linked = await session.scalar(select(func.count()).where(
            Recording.sealed_at.is_not(None), Recording.seal_number.is_(None))) or 0
        if since is None:
            return
        first = await session.scalar(select(func.min(RecordingSeal.number)).where(
            RecordingSeal.sealed_at >= since))
        before = (await session.scalars(
            select(RecordingSeal).where(*([RecordingSeal.number < first] if first else []))
            .order_by(RecordingSeal.number.desc()).limit(1))).one_or_none()
    if before is not None:
        found.head, found.head_number = before.seal, before.number


async def _look(database: Database, vault: Vault, plain: Path, seal: RecordingSeal,
                recording: Recording, found: Verified, actor: str) -> None:
    try:
        await _hold_against(vault, plain, seal, recording)
    except (Missing, Changed) as error:
        (found.missing if isinstance(error, Missing) else found.changed).append(recording.id)
        async with database.session() as session:
            await tell_changed(session, recording.id, error, actor=actor)
    else:
        if recording.state is RecordingState.EXPIRED:
            found.expired += 1
        else:
            found.sound += 1
        async with database.session() as session:
            await clear_alarm(session, AlarmKind.RECORDING_CHANGED, str(recording.id))
            if recording.state is RecordingState.SEALED:
                await note_checked(session, recording.id)


async def _look_at_messages(database: Database, vault: Vault, since: datetime | None,
                            found: Verified, actor: str) -> None:
    after = uuid.UUID(int=0)
    while True:
        async with database.session() as session:
            rows = (await session.scalars(
                select(VoiceMessage).where(
                    VoiceMessage.id > after, VoiceMessage.file.is_not(None),
                    *([VoiceMessage.sealed_at >= since] if since else []))
                .order_by(VoiceMessage.id).limit(_BATCH))).all()
        for row in rows:
            after = row.id
            if row.file is None or row.stored is None:
                continue
            try:
                await (await vault.open(row.file, row.stored, row.sha256)).check()
                found.messages += 1
            except (Missing, Changed) as error:
                (found.missing if isinstance(error, Missing) else found.changed).append(
                    row.recording_id)
                async with database.session() as session:
                    await tell_changed(session, row.recording_id, error, actor=actor)
        if not rows:
            return


async def _hold_against(vault: Vault, plain: Path, seal: RecordingSeal,
                        recording: Recording) -> None:
    if (recording.sha256, recording.size or 0, recording.duration_ms or 0,
            recording.seal_number) != (seal.sha256, seal.size, seal.duration_ms, seal.number):
        raise Changed
    if recording.state is RecordingState.EXPIRED:
        return
    if recording.state is not RecordingState.SEALED or recording.file is None:
        raise Missing
    if recording.stored is None:
        await check_plain(plain, recording.file, seal.sha256)
        return
    sound = await vault.open(recording.file, recording.stored)
    if sound.box.sha256 != seal.sha256:
        raise Changed
    await sound.check()
