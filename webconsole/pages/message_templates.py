"""The templates of text messages: seen, written, tried on a patient who does not exist."""

from __future__ import annotations

import uuid
from typing import Any

from aiohttp import web

from followup.messages import templates
from followup.messages.models import MessageTemplateRow
from followup.messages.templates import CodeTaken, Outdated
from followup.people import audit
from followup.views import audit as trail
from followup.views import overview
from webconsole.forms.message_template import POSITION_MOST, TemplateForm, preview
from webconsole.keys import CATALOGUES, DATABASE, POST, SETTINGS, VISITOR
from webconsole.pages.audit import said
from webconsole.pages.inputs import known_id, path_id, wants_part
from webconsole.rights import SETS_UP_MESSAGES, allowed
from webconsole.templating import render

MOST_VERSIONS = 200          # that are shown; the audit trail has them all


@allowed(SETS_UP_MESSAGES)
async def listing(request: web.Request) -> web.Response:
    """GET /messages/templates."""
    async with request.app[DATABASE].session() as session:
        rows = await templates.every(session)
        alerts, _ = await overview.alert_counts(session)
    return render(request, "message_templates.html", rows=rows, open_alerts=alerts,
                  set_up=request.app[POST] is not None)


@allowed(SETS_UP_MESSAGES)
async def new(request: web.Request) -> web.Response:
    """GET /messages/templates/new."""
    return await _page(request, TemplateForm())


@allowed(SETS_UP_MESSAGES)
async def page(request: web.Request) -> web.Response:
    """GET /messages/templates/{id}."""
    async with request.app[DATABASE].session() as session:
        row = await templates.find(session, path_id(request))
    return await _page(request, TemplateForm.of(row), row.id, seen=row.version)


@allowed(SETS_UP_MESSAGES)
async def versions(request: web.Request) -> web.Response:
    """GET /messages/templates/{id}/versions: who changed what, when; as the audit trail has it."""
    translate = request.app[CATALOGUES][request[VISITOR].locale]
    async with request.app[DATABASE].session() as session:
        row = await templates.find(session, path_id(request))
        events = await trail.history(session, f"message-template:{row.id}",
                                     audit.SET_UP_MESSAGES, MOST_VERSIONS)
        names = await trail.names_of_people(session, {event.actor for event in events})
        alerts, _ = await overview.alert_counts(session)
    lines = [(row.version - back, event, names.get(event.actor, ""),
              [said(change, "message-template", event.action, translate)
               for change in trail.changes(event.detail)])
             for back, event in enumerate(events)]
    return render(request, "message_template_versions.html", row=row, lines=lines,
                  open_alerts=alerts)


@allowed(SETS_UP_MESSAGES)
async def try_out(request: web.Request) -> web.Response:
    """POST /messages/templates/preview: the fields of ``save``. The form as it stands, with its
    faults and how a message would read; nothing is stored."""
    sent = await request.post()
    form = TemplateForm.sent(sent).checked()
    if wants_part(request):
        return render(request, "parts/message_template.html", form=form, **_reads(request, form))
    return await _page(request, form, _id(sent.get("id")), seen=_version(sent.get("seen")))


@allowed(SETS_UP_MESSAGES)
async def save(request: web.Request) -> web.Response:
    """POST /messages/templates: id (empty: a new one), seen (its version on the page), code, name,
    language, text, position, active, label_<variable>, length_<variable>. 422 with every fault at
    its field; 409 when somebody else was faster: what was typed, and what is so by now."""
    sent, visitor = await request.post(), request[VISITOR]
    form, template_id = TemplateForm.sent(sent).checked(), _id(sent.get("id"))
    seen = _version(sent.get("seen"))
    if form.faults:
        return await _page(request, form, template_id, seen=seen, status=422)
    try:
        async with request.app[DATABASE].session() as session:
            await templates.save(session, template_id, form.read(), position=int(form.position),
                                 active=form.active, seen=seen, actor=visitor.actor,
                                 address=visitor.address)
    except CodeTaken:
        return await _page(request, form.wrong("code", "code_taken"), template_id, seen=seen,
                           status=422)
    except Outdated:
        return await _page(request, form, template_id, status=409)
    raise web.HTTPSeeOther("/messages/templates")


async def _page(request: web.Request, form: TemplateForm, template_id: uuid.UUID | None = None, *,
                seen: int = 0, status: int = 200) -> web.Response:
    row: MessageTemplateRow | None = None
    async with request.app[DATABASE].session() as session:
        if template_id is not None:
            row = await templates.find(session, template_id)
        alerts, _ = await overview.alert_counts(session)
    conflict = status == 409
    return render(request, "message_template.html", status=status, form=form, row=row,
                  seen=row.version if row and conflict else seen, conflict=conflict,
                  position_most=POSITION_MOST, open_alerts=alerts, **_reads(request, form))


def _reads(request: web.Request, form: TemplateForm) -> dict[str, Any]:
    """What the part of the form needs that follows the text."""
    post, names = request.app[POST], request.app[SETTINGS].hospital_names
    signed_by = post.settings.sign_name if post else names["zh"]
    return {"preview": preview(form, signed_by, names)}


def _id(told: object) -> uuid.UUID | None:
    return known_id(told, "there is no such template") if isinstance(told, str) and told else None


def _version(told: object) -> int:
    return int(told) if isinstance(told, str) and told.isascii() and told.isdigit() else 0
