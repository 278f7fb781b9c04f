"""Playing: by ranges, only what the database names, and never without a trace."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from pathlib import Path

import pytest
from aiohttp import ClientError
from sqlalchemy import select, update

from followup.alarms.models import Alarm, AlarmKind
from followup.alarms.register import open_alarms
from followup.calls.models import Recording, RecordingState
from followup.database.engine import Database
from followup.people.models import AuditEvent
from followup.recordings.models import VoiceMessage
from followup.responses.models import Answer, GivenBy, Response
from followup.secrets import load_secrets
from followup.settings import Settings
from recordings.errors import Missing
from recordings.messages import seal_messages
from recordings.naming import message_name
from recordings.plain import find_plain, move_all
from recordings.vault import Sound, Vault
from tests.webconsole.conftest import Client, SignIn
from tests.webconsole.hospital import Hospital
from webconsole import playing


async def plays(database: Database, action: str = "play-recording") -> list[tuple[str, str]]:
    async with database.session() as session:
        rows = await session.scalars(select(AuditEvent).where(AuditEvent.action == action))
        return [(row.actor, row.subject) for row in rows]


async def test_a_recording_streams_by_ranges(client: Client, settings: Settings,
                                             hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("auditor")
    whole = (settings.recordings_dir / "2026" / "first.wav").read_bytes()
    path = f"/recordings/{hospital.recording}/audio"
    answer = await client.get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "audio/wav")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert await answer.read() == whole
    answer = await client.get(path, headers={"Range": "bytes=1000-1999"})
    assert answer.status == 206
    assert answer.headers["Content-Range"] == f"bytes 1000-1999/{len(whole)}"
    assert await answer.read() == whole[1000:2000]
    assert (await client.get(path, headers={"Range": f"bytes={len(whole)}-"})).status == 416


async def test_every_playback_leaves_one_row(client: Client, database: Database,
                                             hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("auditor")
    path, row = f"/recordings/{hospital.recording}/audio", (
        "auditor", f"recording:{hospital.recording}")
    await client.get(path, headers={"Range": "bytes=500-"})      # does not begin at the beginning:
    assert await plays(database) == [row]                        # a trace all the same
    await client.get(path, headers={"Range": "bytes=9000-"})     # goes on
    assert await plays(database) == [row]
    await client.get(path, headers={"Range": "bytes=0-"})        # once more from the start
    await client.get(path)
    assert await plays(database) == [row] * 3


@pytest.mark.parametrize("file", ["../outside.wav", "/etc/passwd", "link.wav", "2026",
                                  "nothing.wav", "secret.txt", "folder/../../outside.wav",
                                  "n" * 300 + ".wav"])
async def test_no_file_outside_the_folder_is_ever_sent(
        client: Client, database: Database, settings: Settings, hospital: Hospital,
        sign_in: SignIn, file: str) -> None:
    outside = settings.recordings_dir.parent / "outside.wav"
    outside.write_bytes(b"RIFF secret")
    (settings.recordings_dir / "secret.txt").write_text("secret")
    (settings.recordings_dir / "link.wav").symlink_to(outside)
    async with database.session() as session:
        await session.execute(update(Recording).where(Recording.id == hospital.recording)
                              .values(file=file))
    await sign_in("auditor")
    answer = await client.get(f"/recordings/{hospital.recording}/audio")
    assert answer.status == 404
    assert b"secret" not in await answer.read()
    assert await plays(database) == []
    assert await plays(database, "play-recording-refused") == [
        ("auditor", f"recording:{hospital.recording}")]


async def test_only_sealed_recordings_are_played_and_a_guess_leaves_a_row(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("auditor")
    guess = uuid.uuid4()
    assert (await client.get(f"/recordings/{guess}/audio")).status == 404
    async with database.session() as session:
        await session.execute(update(Recording).values(state=RecordingState.LOST))
    assert (await client.get(f"/recordings/{hospital.recording}/audio")).status == 404
    assert [subject for _, subject in await plays(database, "play-recording-refused")] == [
        f"recording:{guess}", f"recording:{hospital.recording}"]


def test_odd_names_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    assert find_plain(tmp_path, "a.wav") == tmp_path / "a.wav"
    for name in (None, "", ".", "a\x00.wav", "a.wav/b.wav", "../" + tmp_path.name + "x/a.wav"):
        with pytest.raises(Missing):
            find_plain(tmp_path, name)


async def encrypt(database: Database, settings: Settings) -> tuple[bytes, Path]:
    """Move the hospital's recording into the storage; what it was, and where it is."""
    whole = (settings.recordings_dir / "2026" / "first.wav").read_bytes()
    vault = Vault.of(settings, load_secrets(settings.data_dir))
    assert await move_all(database, vault, settings.recordings_dir) == (1, 0)
    return whole, settings.recordings_dir / "2026" / "first.wav.sealed"


async def test_an_encrypted_recording_streams_by_ranges(
        client: Client, database: Database, settings: Settings, hospital: Hospital,
        sign_in: SignIn) -> None:
    await sign_in("auditor")
    path = f"/recordings/{hospital.recording}/audio"
    drawn = await (await client.get(f"/recordings/{hospital.recording}/peaks")).read()
    whole, file = await encrypt(database, settings)
    assert not file.with_suffix("").exists(), "the plain file is gone"
    assert whole[:4] not in file.read_bytes()[:200]
    answer = await client.get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "audio/wav")
    assert await answer.read() == whole
    for wanted, start, stop in (("0-", 0, len(whole)), ("65530-65550", 65530, 65551),
                                ("400000-", 400_000, len(whole)), ("-7", len(whole) - 7,
                                                                   len(whole))):
        answer = await client.get(path, headers={"Range": f"bytes={wanted}"})
        assert answer.status == 206
        assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(whole)}"
        assert await answer.read() == whole[start:stop]
    for wrong in (f"{len(whole)}-", "9-3", "a-b"):
        answer = await client.get(path, headers={"Range": f"bytes={wrong}"})
        assert answer.status == 416, wrong
    for _ in range(2):                               # made, then kept
        answer = await client.get(f"/recordings/{hospital.recording}/peaks")
        assert await answer.read() == drawn


