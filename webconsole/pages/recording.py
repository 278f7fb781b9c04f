"""One recording: its seal, what was heard, comments, clips for others in the house, legal hold."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from followup.calls.models import Recording, RecordingState
from followup.errors import Conflict, InvalidInput, NotFound
from followup.people import audit
from followup.recordings import register
from followup.recordings.models import RecordingClip
from followup.recordings.register import By
from followup.views import overview, reach
from followup.views.recordings import find_whole
from followup.views.wording import Wording
from recordings.errors import Missing
from recordings.sealing import BYTES_PER_MS, HEADER, header
from recordings.vault import Sound
from webconsole.keys import DATABASE, VISITOR
from webconsole.pages.inputs import known_id, local_path, path_id, text
from webconsole.playing import WAV, find_sound, note_play
from webconsole.ranges import send
from webconsole.rights import HOLDS_RECORDINGS, LISTENS, allowed
from webconsole.templating import render

FAULTS = ("reason", "text", "at", "from", "to", "days", "conflict")
DAYS = (1, 7, 30, 90)
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)(?:\.(\d))?", re.ASCII)
Form = dict[str, str]


@allowed(LISTENS)
async def page(request: web.Request) -> web.Response:
    """GET /recordings/{id}: leaves an audit row."""
    recording_id, visitor = path_id(request), request[VISITOR]
    answer, patient_id = await _page(request, recording_id)
    async with request.app[DATABASE].session() as session:
        audit.record(session, audit.VIEW_PATIENT, actor=visitor.actor, address=visitor.address,
                     subject=f"patient:{patient_id}", recording=str(recording_id))
    return answer


@allowed(HOLDS_RECORDINGS)
async def hold(request: web.Request) -> web.Response:
    """POST /recordings/{id}/hold: ``reason``."""
    return await _act(request, lambda session, recording, form, by: register.hold(
        session, recording, form.get("reason", ""), by))


@allowed(HOLDS_RECORDINGS)
async def release(request: web.Request) -> web.Response:
    """POST /recordings/{id}/release: ``reason``, ``next``: where to go on to."""
    return await _act(request, lambda session, recording, form, by: register.release(
        session, recording, form.get("reason", ""), by))


@allowed(LISTENS)
async def comment(request: web.Request) -> web.Response:
    """POST /recordings/{id}/comment: ``at`` (m:ss), ``text``."""
    user = request[VISITOR].user
    if user is None:
        raise NotFound
    return await _act(request, lambda session, recording, form, by: register.comment(
        session, recording, _moment(form, "at"), form.get("text", ""), user.id, by))


@allowed(LISTENS)
async def share(request: web.Request) -> web.Response:
    """POST /recordings/{id}/clips: ``from``, ``to`` (m:ss), ``title``, ``days``. The page that
    shows the clip's link, this once."""
    async def work(session: AsyncSession, recording: uuid.UUID, form: Form, by: By) -> str:
        days = form.get("days", "")
        return await register.share(
            session, recording, (_moment(form, "from"), _moment(form, "to")),
            form.get("title", ""), int(days) if days.isascii() and days.isdigit() else 0, by)
    return await _act(request, work)


@allowed(LISTENS)
async def revoke(request: web.Request) -> web.Response:
    """POST /recordings/{id}/revoke: ``clip``, its id."""
    return await _act(request, lambda session, recording, form, by: register.revoke(
        session, recording, known_id(form.get("clip", ""), "there is no such clip"), by))


@allowed(LISTENS)
async def clip(request: web.Request) -> web.Response:
    """GET /clips/{token}: for whoever is signed in and may listen; 404 once it is over."""
    found = await _clip(request)
    async with request.app[DATABASE].session() as session:
        alerts, _ = await overview.alert_counts(session)
    return render(request, "clip.html", clip=found, token=request.match_info["token"],
                  open_alerts=alerts)


@allowed(LISTENS)
async def clip_audio(request: web.Request) -> web.StreamResponse:
    """GET /clips/{token}/audio: the stretch alone, as a WAV, by ranges; leaves an audit row."""
    found = await _clip(request)
    try:
        sound = await find_sound(request, found.recording)
    except Missing as error:
        raise NotFound("there is no such clip") from error
    if isinstance(sound, Path):
        raise NotFound("the recording has not been moved into the storage yet")
    await note_play(request, audit.PLAY_CLIP, f"clip:{found.id}",
                    recording=str(found.recording_id))
    return await send(request, Stretch.of(sound, found.from_ms, found.to_ms), WAV)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a sealed WAV as a WAV of its own; only its chunks are decrypted."""

    sound: Sound
    start: int                       # in the original, bytes
    head: bytes
    size: int

    @classmethod
    def of(cls, sound: Sound, from_ms: int, to_ms: int) -> Stretch:
        start = HEADER + from_ms * BYTES_PER_MS
        samples = max(0, min(sound.size, HEADER + to_ms * BYTES_PER_MS) - start)
        return cls(sound, start, header(samples), HEADER + samples)

    async def pieces(self, start: int, length: int) -> AsyncIterator[bytes]:
        """See ``webconsole.ranges.Readable``."""
        end = start + length
        if start < HEADER:
            yield self.head[start:end]
        first = max(start, HEADER)
        if end > first:
            async for piece in self.sound.pieces(self.start + first - HEADER, end - first):
                yield piece


async def _clip(request: web.Request) -> RecordingClip:
    async with request.app[DATABASE].session() as session:
        clip = await register.find_clip(session, request.match_info["token"])
        await reach.require(session, Recording, clip.recording_id)
        return clip


async def _act(request: web.Request, work: Callable[[AsyncSession, uuid.UUID, Form, By],
                                                    Awaitable[str | None]]) -> web.Response:
    recording_id, visitor = path_id(request), request[VISITOR]
    form = {name: text(value, register.WORDS) for name, value in (await request.post()).items()}
    try:
        async with request.app[DATABASE].session() as session:
            token = await work(session, recording_id, form, By(visitor.actor, visitor.address))
    except (InvalidInput, Conflict) as error:
        fault = "conflict" if isinstance(error, Conflict) else error.field
        return (await _page(request, recording_id, status=error.status, fault=fault, typed=form,
                            part=request.path.rpartition("/")[2]))[0]
    if token:
        return (await _page(request, recording_id, token=token))[0]
    raise web.HTTPSeeOther(local_path(form.get("next") or f"/recordings/{recording_id}"))


async def _page(request: web.Request, recording_id: uuid.UUID, status: int = 200,
                **more: Any) -> tuple[web.Response, uuid.UUID]:
    async with request.app[DATABASE].session() as session:
        whole = await find_whole(session, recording_id)
        alerts, _ = await overview.alert_counts(session)
    given: dict[str, Any] = {"fault": "", "token": "", "part": ""} | more
    given["typed"] = defaultdict(str, given.get("typed") or {})
    wording = Wording(whole.questionnaire.resource, request[VISITOR].locale)
    return render(request, "recording.html", status=status, whole=whole, wording=wording,
                  days=DAYS, words=register.WORDS, open_alerts=alerts,
                  SEALED=RecordingState.SEALED, **given), whole.patient.id


def _moment(form: Form, field: str) -> int:
    match = _CLOCK.fullmatch(form.get(field, ""))
    if match is None:
        raise InvalidInput(f"{field}: expected m:ss.t", field=field, expected="m:ss.t")
    hours, minutes, seconds, tenths = (int(part or 0) for part in match.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + tenths * 100
