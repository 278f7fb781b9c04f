"""Playing a recording, and the peaks of its waveform. Browsers name a database id, never a file."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from pathlib import Path

from aiohttp import web

from followup.calls.models import Recording, RecordingState
from followup.errors import NotFound
from followup.people import audit
from recordings.peaks import peaks_json
from webconsole.keys import DATABASE, SETTINGS, VISITOR
from webconsole.pages.inputs import path_id
from webconsole.rights import DOWNLOADS_RECORDINGS, LISTENS, allowed

TYPES = {".wav": "audio/wav", ".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".opus": "audio/ogg",
         ".flac": "audio/flac", ".m4a": "audio/mp4"}
# one playback is many range requests: those that do not start at the beginning count as its
# continuation for so long
CONTINUES = timedelta(minutes=30)


@allowed(LISTENS)
async def audio(request: web.Request) -> web.StreamResponse:
    """GET /recordings/{id}/audio: the sound, by ranges. Every playback leaves an audit row before
    the first byte goes out; 404, with a row too, when there is nothing to play."""
    recording_id, visitor = path_id(request), request[VISITOR]
    subject = f"recording:{recording_id}"
    async with request.app[DATABASE].session() as session:
        recording = await session.get(Recording, recording_id)
        path = await _sealed_file(request, recording)
        if path is None:
            audit.record(session, audit.PLAY_REFUSED, actor=visitor.actor, subject=subject,
                         address=visitor.address)
        elif _starts(request) or not await audit.count(
                session, audit.PLAY_RECORDING, within=CONTINUES, actor=visitor.actor,
                subject=subject):
            audit.record(session, audit.PLAY_RECORDING, actor=visitor.actor, subject=subject,
                         address=visitor.address, attempt=_attempt(recording))
    if path is None:
        raise NotFound("there is no such recording")
    return web.FileResponse(path, headers={
        "Content-Type": TYPES[path.suffix], "Content-Disposition": "inline",
        "Cache-Control": "private, no-store"})


@allowed(DOWNLOADS_RECORDINGS)
async def download(request: web.Request) -> web.StreamResponse:
    """GET /recordings/{id}/download: the file to keep, with an audit row before its first byte."""
    visitor = request[VISITOR]
    async with request.app[DATABASE].session() as session:
        recording = await session.get(Recording, path_id(request))
        path = await _sealed_file(request, recording)
        if recording is None or path is None:
            raise NotFound("there is no such recording")
        audit.record(session, audit.DOWNLOAD_RECORDING, actor=visitor.actor,
                     subject=f"recording:{recording.id}", address=visitor.address,
                     attempt=_attempt(recording), sha256=recording.sha256)
    name = f"{recording.created_at:%Y%m%d}-{recording.id}{path.suffix}"
    return web.FileResponse(path, headers={
        "Content-Type": TYPES[path.suffix], "Cache-Control": "private, no-store",
        "Content-Disposition": f'attachment; filename="{name}"'})


@allowed(LISTENS)
async def peaks(request: web.Request) -> web.Response:
    """GET /recordings/{id}/peaks: how loud each side is, as JSON; 404 when there is nothing to
    draw. No word can be made out of it, so it leaves no audit row: playing does."""
    async with request.app[DATABASE].session() as session:
        recording = await session.get(Recording, path_id(request))
    path = await _sealed_file(request, recording)
    if recording is None or recording.sha256 is None or path is None or path.suffix != ".wav":
        raise NotFound("there is no such recording")
    try:
        text = await asyncio.to_thread(peaks_json, path, recording.sha256)
    except (ValueError, OSError) as error:
        raise NotFound("there are no peaks of this recording") from error
    return web.Response(text=text, content_type="application/json",
                        headers={"Cache-Control": "private, no-store"})


async def _sealed_file(request: web.Request, recording: Recording | None) -> Path | None:
    sealed = recording is not None and recording.state is RecordingState.SEALED
    name = recording.file if recording and sealed else None
    return await asyncio.to_thread(find_file, request.app[SETTINGS].recordings_dir, name)


def find_file(folder: Path, name: str | None) -> Path | None:
    """The sound file ``name`` within ``folder``, links followed; None when it lies outside, is no
    file, or no sound."""
    if not name:
        return None
    try:
        root = folder.resolve()
        path = (root / name).resolve()
        if path.is_relative_to(root) and path.is_file() and path.suffix in TYPES:
            return path
    except (OSError, ValueError):             # a loop of links, a NUL, a name too long
        pass
    return None


def _starts(request: web.Request) -> bool:
    wanted = request.headers.get("Range", "").replace(" ", "")
    return not wanted.startswith("bytes=") or wanted.startswith("bytes=0-")


def _attempt(recording: Recording | None) -> str:
    return str(recording.attempt_id) if recording else str(uuid.UUID(int=0))