async def test_a_changed_byte_is_told_before_a_sound_is_heard(
        client: Client, database: Database, settings: Settings, hospital: Hospital,
        sign_in: SignIn) -> None:
    """At the end of the file, when only the beginning is asked for; plain files too."""
    await sign_in("auditor")
    path = f"/recordings/{hospital.recording}/audio"

    async def told() -> None:
        answer = await client.get(path, headers={"Range": "bytes=0-99"})
        assert answer.status == 409
        assert await plays(database) == []
        async with database.session() as session:
            [alarm] = await open_alarms(session)
        assert (alarm.kind, alarm.subject) == (AlarmKind.RECORDING_CHANGED,
                                               str(hospital.recording))

    plain = settings.recordings_dir / "2026" / "first.wav"
    whole = plain.read_bytes()
    plain.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    await told()
    plain.write_bytes(whole)
    _, file = await encrypt(database, settings)
    sealed = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    await told()
    assert await plays(database, "recording-changed") == [
        ("auditor", f"recording:{hospital.recording}")] * 2


async def flip(file: Path, place: int) -> None:
    """Another bit in a sealed file."""
    sealed = bytearray(file.read_bytes())
    sealed[place] ^= 1
    file.chmod(0o600)
    file.write_bytes(sealed)


async def test_a_long_recording_plays_at_once_and_what_is_found_meanwhile_stops_it(
        client: Client, database: Database, settings: Settings, hospital: Hospital,
        sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "AT_ONCE", 0)
    await sign_in("auditor")
    whole, file = await encrypt(database, settings)
    path = f"/recordings/{hospital.recording}"
    answer = await client.get(f"{path}/seal")
    assert (await answer.json())["sha256"] == hashlib.sha256(whole).hexdigest()
    await flip(file, -1)
    answer = await client.get(f"{path}/audio", headers={"Range": "bytes=0-99"})
    assert (answer.status, await answer.read()) == (206, whole[:100])
    assert (await client.get(f"{path}/seal")).status == 409
    changed = ("auditor", f"recording:{hospital.recording}")
    assert await plays(database, "recording-changed") == [changed]
    for part in ("audio", "download"):
        answer = await client.get(f"{path}/{part}", headers={"Range": "bytes=0-99"})
        assert answer.status == 409
    assert await plays(database, "recording-changed") == [changed], "it is told once"


async def test_a_changed_piece_breaks_the_sound_off_and_is_never_sent(
        client: Client, database: Database, settings: Settings, hospital: Hospital,
        sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: Sound) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(playing, "AT_ONCE", 0)
    monkeypatch.setattr(Sound, "check", never)
    await sign_in("auditor")
    whole, file = await encrypt(database, settings)
    await flip(file, len(whole) // 2)
    answer = await client.get(f"/recordings/{hospital.recording}/audio")
    heard = bytearray()
    with pytest.raises(ClientError):
        while True:
            heard += await answer.content.readany() or pytest.fail("it ended as if it were whole")
    assert heard == whole[:len(heard)]
    assert len(heard) < len(whole) // 2


async def test_a_message_of_a_call_that_was_not_recorded_is_heard_with_a_trace(
        client: Client, database: Database, settings: Settings, hospital: Hospital,
        sign_in: SignIn) -> None:
    name = f"{message_name(hospital.escalated, 1)}.wav"
    settings.spool_dir.mkdir(parents=True)
    (settings.spool_dir / name).write_bytes(b"RIFF of a message")
    async with database.session() as session:
        response = (await session.scalars(select(Response).where(
            Response.task_id == hospital.tasks[0]))).one()
        session.add(Answer(response_id=response.id, attempt_id=hospital.escalated,
                           link_id="message", heard="5000 ms", given_by=GivenBy.MESSAGE,
                           value={"valueAttachment": {"url": name}}))
        await session.execute(update(Recording).where(Recording.id == hospital.recording)
                              .values(state=RecordingState.REFUSED))
    await seal_messages(database, settings.spool_dir,
                        Vault.of(settings, load_secrets(settings.data_dir)))
    await sign_in("auditor")
    page = await (await client.get(f"/recordings/{hospital.recording}")).text()
    path = f"/recordings/{hospital.recording}/messages/" + page.partition("/messages/")[2][:36]
    answer = await client.get(path)
    assert (answer.status, await answer.read()) == (200, b"RIFF of a message")
    [(who, what)] = await plays(database)
    assert (who, what.partition(":")[0]) == ("auditor", "voice-message")
    foreign = path.replace(str(hospital.recording), str(uuid.uuid4()))
    assert (await client.get(foreign)).status == 404
    async with database.session() as session:
        kept = (await session.scalars(select(VoiceMessage))).one()
    assert kept.file is not None
    file = settings.recordings_dir / kept.file
    sealed = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(sealed[:-9] + bytes([sealed[-9] ^ 1]) + sealed[-8:])
    assert (await client.get(path)).status == 409
    async with database.session() as session:
        [alarm] = await session.scalars(select(Alarm).where(
            Alarm.kind == AlarmKind.RECORDING_CHANGED))
    assert alarm.subject == str(hospital.recording)
