"""A message to the patient of a case: chosen, previewed, sent."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from followup.cases import messages, register
from followup.cases.messages import NotMessaged, WrongWords
from followup.errors import Conflict
from webconsole.case_words import by
from webconsole.keys import DATABASE, POST
from webconsole.message_form import draft_of, said
from webconsole.pages import case as case_page
from webconsole.pages.inputs import form_id, path_id, text, wants_part
from webconsole.rights import SENDS_MESSAGES, allowed
from webconsole.templating import render


@allowed(SENDS_MESSAGES)
async def preview(request: web.Request) -> web.Response:
    """POST /cases/{id}/message/preview: the fields of ``send``. The form with the text as it will
    be, in how many parts and when; nothing is stored."""
    case_id, form = path_id(request), _form(await request.post())
    if not wants_part(request):
        return await case_page.show(request, case_id, message=form)
    async with request.app[DATABASE].session() as session:
        case = await register.find_case(session, case_id)
        draft = await draft_of(request, session, case, form)
    return render(request, "parts/case_message.html", case=case, draft=draft)


@allowed(SENDS_MESSAGES)
async def send(request: web.Request) -> web.Response:
    """POST /cases/{id}/message: message (the form's id), to, template, say_<variable>. 422 names
    the variables that do not fit; 409 when nobody may be written to."""
    case_id, form = path_id(request), _form(await request.post())
    post = request.app[POST]
    if post is None:
        raise Conflict("messages are not set up")
    try:
        async with request.app[DATABASE].session() as session:
            await messages.message_patient(
                session, case_id, post, by(request), message_id=form_id(form.get("id"), "id"),
                to=form.get("to", ""), template=form.get("template", ""), typed=said(form))
    except WrongWords as wrong:
        return await case_page.show(request, case_id, status=422, message=form,
                                    message_faults=wrong.faults)
    except NotMessaged as refused:
        return await case_page.show(request, case_id, status=409, message=form,
                                    message_why=refused.why)
    raise web.HTTPSeeOther(f"/cases/{case_id}#history-h")


def _form(posted: Mapping[str, object]) -> dict[str, str]:
    return {name: text(value, 600) for name, value in posted.items() if isinstance(value, str)}
