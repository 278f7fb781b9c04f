"""What patients hear: who says each prompt, listening to it, recordings coming in and going out."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from followup.errors import InvalidInput, NotFound
from followup.people import audit
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE
from followup.views import overview
from followup.views.prompts import spoken_questionnaires
from ivr.prompts.book import PromptBook
from ivr.prompts.decoding import MAX_BYTES
from ivr.prompts.errors import BadRecording
from ivr.prompts.fixed import is_fixed, write_fixed
from ivr.prompts.inventory import Entry, State, find, inventory
from webconsole.exporting import Lines, Taken, send
from webconsole.formats import exact
from webconsole.keys import BOOK, CATALOGUES, DATABASE, SETTINGS, TIMEZONE, VISITOR
from webconsole.pages.inputs import text
from webconsole.rights import RECORDS_PROMPTS, allowed, exports, uploads
from webconsole.templating import render

SHOWN = ("missing", "recorded", "all")
COLUMNS = ("prompt", "said", "spoken_by", "recorded_by", "recorded_at", "note")
_FORM_BYTES = 100_000        # of a form beside its file


@allowed(RECORDS_PROMPTS)
async def listing(request: web.Request) -> web.Response:
    """GET /prompts: ``language``, ``show`` (missing, recorded, all), ``q`` (part of what is said),
    ``done`` (just changed)."""
    return await _page(request, _language(request, request.query.get("language")),
                       _show(request.query.get("show")), q=text(request.query.get("q"), 60),
                       done=text(request.query.get("done"), 200))


@exports(RECORDS_PROMPTS)
async def export(request: web.Request) -> web.StreamResponse:
    """GET /prompts/export: the same lines, for who is to speak them; ``format`` csv or xlsx."""
    language = _language(request, request.query.get("language"))
    show, q = _show(request.query.get("show")), text(request.query.get("q"), 60)
    translate, zone = request.app[CATALOGUES][request[VISITOR].locale], request.app[TIMEZONE]
    _, entries = await _look(request, language)
    rows = [[entry.id, entry.text, translate(f"prompt_state.{entry.state.value}"),
             (entry.recording.by or "") if entry.recording else "",
             exact(entry.recording.at, zone) if entry.recording else "",
             "" if entry.recordable else translate("prompts.voice_only")]
            for entry in _groups(_said(entries, q))[show]]

    async def lines(_: AsyncSession, __: str, ___: int) -> tuple[Lines, str | None]:
        return rows, None

    return await send(request, Taken(
        "prompts", [translate(f"column.{name}") for name in COLUMNS], lines,
        {"language": language, "show": show, "q": q}))


@allowed(RECORDS_PROMPTS)
async def sound(request: web.Request) -> web.StreamResponse:
    """GET /prompts/sound: what a patient hears of ``id`` in ``language``, with sample values."""
    language = _language(request, request.query.get("language"))
    book, entries = await _look(request, language)
    entry = _find(entries, request.query.get("id"))
    path = await asyncio.to_thread(book.render, entry.prompt)
    return web.FileResponse(path, headers={"Content-Type": "audio/wav",
                                           "Content-Disposition": "inline"})


@allowed(RECORDS_PROMPTS)
@uploads(MAX_BYTES + _FORM_BYTES)
async def add(request: web.Request) -> web.Response:
    """POST /prompts/recording: id, language, file. 422 with the reason when it is not fit."""
    form, visitor = await request.post(), request[VISITOR]
    language, show = _language(request, form.get("language")), _show(form.get("show"))
    book, entries = await _look(request, language)
    entry, file = _find(entries, form.get("id")), form.get("file")
    if not entry.recordable:
        raise InvalidInput("id: only a voice can speak this prompt", field="id")
    if not isinstance(file, web.FileField) or not file.filename:
        return await _page(request, language, show, status=422, entry_id=entry.id, fault="none")
    by = visitor.user.name if visitor.user else visitor.actor
    try:
        await asyncio.to_thread(_take, book, entry, file, by,
                                request.app[SETTINGS].hospital_names)
    except BadRecording as refused:
        return await _page(request, language, show, status=422, entry_id=entry.id,
                           fault=refused.reason)
    await _write_down(request, audit.ADD_PROMPT, entry)
    return _onward(entry, show)


@allowed(RECORDS_PROMPTS)
async def remove(request: web.Request) -> web.Response:
    """POST /prompts/recording/remove: id, language. The voice speaks again."""
    form = await request.post()
    language, show = _language(request, form.get("language")), _show(form.get("show"))
    book, entries = await _look(request, language)
    entry = _find(entries, form.get("id"))
    if await asyncio.to_thread(book.recordings.remove, entry.id, language):
        await _write_down(request, audit.REMOVE_PROMPT, entry)
        if is_fixed(entry.id):
            await asyncio.to_thread(write_fixed, book, language,
                                    request.app[SETTINGS].hospital_names)
    return _onward(entry, show)


def _take(book: PromptBook, entry: Entry, file: web.FileField, by: str,
          hospital: dict[str, str]) -> None:
    """Check and keep it, and make it fit now, so that no call waits for it. Blocking."""
    book.recordings.add(entry.id, entry.language, file.file.read(), by=by, text=entry.text)
    if is_fixed(entry.id):
        write_fixed(book, entry.language, hospital)
    else:
        book.fit(entry.id, entry.language)


async def _write_down(request: web.Request, action: str, entry: Entry) -> None:
    visitor = request[VISITOR]
    async with request.app[DATABASE].session() as session:
        audit.record(session, action, actor=visitor.actor, address=visitor.address,
                     subject=f"prompt:{entry.language}/{entry.id}")


def _onward(entry: Entry, show: str) -> web.Response:
    query = urlencode({"language": entry.language, "show": show, "done": entry.id})
    return web.Response(status=303, headers={"Location": f"/prompts?{query}"})


async def _look(request: web.Request, language: str) -> tuple[PromptBook, list[Entry]]:
    """The book with the questionnaires that are being said, and all prompts of a language."""
    async with request.app[DATABASE].session() as session:
        known = await spoken_questionnaires(session)

    def work() -> tuple[PromptBook, list[Entry]]:
        spoken = known or [load_questionnaire(POST_DISCHARGE.read_bytes())]
        book = request.app[BOOK]
        for questionnaire in spoken:
            book = book.reading(questionnaire)
        return book, list(inventory(book, language, spoken,
                                    request.app[SETTINGS].hospital_names))

    return await asyncio.to_thread(work)


async def _page(request: web.Request, language: str, show: str, *, status: int = 200,
                **more: Any) -> web.Response:
    _, entries = await _look(request, language)
    async with request.app[DATABASE].session() as session:
        alerts, _ = await overview.alert_counts(session)
    groups = _groups(_said(entries, more.get("q", "")))
    shown = groups[show]
    if more.get("entry_id"):         # a row with a fault is shown whatever the filter says
        shown = [entry for entry in entries if entry in shown or entry.id == more["entry_id"]]
    changed = next((entry for entry in entries if entry.id == more.get("done")), None)
    return render(request, "prompts.html", status=status, entries=shown, language=language,
                  languages=request.app[SETTINGS].prompts.languages, show=show, q=more.get("q", ""),
                  counts={name: len(group) for name, group in groups.items()},
                  changed=changed, State=State, open_alerts=alerts,
                  entry_id=more.get("entry_id", ""), fault=more.get("fault", ""),
                  megabytes=MAX_BYTES // 1_000_000)


def _said(entries: list[Entry], q: str) -> list[Entry]:
    """Those of whose words, or id, this is a part."""
    return [entry for entry in entries
            if q.lower() in entry.text.lower() or q.lower() in entry.id.lower()]


def _groups(entries: list[Entry]) -> dict[str, list[Entry]]:
    return {"missing": [entry for entry in entries if entry.missing],
            "recorded": [entry for entry in entries if entry.recording], "all": entries}


def _find(entries: list[Entry], prompt_id: object) -> Entry:
    try:
        return find(entries, prompt_id if isinstance(prompt_id, str) else "")
    except InvalidInput as error:
        raise NotFound("there is no such prompt") from error


def _language(request: web.Request, value: object) -> str:
    """One of the settings' languages, the first where none is named."""
    languages = request.app[SETTINGS].prompts.languages
    if not value:
        return languages[0]
    if value not in languages:
        raise NotFound("there are no prompts in this language")
    return str(value)


def _show(value: object) -> str:
    return value if isinstance(value, str) and value in SHOWN else SHOWN[0]
