"""What a browser plays of a recording: authentic piece by piece, and held against its seal.

Every piece is authenticated before it goes out, so nothing that was changed is ever heard. That no
byte of the whole was changed is known before the first goes out of what is short; of what is long,
while it plays, as nobody wants to wait for it: once something is found no more is sent.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from aiohttp import web

from followup.calls.models import CopyFormat, Recording, RecordingState
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
AT_ONCE = 4 * 2**20                  # bytes, two minutes: looked at in some hundredths of a second


async def find_sound(request: web.Request, recording: Recording | None, *,
                     whole: bool = False) -> Sound | Path:
    """The sealed original, or a plain file from before encryption; with ``whole`` every byte of it
    is known to be what was sealed. Missing; Changed, which leaves an alarm and a row of the audit
    trail."""
    if recording is None or recording.state is not RecordingState.SEALED:
        raise Missing
    vault, visitor, database = request.app[VAULT], request[VISITOR], request.app[DATABASE]
    recording_id = recording.id

    async def tell(wrong: Changed | Missing | None) -> None:
        async with database.session() as session:
            if wrong is None:
                await note_checked(session, recording_id)
            else:
                await tell_changed(session, recording_id, wrong, actor=visitor.actor,
                                   address=visitor.address)

    try:
        if recording.stored is None:
            plain = await check_plain(request.app[SETTINGS].recordings_dir, recording.file,
                                      recording.sha256 or "")
            await tell(None)
            return plain
        sound = await vault.open(recording.file or "", recording.stored, recording.sha256 or "")
    except Changed as error:
        await tell(error)
        raise
    verdict = vault.verdict(sound) or vault.look(sound, tell)
    if (whole or sound.size <= AT_ONCE or verdict.done()) and (
            wrong := await asyncio.shield(verdict)):
        raise wrong
    return replace(sound, verdict=verdict)


async def find_copy(request: web.Request, recording: Recording,
                    original: Sound) -> tuple[Sound, str] | None:
    """The copy for browsers that ``?copy`` names, with its type, if it can be read. What is found
    of the original stops it too."""
    form = request.query.get("copy", "")
    if form not in recording.copies or recording.stored is None or recording.file is None:
        return None
    name = copy_name(recording.file, form)
    try:
        sound = await request.app[VAULT].open(name, recording.stored)
    except (Missing, Changed):
        return None
    return replace(sound, verdict=original.verdict), TYPES[CopyFormat(form)]


async def note_play(request: web.Request, action: str, subject: str, **detail: str) -> None:
    """An audit row for each playback, before its first byte goes out."""
    visitor = request[VISITOR]
    async with request.app[DATABASE].session() as session:
        if starts(request) or not await audit.count(
                session, action, within=CONTINUES, actor=visitor.actor, subject=subject):
            audit.record(session, action, actor=visitor.actor, subject=subject,
                         address=visitor.address, **detail)


def starts(request: web.Request) -> bool:
    """Does this request begin at the beginning?"""
    wanted = request.headers.get("Range", "").replace(" ", "")
    return not wanted.startswith("bytes=") or wanted.startswith("bytes=0-")
