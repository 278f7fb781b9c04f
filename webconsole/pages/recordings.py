"""Playing a recording, and the peaks of its waveform. Browsers name a database id, never a file."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from followup.calls.models import Recording, RecordingState
from followup.database.engine import Database
from followup.errors import NotFound, Unavailable
from followup.people import audit
from recordings.errors import Changed, Missing
from recordings.naming import peaks_name
from recordings.peaks import measure
from recordings.plain import find_plain
from recordings.vault import Vault
from webconsole.keys import DATABASE, SETTINGS, VAULT, VISITOR
from webconsole.pages.inputs import path_id
from webconsole.playing import WAV, find_copy, find_sound, note_play
from webconsole.ranges import HEADERS, send
from webconsole.rights import LISTENS, allowed


@allowed(LISTENS)
async def audio(request: web.Request) -> web.StreamResponse:
    """GET /recordings/{id}/audio: the sealed original, with ``?copy`` its copy for browsers, by
    ranges. Every playback leaves an audit row before the first byte goes out; 404, with a row too,
    when there is nothing to play; 409 when it is not what was sealed."""
    recording_id, visitor = path_id(request), request[VISITOR]
    subject = f"recording:{recording_id}"
    recording = await _find(request.app[DATABASE], recording_id)
    try:
        sound = await find_sound(request, recording)
    except Missing as error:
        async with request.app[DATABASE].session() as session:
            audit.record(session, audit.PLAY_REFUSED, actor=visitor.actor, subject=subject,
                         address=visitor.address)
        raise NotFound("there is no such recording") from error
    if recording is None:
        raise AssertionError("a sound of no recording")
    await note_play(request, audit.PLAY_RECORDING, subject, attempt=str(recording.attempt_id))
    if isinstance(sound, Path):
        return web.FileResponse(sound, headers={**HEADERS, "Content-Type": WAV})
    copy = await find_copy(request, recording) if "copy" in request.query else None
    return await send(request, *(copy or (sound, WAV)))


@allowed(LISTENS)
async def peaks(request: web.Request) -> web.Response:
    """GET /recordings/{id}/peaks: how loud each side is, as JSON; 404 when there is nothing to
    draw. No word can be made out of it, so it leaves no audit row: playing does."""
    recording = await _find(request.app[DATABASE], path_id(request))
    return web.Response(body=await peaks_of(request, recording), content_type="application/json",
                        headers={"Cache-Control": "private, no-store"})


async def peaks_of(request: web.Request, recording: Recording | None) -> bytes:
    """The peaks as JSON: kept ones, else made now and kept. NotFound, Changed."""
    if recording is None or recording.state is not RecordingState.SEALED or not recording.file:
        raise NotFound("there is no such recording")
    try:
        if recording.stored is None:
            path = find_plain(request.app[SETTINGS].recordings_dir, recording.file)
            content = await asyncio.to_thread(path.read_bytes)
            return (await asyncio.to_thread(measure, content)).to_json().encode()
        return await _kept_peaks(request.app[VAULT], recording)
    except (Missing, ValueError, OSError) as error:
        raise NotFound("there are no peaks of this recording") from error


async def _kept_peaks(vault: Vault, recording: Recording) -> bytes:
    file, stored = recording.file, recording.stored
    if file is None or stored is None:
        raise Missing
    name = peaks_name(file)
    try:
        return await (await vault.open(name, stored)).read()
    except (Missing, Changed):
        pass                                  # not made yet, or not fit to be shown
    content = await (await vault.open(file, stored)).read()
    made = (await asyncio.to_thread(measure, content)).to_json().encode()
    with suppress(OSError, Unavailable):      # it costs only the time to make them anew
        await vault.put(name, len(made), hashlib.sha256(made).hexdigest(), (made,), stored)
    return made


async def _find(database: Database, recording_id: uuid.UUID) -> Recording | None:
    async with database.session() as session:
        return await session.get(Recording, recording_id)
