"""What a browser plays of a recording: checked against its seal before the first byte goes out."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

from aiohttp import web

from followup.calls.models import Recording, RecordingState
from followup.people import audit
from followup.recordings.register import note_checked
from recordings.alarms import tell_changed
from recordings.copies import TYPES
from recordings.errors import Changed, Missing
from recordings.naming import copy_name
from recordings.plain import check_plain
from recordings.vault import Sound
from webconsole.keys import DATABASE, SETTINGS, VAULT, VISITOR

# one playback is many range requests: those that do not start at the beginning count as its
# continuation for so long
CONTINUES = timedelta(minutes=30)
WAV = "audio/wav"


async def find_sound(request: web.Request, recording: Recording | None) -> Sound | Path:
    """The sealed original, whole and unchanged, or a plain file from before encryption. Missing;
    Changed, which leaves an alarm and a row of the audit trail."""
    if recording is None or recording.state is not RecordingState.SEALED:
        raise Missing
    vault, visitor = request.app[VAULT], request[VISITOR]
    try:
        if recording.stored is None:
            return await check_plain(request.app[SETTINGS].recordings_dir, recording.file,
                                     recording.sha256 or "")
        return await vault.open_checked(recording.file or "", recording.stored,
                                        recording.sha256 or "")
    except Changed as error:
        async with request.app[DATABASE].session() as session:
            await tell_changed(session, recording.id, error, actor=visitor.actor,
                               address=visitor.address)
        raise


async def find_copy(request: web.Request, recording: Recording) -> tuple[Sound, str] | None:
    """The copy for browsers with its type, if there is one that can be read."""
    if recording.copy_format is None or recording.stored is None or recording.file is None:
        return None
    name = copy_name(recording.file, recording.copy_format.value)
    try:
        sound = await request.app[VAULT].open(name, recording.stored)
    except (Missing, Changed):
        return None
    return sound, TYPES[recording.copy_format]


async def note_play(request: web.Request, action: str, subject: str, checked: uuid.UUID,
                    **detail: str) -> None:
    """An audit row for each playback, before its first byte goes out. ``checked``: the recording,
    which ``find_sound`` has found unchanged; that is noted too."""
    visitor = request[VISITOR]
    async with request.app[DATABASE].session() as session:
        if starts(request) or not await audit.count(
                session, action, within=CONTINUES, actor=visitor.actor, subject=subject):
            audit.record(session, action, actor=visitor.actor, subject=subject,
                         address=visitor.address, **detail)
            await note_checked(session, checked)


def starts(request: web.Request) -> bool:
    """Does this request begin at the beginning?"""
    wanted = request.headers.get("Range", "").replace(" ", "")
    return not wanted.startswith("bytes=") or wanted.startswith("bytes=0-")
