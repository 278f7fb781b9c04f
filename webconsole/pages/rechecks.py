"""The answers of a second call that somebody makes by hand."""

from __future__ import annotations

import uuid
from typing import Any

from aiohttp import web

from followup.errors import Forbidden, InvalidInput, NotFound
from followup.people import audit
from followup.questionnaires.library import parsed
from followup.responses.store import deadlines
from followup.spotchecks import rechecks
from followup.spotchecks.desk import Actor
from followup.spotchecks.models import CallAgainBy
from followup.spotchecks.typed import TEXT_LENGTH, field_of, questions
from followup.views import overview, spotchecks
from followup.views.wording import Wording
from webconsole.keys import DATABASE, SETTINGS, VISITOR
from webconsole.pages.inputs import path_id, text
from webconsole.rights import TAKES_CALLS, allowed
from webconsole.templating import render


@allowed(TAKES_CALLS)
async def page(request: web.Request) -> web.Response:
    """GET /spot-checks/items/{id}/answers: the questions, without the first call's answers."""
    check_id, visitor = path_id(request), request[VISITOR]
    values = await _look(request, check_id)
    async with request.app[DATABASE].session() as session:
        audit.record(session, audit.VIEW_PATIENT, actor=visitor.actor, address=visitor.address,
                     subject=f"patient:{values['patient'].id}", call_again=str(check_id))
    return render(request, "recheck.html", **values)


@allowed(TAKES_CALLS)
async def keep(request: web.Request) -> web.Response:
    """POST /spot-checks/items/{id}/answers: by field. 422 names the question, keeps the rest."""
    check_id, visitor = path_id(request), request[VISITOR]
    form, settings = await request.post(), request.app[SETTINGS].dialer
    if visitor.user is None:
        raise Forbidden
    typed = {name: [text(value, TEXT_LENGTH) for value in form.getall(name)]
             for name in form if name.startswith("answer-")}
    try:
        async with request.app[DATABASE].session() as session:
            await rechecks.answer_again(
                session, check_id, typed, deadlines(settings.critical_deadline_min,
                                                    settings.abnormal_deadline_min),
                Actor(visitor.user, visitor.address))
    except InvalidInput as wrong:
        return render(request, "recheck.html", status=422,
                      **await _look(request, check_id, typed=typed, fault=wrong.field))
    raise web.HTTPSeeOther("/phone")


async def _look(request: web.Request, check_id: uuid.UUID, *,
                typed: dict[str, list[str]] | None = None, fault: str = "") -> dict[str, Any]:
    async with request.app[DATABASE].session() as session:
        looked = await spotchecks.find_check(session, check_id)
        recall = looked.check.recall
        if recall is None or recall.how is not CallAgainBy.HAND:
            raise NotFound("nobody is to be called by hand")
        row = await rechecks.questionnaire_of(session, recall)
        count, _ = await overview.alert_counts(session)
    locale = request[VISITOR].locale
    return {"looked": looked, "patient": looked.patient, "stay": looked.stay, "recall": recall,
            "items": [(field_of(item), item) for item in questions(parsed(row))],
            "wording": Wording(row.resource, locale), "typed": typed or {}, "fault": fault,
            "open_alerts": count}
