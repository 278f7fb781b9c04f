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
from followup.recordings.models import VoiceMessage
from recordings.alarms import tell_changed
from recordings.errors import Changed, Missing
from recordings.naming import peaks_name
from recordings.peaks import measure
from recordings.plain import find_plain
from recordings.vault import Sound, Vault
from webconsole.keys import DATABASE, SETTINGS, VAULT, VISITOR
from webconsole.pages.inputs import known_id, path_id
from webconsole.playing import WAV, find_copy, find_sound, note_play
from webconsole.ranges import HEADERS, send, to_keep
from webconsole.rights import DOWNLOADS_RECORDINGS, LISTENS, allowed


@allowed(LISTENS)
async def audio(request: web.Request) -> web.StreamResponse:
    """GET /recordings/{id}/audio: the sealed original, with ``?copy=opus`` a copy, by
    ranges. Every playback leaves an audit row before the first byte goes out; 404, with a row too,
    when there is nothing to play; 409 when it is not what was sealed."""
    visitor, subject = request[VISITOR], f"recording:{path_id(request)}"
    try:
        recording, sound = await _open(request)
    except Missing as error:
        async with request.app[DATABASE].session() as session:
            audit.record(session, audit.PLAY_REFUSED, actor=visitor.actor, subject=subject,
                         address=visitor.address)
        raise NotFound("there is no such recording") from error
    await note_play(request, audit.PLAY_RECORDING, subject,
                    attempt=str(recording.attempt_id))
    if isinstance(sound, Path):
        return web.FileResponse(sound, headers={**HEADERS, "Content-Type": WAV})
    copy = await find_copy(request, recording, sound)
    return await send(request, *(copy or (sound, WAV)))


@allowed(DOWNLOADS_RECORDINGS)
async def download(request: web.Request) -> web.StreamResponse:
    """GET /recordings/{id}/download: the sealed original to keep, with an audit row before its
    first byte; 404 when there is none, 409 when it is not what was sealed."""
    visitor = request[VISITOR]
    try:
        recording, sound = await _open(request, whole=True)
    except Missing as error:
        raise NotFound("there is no such recording") from error
    async with request.app[DATABASE].session() as session:
        audit.record(session, audit.DOWNLOAD_RECORDING, actor=visitor.actor,
                     subject=f"recording:{recording.id}", address=visitor.address,
                     attempt=str(recording.attempt_id), sha256=recording.sha256)
    name = f"{recording.created_at:%Y%m%d}-{recording.id}.wav"
    if isinstance(sound, Path):
        return web.FileResponse(sound, headers={**HEADERS, **to_keep(name), "Content-Type": WAV})
    return await send(request, sound, WAV, to_keep(name))


@allowed(LISTENS)
async def seal(request: web.Request) -> web.Response:
    """GET /recordings/{id}/seal: the hash once every byte is known to be what was sealed, 409 when
    it is not, 404 when there is nothing. The player asks while it plays."""
    try:
        recording, _ = await _open(request, whole=True)
    except Missing as error:
        raise NotFound("there is no such recording") from error
    return web.json_response({"sha256": recording.sha256},
                             headers={"Cache-Control": "private, no-store"})


@allowed(LISTENS)
async def peaks(request: web.Request) -> web.Response:
    """GET /recordings/{id}/peaks: how loud each side is, as JSON; 404 when there is nothing to
    draw. No word can be made out of it, so it leaves no audit row: playing does."""
    recording = await _find(request.app[DATABASE], path_id(request))
    return web.Response(body=await peaks_of(request, recording), content_type="application/json",
                        headers={"Cache-Control": "private, no-store"})


@allowed(LISTENS)
async def message(request: web.Request) -> web.StreamResponse:
    """GET /recordings/{id}/messages/{message}: what a patient left as an answer, as a WAV, by
    ranges, with an audit row before its first byte; 404, 409 as for the recording."""
    message_id = known_id(request.match_info["message"], "there is no such message")
    async with request.app[DATABASE].session() as session:
        row = await session.get(VoiceMessage, message_id)
    if row is None or row.recording_id != path_id(request) or not row.file or not row.stored:
        raise NotFound("there is no such message")
    try:
        sound = await request.app[VAULT].open_checked(row.file, row.stored, row.sha256)
    except (Missing, Changed) as error:
        visitor = request[VISITOR]
        async with request.app[DATABASE].session() as session:
            await tell_changed(session, row.recording_id, error, actor=visitor.actor,
                               address=visitor.address)
        if isinstance(error, Changed):
            raise
        raise NotFound("there is no such message") from error
    await note_play(request, audit.PLAY_RECORDING, f"voice-message:{row.id}",
                    recording=str(row.recording_id))
    return await send(request, sound, WAV)


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


async def _open(request: web.Request, *,
                whole: bool = False) -> tuple[Recording, Sound | Path]:
    """The recording of the path and its sound; Missing, Changed."""
    recording = await _find(request.app[DATABASE], path_id(request))
    if recording is None:
        raise Missing
    return recording, await find_sound(request, recording, whole=whole)


async def _find(database: Database, recording_id: uuid.UUID) -> Recording | None:
    async with database.session() as session:
        return await session.get(Recording, recording_id)
