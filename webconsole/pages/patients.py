"""Patients, and one patient's page."""

from __future__ import annotations

import uuid
from typing import Any

from aiohttp import web

from followup.calls.models import RecordingState
from followup.cases.setup import load_setup
from followup.people import audit
from followup.questionnaires.models import QuestionnaireRow
from followup.views import cases, overview, patients
from followup.views.wording import Wording
from webconsole.case_words import CaseWords
from webconsole.keys import DATABASE, VISITOR
from webconsole.pages.inputs import path_id, text, wants_part
from webconsole.pages.saved_views import tabs
from webconsole.rights import SEES_NUMBERS, SEES_PATIENTS, allowed
from webconsole.templating import render


@allowed(SEES_PATIENTS)
async def listing(request: web.Request) -> web.Response:
    """GET /patients: ``q`` (name or record number), ``department``, ``after`` (cursor)."""
    search = text(request.query.get("q"), patients.SEARCH_LENGTH)
    department = text(request.query.get("department"), 100)
    after = text(request.query.get("after"), 200)
    async with request.app[DATABASE].session() as session:
        found = await patients.list_patients(session, search=search, department=department,
                                             after=after)
        departments = await patients.departments(session)
        views = await tabs(session, request, "patients")
        alerts, _ = await overview.alert_counts(session)
    template = "parts/patients.html" if wants_part(request) else "patients.html"
    return render(request, template, found=found, q=search, department=department, after=after,
                  departments=departments, open_alerts=alerts, tabs=views)


@allowed(SEES_PATIENTS)
async def page(request: web.Request) -> web.Response:
    """GET /patients/{id}: leaves an audit row."""
    patient_id, visitor = path_id(request), request[VISITOR]
    values = await _look(request, patient_id)
    async with request.app[DATABASE].session() as session:
        audit.record(session, audit.VIEW_PATIENT, actor=visitor.actor,
                     subject=f"patient:{patient_id}", address=visitor.address)
        values["open_alerts"], _ = await overview.alert_counts(session)
    return render(request, "patient.html", **values)


@allowed(SEES_PATIENTS)
async def part(request: web.Request) -> web.Response:
    """GET /patients/{id}/live: the part of an open page that changes."""
    return render(request, "parts/patient.html", **await _look(request, path_id(request)))


@allowed(SEES_NUMBERS)
async def numbers(request: web.Request) -> web.Response:
    """POST /patients/{id}/numbers: the telephone numbers in full, once; leaves an audit row."""
    patient_id, visitor = path_id(request), request[VISITOR]
    values = await _look(request, patient_id, in_full=True)
    async with request.app[DATABASE].session() as session:
        audit.record(session, audit.SEE_NUMBERS, actor=visitor.actor,
                     subject=f"patient:{patient_id}", address=visitor.address)
        values["open_alerts"], _ = await overview.alert_counts(session)
    return render(request, "parts/patient.html" if wants_part(request) else "patient.html",
                  **values)


async def _look(request: web.Request, patient_id: uuid.UUID, *,
                in_full: bool = False) -> dict[str, Any]:
    async with request.app[DATABASE].session() as session:
        patient = await patients.find_patient(session, patient_id)
        follow_ups = await patients.follow_ups(session, patient_id)
        alerts = await patients.alerts_of(session, patient_id)
        wordings = {}
        for follow_up in follow_ups:
            row: QuestionnaireRow = follow_up.campaign.questionnaire
            wordings[follow_up.task.id] = Wording(row.resource, request[VISITOR].locale)
        about = await cases.of_patient(session, patient_id)
        words = CaseWords.of(request, await load_setup(session))
    return {"patient": patient, "in_full": in_full, "follow_ups": follow_ups, "alerts": alerts,
            "wordings": wordings, "cases": about, "case_words": words,
            "SEALED": RecordingState.SEALED, "LOST": RecordingState.LOST,
            "REFUSED": RecordingState.REFUSED}
