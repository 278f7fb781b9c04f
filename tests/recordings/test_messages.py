"""Messages in patients' own voice lie plain for no longer than calls do, and go when those go."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import select, update

from followup.calls.models import Attempt, AttemptState, Recording, RecordingState, Stored
from followup.campaigns.models import Task
from followup.database.base import now
from followup.recordings.models import RecordingHold, RetentionRule, VoiceMessage
from followup.responses.models import Answer, GivenBy
from followup.responses.store import open_response
from recordings.messages import expire_messages, hand_over_messages, seal_messages
from recordings.naming import message_name
from recordings.storage import FolderStore
from recordings.vault import Vault
from recordings.verifying import verify
from tests.recordings.archive import Archive
from tests.recordings.doomed_keeper import KEYS

SOUND = b"RIFF" + b"what the patient said" * 500


async def leave(archive: Archive, attempt_id: uuid.UUID, ordinal: int = 1, *,
                answered: bool = True) -> str:
    """A message in the spool, named by an answer unless nobody spoke; its name."""
    name = f"{message_name(attempt_id, ordinal)}.wav"
    (archive.spool / name).write_bytes(SOUND)
    async with archive.database.session() as session:
        task = await session.get_one(
            Task, (await session.get_one(Attempt, attempt_id)).task_id)
        if answered:
            session.add(Answer(
                response_id=(await open_response(session, task)).id, attempt_id=attempt_id,
                link_id="message", heard="5000 ms", given_by=GivenBy.MESSAGE, position=ordinal,
                value={"valueAttachment": {"contentType": "audio/wav", "url": name}}))
    return name


async def kept(archive: Archive) -> list[VoiceMessage]:
    async with archive.database.session() as session:
        return list(await session.scalars(select(VoiceMessage).order_by(VoiceMessage.name)))


async def test_a_message_is_sealed_once_its_call_is_over_also_where_the_call_was_not_recorded(
        archive: Archive) -> None:
    recorded, refused = await archive.call(), await archive.call()
    living = await archive.call(state=AttemptState.ANSWERED)
    async with archive.database.session() as session:
        await session.execute(update(Recording).where(Recording.attempt_id == refused)
                              .values(state=RecordingState.REFUSED))
    names = sorted([await leave(archive, recorded), await leave(archive, refused)])
    still = await leave(archive, living)
    await leave(archive, recorded, 2, answered=False)       # nobody spoke: nothing to keep
    (archive.spool / "foreign-message-1.wav").write_bytes(b"not ours")
    await seal_messages(archive.database, archive.spool, archive.vault)
    rows = await kept(archive)
    assert [row.name for row in rows] == names
    assert {path.name for path in archive.spool.glob("*.wav")} == {still, "foreign-message-1.wav"}
    for row in rows:
        assert row.file is not None
        assert b"patient said" not in (archive.folder / row.file).read_bytes()
        sound = await archive.vault.open_checked(row.file, Stored.FOLDER, row.sha256)
        assert await sound.read() == SOUND
    # a crash between the row and the file
    (archive.spool / names[0]).write_bytes(SOUND)
    await seal_messages(archive.database, archive.spool, archive.vault)
    assert not (archive.spool / names[0]).exists()
    assert len(await kept(archive)) == 2


async def test_one_that_cannot_be_sealed_stays_and_holds_up_no_other(archive: Archive) -> None:
    first, second = sorted([await archive.call(), await archive.call()], key=str)
    names = [await leave(archive, first), await leave(archive, second)]
    path = archive.spool / names[0]
    path.unlink()
    path.mkdir()                                            # it cannot be read as it is
    await seal_messages(archive.database, archive.spool, archive.vault)
    assert [row.name for row in await kept(archive)] == [names[1]]
    path.rmdir()
    path.write_bytes(SOUND)
    await seal_messages(archive.database, archive.spool, archive.vault)
    assert [row.name for row in await kept(archive)] == names


async def test_messages_go_into_the_storage_of_the_settings(archive: Archive) -> None:
    await leave(archive, await archive.call())
    waiting = FolderStore(archive.folder / "waiting")
    vault = Vault({Stored.S3: FolderStore(archive.folder / "s3"), Stored.WAITING: waiting},
                  Stored.S3, KEYS)
    await seal_messages(archive.database, archive.spool, vault)
    [row] = await kept(archive)
    assert row.stored is Stored.WAITING
    await hand_over_messages(archive.database, vault)
    [row] = await kept(archive)
    assert (row.stored, row.file is not None) == (Stored.S3, True)
    assert await (await vault.open_checked(row.file or "", Stored.S3, row.sha256)).read() == SOUND
    assert await waiting.look(row.file or "") is None


async def test_messages_are_kept_by_the_rules_and_holds_of_their_calls(archive: Archive) -> None:
    held, over, young = [await archive.call() for _ in range(3)]
    for attempt in (held, over, young):
        await leave(archive, attempt)
    await seal_messages(archive.database, archive.spool, archive.vault)
    async with archive.database.session() as session:
        session.add(RetentionRule(days=30, set_by="auditor"))
        await session.execute(update(Recording).where(Recording.attempt_id != young).values(
            created_at=now() - timedelta(days=31)))
        recording = await session.scalar(
            select(Recording.id).where(Recording.attempt_id == held))
        session.add(RecordingHold(recording_id=recording, reason="court", set_by="auditor"))
    assert await expire_messages(archive.database, archive.vault, None) == 1
    gone = {row.name for row in await kept(archive) if row.file is None}
    assert gone == {f"{message_name(over, 1)}.wav"}
    assert len(archive.sealed_files()) == 2
    assert await expire_messages(archive.database, archive.vault, None) == 0


async def test_a_flipped_bit_of_a_message_is_found(archive: Archive) -> None:
    attempts = [await archive.call(), await archive.call()]
    names = [await leave(archive, each) for each in attempts]
    await seal_messages(archive.database, archive.spool, archive.vault)
    fine = await verify(archive.database, archive.vault, archive.folder)
    assert (fine.messages, fine.ok) == (2, True)
    row = next(each for each in await kept(archive) if each.name == names[0])
    assert row.file is not None
    file = archive.folder / row.file
    sealed = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(sealed[:-9] + bytes([sealed[-9] ^ 1]) + sealed[-8:])
    found = await verify(archive.database, archive.vault, archive.folder)
    assert (found.messages, found.changed) == (1, [row.recording_id])
