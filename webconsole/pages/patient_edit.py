"""Putting a patient's particulars right: language, whether to call, further numbers."""

from __future__ import annotations

import uuid

from aiohttp import web

from followup.errors import Conflict
from followup.patients import particulars
from followup.people import audit
from followup.views import overview, patients
from webconsole.forms.patient import MOST, SPARE, WHY_MOST, Line, ParticularsForm
from webconsole.keys import DATABASE, SETTINGS, VISITOR
from webconsole.pages.inputs import path_id
from webconsole.rights import EDITS_PATIENTS, SEES_NUMBERS, Every, allowed
from webconsole.templating import render

_RIGHT = Every((EDITS_PATIENTS, SEES_NUMBERS))


@allowed(_RIGHT)
async def form(request: web.Request) -> web.Response:
    """GET /patients/{id}/edit: shows the numbers in full, which leaves a trace."""
    patient_id, visitor = path_id(request), request[VISITOR]
    async with request.app[DATABASE].session() as session:
        patient = await patients.find_patient(session, patient_id)
        audit.record(session, audit.SEE_NUMBERS, actor=visitor.actor,
                     subject=f"patient:{patient_id}", address=visitor.address)
    return await _page(request, patient_id, ParticularsForm.of(patient),
                       seen=particulars.mark(patient))


@allowed(_RIGHT)
async def save(request: web.Request) -> web.Response:
    """POST /patients/{id}/edit: the fields, ``seen``. 422 with every fault at its field; 409 when
    somebody else was faster, with what was typed and what is so by now."""
    patient_id, visitor, sent = path_id(request), request[VISITOR], await request.post()
    settings, seen = request.app[SETTINGS], str(sent.get("seen", ""))
    async with request.app[DATABASE].session() as session:
        patient = await patients.find_patient(session, patient_id)
    region = settings.phone_region
    typed = ParticularsForm.sent({name: str(value) for name, value in sent.items()}).checked(
        patient, languages=settings.prompts.languages, region=region, locale=visitor.locale)
    if typed.faults:
        return await _page(request, patient_id, typed, seen=seen, status=422)
    try:
        async with request.app[DATABASE].session() as session:
            await particulars.change(session, patient_id, typed.read(patient, region), seen=seen,
                                     actor=visitor.actor, address=visitor.address)
    except Conflict:
        return await _page(request, patient_id, typed, seen="", status=409)
    raise web.HTTPSeeOther(f"/patients/{patient_id}")


async def _page(request: web.Request, patient_id: uuid.UUID, shown: ParticularsForm, *, seen: str,
                status: int = 200) -> web.Response:
    async with request.app[DATABASE].session() as session:
        patient = await patients.find_patient(session, patient_id)
        alerts, _ = await overview.alert_counts(session)
    lines = [*shown.lines, *(Line() for _ in range(SPARE))][:max(MOST, len(shown.lines))]
    return render(request, "patient_edit.html", status=status, patient=patient, form=shown,
                  lines=lines, seen=seen or particulars.mark(patient), conflict=status == 409,
                  now=ParticularsForm.of(patient), why_most=WHY_MOST, open_alerts=alerts,
                  languages=request.app[SETTINGS].prompts.languages)
