"""Playing: by ranges, only what the database names, and never without a trace."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from sqlalchemy import select, update

from followup.calls.models import Recording, RecordingState
from followup.database.engine import Database
from followup.people.models import AuditEvent
from followup.settings import Settings
from tests.webconsole.conftest import Client, SignIn
from tests.webconsole.hospital import Hospital
from webconsole.pages.recordings import find_file


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
    assert find_file(tmp_path, "a.wav") == tmp_path / "a.wav"
    for name in (None, "", ".", "a\x00.wav", "a.wav/b.wav", "../" + tmp_path.name + "x/a.wav"):
        assert find_file(tmp_path, name) is None
