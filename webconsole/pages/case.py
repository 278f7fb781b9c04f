"""One case: what happened to it, and everything that can be done with it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web
from multidict import MultiMapping
from sqlalchemy.ext.asyncio import AsyncSession

from followup.calls.models import Attempt
from followup.cases import calls, changes, messages, register
from followup.cases.files import HEARD, MAX_BYTES, SHOWN, BadFile
from followup.cases.intake import NotTaken
from followup.cases.messages import WhyNoMessage
from followup.cases.models import CaseAttachment, EventKind
from followup.cases.setup import load_setup
from followup.cases.setup_changes import fill_in
from followup.cases.states import CaseState, Move, moves, needs_words
from followup.errors import Conflict, InvalidInput, NotFound
from followup.messages.wording import WrongWord
from followup.people import audit
from followup.people.models import User
from followup.views import cases, overview, reach
from followup.views.wording import Wording
from webconsole.case_words import CaseWords, by
from webconsole.keys import ATTACHMENTS, DATABASE, SETTINGS, VISITOR
from webconsole.message_form import draft_of
from webconsole.pages.case_form import FORM_BYTES, case_path, keep, read_files, version
from webconsole.pages.inputs import known_id, path_id, text
from webconsole.ranges import send
from webconsole.rights import HANDLES_CASES, SEES_CASES, TAKES_CALLS, allowed, uploads
from webconsole.templating import render

WORDS = changes.WORDS
TYPED = ("words", "owner", "department", "satisfaction")


@allowed(SEES_CASES)
async def page(request: web.Request) -> web.Response:
    """GET /cases/{id}: leaves an audit row."""
    return await show(request, path_id(request), new=bool(request.query.get("new")))


@allowed(SEES_CASES)
async def history(request: web.Request) -> web.Response:
    """GET /cases/{id}/live: the history of an open page, anew."""
    async with request.app[DATABASE].session() as session:
        case = await register.find_case(session, path_id(request))
        setup, told = await load_setup(session), await _told(session, case.id)
        words = CaseWords.of(request, setup, await cases.owners(session))
    return render(request, "parts/case_history.html", case=case, words=words,
                  EventKind=EventKind, **told)


@allowed(HANDLES_CASES)
async def move(request: web.Request) -> web.Response:
    """POST /cases/{id}/move: move, version, words, owner, department. 409 when somebody else was
    faster: the page shows how it is now, and keeps the words."""
    form, case_id = await request.post(), path_id(request)
    try:
        what = Move(str(form.get("move", "")))
    except ValueError as error:
        raise InvalidInput(f"move: expected one of {', '.join(Move)}", field="move",
                           expected=", ".join(Move)) from error
    words = text(form.get("words"), WORDS + 1)
    try:
        async with request.app[DATABASE].session() as session:
            owner = await _owner(session, form.get("owner"))
            await changes.move(session, case_id, what, version(form), by(request), words=words,
                               owner=owner, department=text(form.get("department"), 60))
            onward = await case_path(session, case_id)
    except (NotTaken, Conflict) as refused:
        return await _refused(request, case_id, refused, part=what.value, form=form)
    raise web.HTTPSeeOther(onward)


@allowed(HANDLES_CASES)
async def transfer(request: web.Request) -> web.Response:
    """POST /cases/{id}/transfer: version, department, owner, words."""
    form, case_id = await request.post(), path_id(request)
    words = text(form.get("words"), WORDS + 1)
    try:
        async with request.app[DATABASE].session() as session:
            owner = await _owner(session, form.get("owner"))
            await changes.transfer(session, case_id, version(form), by(request), owner=owner,
                                   department=text(form.get("department"), 61), words=words)
            onward = await case_path(session, case_id)
    except (NotTaken, Conflict) as refused:
        return await _refused(request, case_id, refused, part="transfer", form=form)
    raise web.HTTPSeeOther(onward)


@allowed(HANDLES_CASES)
async def say(request: web.Request) -> web.Response:
    """POST /cases/{id}/words: kind (note or reply), words."""
    form, case_id = await request.post(), path_id(request)
    words, kind = text(form.get("words"), WORDS + 1), str(form.get("kind", ""))
    try:
        told = EventKind.REPLY if kind == "reply" else EventKind.NOTE
        async with request.app[DATABASE].session() as session:
            await changes.say(session, case_id, told, words, by(request))
    except NotTaken as refused:
        return await _refused(request, case_id, refused, part="words", form=form)
    raise web.HTTPSeeOther(f"/cases/{case_id}")


@allowed(HANDLES_CASES)
async def draft(request: web.Request) -> web.Response:
    """POST /cases/{id}/draft: template, words. The field of words with the template's after them;
    nothing is stored."""
    form, visitor = await request.post(), request[VISITOR]
    async with request.app[DATABASE].session() as session:
        case = await register.find_case(session, path_id(request))
        setup = await load_setup(session)
    settings = request.app[SETTINGS]
    chosen = next((t.body for t in setup.templates if str(t.id) == form.get("template")), "")
    name = case.reporter or (case.patient.name if case.patient else "")
    filled = fill_in(chosen, number=case.number, name=name, hospital=settings.hospital_en
                     if visitor.locale == "en" else settings.hospital)
    words = "\n".join(part for part in (text(form.get("words"), WORDS), filled) if part)
    return render(request, "parts/case_words.html", words=words, fault="", words_length=WORDS)


@allowed(HANDLES_CASES)
async def rate(request: web.Request) -> web.Response:
    """POST /cases/{id}/satisfaction: satisfaction (1 to 5), words."""
    form, case_id = await request.post(), path_id(request)
    told, words = str(form.get("satisfaction", "")), text(form.get("words"), WORDS + 1)
    try:
        async with request.app[DATABASE].session() as session:
            await changes.rate(session, case_id, int(told) if told in "12345" and told else 0,
                               words, by(request))
    except (NotTaken, Conflict) as refused:
        return await _refused(request, case_id, refused, part="rate", form=form)
    raise web.HTTPSeeOther(f"/cases/{case_id}")


@allowed(HANDLES_CASES)
async def evidence(request: web.Request) -> web.Response:
    """POST /cases/{id}/evidence: attempt, the call to tie to the case."""
    case_id, told = path_id(request), str((await request.post()).get("attempt", ""))
    attempt = known_id(told, "there is no such call")
    try:
        async with request.app[DATABASE].session() as session:
            case = await register.find_case(session, case_id)
            await reach.require(session, Attempt, attempt)
            await register.add_evidence(session, case, attempt, by(request))
    except NotTaken as error:
        raise NotFound("there is no such call") from error
    raise web.HTTPSeeOther(f"/cases/{case_id}")


@allowed(TAKES_CALLS)
async def call(request: web.Request) -> web.Response:
    """POST /cases/{id}/call: extension, whose phone is to ring once the patient has answered."""
    case_id, told = path_id(request), text((await request.post()).get("extension"), 20)
    try:
        async with request.app[DATABASE].session() as session:
            await calls.call_patient(session, case_id, told, by(request))
    except calls.NotCalled as refused:
        return await show(request, case_id, status=409, not_called=refused.why.value)
    raise web.HTTPSeeOther(f"/cases/{case_id}#call-h")


@allowed(HANDLES_CASES)
@uploads(FORM_BYTES)
async def attach(request: web.Request) -> web.Response:
    """POST /cases/{id}/attachments: attachments. 422 with the reason when one is not taken."""
    form, case_id = await request.post(), path_id(request)
    try:
        files = await read_files(form.getall("attachments", []))
        async with request.app[DATABASE].session() as session:
            case = await register.find_case(session, case_id)
            await keep(request, files)
            await register.attach(session, case, files, by(request))
    except BadFile as refused:
        return await show(request, case_id, status=422, file_fault=refused)
    raise web.HTTPSeeOther(f"/cases/{case_id}")


@allowed(SEES_CASES)
async def attachment(request: web.Request) -> web.StreamResponse:
    """GET /cases/{id}/attachments/{file}: the file, with an audit row before its first byte."""
    case_id, me = path_id(request), by(request)
    file_id = known_id(request.match_info["file"], "there is no such file")
    async with request.app[DATABASE].session() as session:
        found = await session.get(CaseAttachment, file_id)
        if found is None or found.case_id != case_id:
            raise NotFound("there is no such file")
        file = await request.app[ATTACHMENTS].open(found.sha256)
        audit.record(session, audit.OPEN_ATTACHMENT, actor=me.username, address=me.address,
                     subject=f"case:{case_id}", file=str(file_id))
    how = "inline" if found.media_type in SHOWN else "attachment"
    headers = {
        "Content-Type": found.media_type, "Cache-Control": "private, no-store",
        # nothing in it may run, whatever it is
        "Content-Security-Policy": "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'"
                                   "; sandbox",
        "Content-Disposition": f"{how}; filename*=UTF-8''{quote(found.name)}"}
    if isinstance(file, Path):
        return web.FileResponse(file, headers=headers)
    return await send(request, file, found.media_type, headers)


async def _owner(session: Any, told: object) -> User | None:
    """The user that a form names; NotTaken when it is nobody who may own a case."""
    if not told:
        return None
    found = next((user for user in await cases.owners(session) if str(user.id) == told), None)
    if found is None:
        raise NotFound("there is no such user")
    return found


async def _refused(request: web.Request, case_id: uuid.UUID, refused: InvalidInput | Conflict, *,
                   part: str, form: MultiMapping[Any]) -> web.Response:
    """The page with what was typed in a part, and at which field it was not taken."""
    typed = {name: text(form.get(name), WORDS + 1) for name in TYPED}
    if isinstance(refused, NotTaken):
        fault = refused.faults[0]
        return await show(request, case_id, status=422, part=part, typed=typed,
                           fault=fault.wrong.value, fault_field=fault.field)
    return await show(request, case_id, status=409, part=part, typed=typed,
                      conflict=True)


async def _told(session: AsyncSession, case_id: uuid.UUID) -> dict[str, Any]:
    """The history of a case, and the messages that it names."""
    return {"events": await cases.events_of(session, case_id),
            "messages": await messages.messages_of(session, case_id)}


async def show(request: web.Request, case_id: uuid.UUID, *, status: int = 200,
               message: Mapping[str, str] | None = None,
               message_faults: Mapping[str, WrongWord] | None = None,
               message_why: WhyNoMessage | None = None, **more: Any) -> web.Response:
    """The page. ``message``: what was typed of one to the patient, and what is wrong with it."""
    me, locale = by(request), request[VISITOR].locale
    async with request.app[DATABASE].session() as session:
        case = await register.find_case(session, case_id)
        audit.record(session, audit.VIEW_CASE, actor=me.username, address=me.address,
                     subject=f"case:{case_id}",
                     **({"patient": str(case.patient_id)} if case.patient_id else {}))
        setup, owners = await load_setup(session), await cases.owners(session)
        proofs = await cases.evidence_of(session, case_id)
        tied = {proof.attempt.id for proof in proofs}
        values: Mapping[str, Any] = {
            **await _told(session, case_id),
            "attachments": await cases.attachments_of(session, case_id),
            "proofs": proofs, "owners": owners,
            "draft": await draft_of(request, session, case, message or {},
                                    faults=message_faults, why=message_why),
            "calls": [call for call in await cases.recorded_calls(session, case.patient_id)
                      if call.attempt.id not in tied] if case.patient_id else [],
            "departments": await cases.departments(session),
            "phones": await calls.on_duty(session),
            "last_call": await calls.last_call(session, case_id),
            "likes": await register.alike(
                session, patient_id=case.patient_id, description=case.description,
                leave_out=case.id, moment=case.created_at),
            "open_alerts": (await overview.alert_counts(session))[0]}
    steps = [(step, needs_words(case.kind, case.state, step))
             for step in moves(case.kind, case.state)]
    given = {"new": False, "part": "", "typed": {}, "fault": "", "fault_field": "",
             "conflict": False, "file_fault": None, "not_called": ""} | more
    return render(request, "case.html", status=status, case=case, steps=steps, Move=Move,
                  CaseState=CaseState, EventKind=EventKind, HEARD=HEARD, setup=setup,
                  megabytes=MAX_BYTES >> 20,
                  words=CaseWords.of(request, setup, owners), words_length=WORDS,
                  wordings={proof.attempt.id: Wording(proof.campaign.questionnaire.resource, locale)
                            for proof in proofs}, **values, **given)
