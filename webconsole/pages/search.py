"""Ctrl-K: patients, cases and pages by a few letters, as JSON for the palette."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from followup.cases.setup import load_setup
from followup.log import mask_phone
from followup.views import search
from webconsole.case_words import CaseWords
from webconsole.i18n import Catalogue
from webconsole.keys import CATALOGUES, DATABASE, VISITOR
from webconsole.pages.inputs import text
from webconsole.rights import (
    EVERYBODY,
    SEES_CASES,
    SEES_NUMBERS,
    SEES_PATIENTS,
    allowed,
    rights_of,
)

# pages that are found by name: address -> the word for it; who may open them, their routes say
PLACES = {
    "/": "nav.overview", "/patients": "nav.patients", "/alerts": "nav.alerts",
    "/cases": "nav.cases", "/cases/new": "case.new_title",
    "/cases/statistics": "case_statistics.title", "/cases/import": "case_import.title",
    "/cases/settings": "case_settings.title", "/spot-checks": "nav.spot_checks",
    "/spot-checks/results": "spot.results", "/recordings": "nav.recordings",
    "/messages": "nav.messages", "/messages/templates": "nav.message_templates",
    "/recordings/retention": "retention.title", "/phone": "nav.phone",
    "/campaigns": "nav.campaigns", "/campaigns/new": "new.title",
    "/calendar": "nav.calendar", "/pacing": "nav.pacing", "/prompts": "nav.prompts",
    "/people": "nav.people", "/roles": "nav.roles", "/audit": "nav.audit",
    "/account": "account.title", "/views": "views.title"}

Item = dict[str, str]


@allowed(EVERYBODY)
async def find(request: web.Request) -> web.Response:
    """POST /search: ``q``. Sent in the body, so that no address tells who was looked for; each
    visitor finds what they may open. Without ``q``: the pages."""
    typed = text((await request.post()).get("q"), search.LONGEST)
    visitor = request[VISITOR]
    translate = request.app[CATALOGUES][visitor.locale]
    groups: list[tuple[str, list[Item]]] = []
    if typed and (visitor.may(SEES_PATIENTS) or visitor.may(SEES_CASES)):
        async with request.app[DATABASE].session() as session:
            if visitor.may(SEES_PATIENTS):
                found = await search.find_patients(
                    session, typed, numbers=visitor.may(SEES_NUMBERS))
                groups.append(("patients", [_patient(each, translate) for each in found]))
            if visitor.may(SEES_CASES):
                words = CaseWords.of(request, await load_setup(session))
                groups.append(("cases", [
                    {"href": f"/cases/{case.id}", "title": case.number,
                     "note": " · ".join((words.state(case.state), case.description[:60]))}
                    for case in await search.find_cases(session, typed)]))
    groups.append(("pages", _pages(request, typed)))
    count = sum(len(items) for _, items in groups)
    return web.json_response({
        "groups": [{"name": translate(f"palette.{kind}"), "items": items}
                   for kind, items in groups if items],
        "said": translate("palette.found", count=count) if count else translate("palette.none")})


def _patient(found: search.FoundPatient, translate: Catalogue) -> Item:
    patient = found.patient
    notes = [patient.mrn, found.department or "", translate(f"sex.{patient.sex.value}")]
    if found.key is None:                    # found by a number: which one it is, as far as shown
        notes.append(mask_phone(patient.phone))
    elif patient.birth_date:
        notes.append(str(patient.birth_date.year))
    return {"href": f"/patients/{patient.id}", "title": patient.name,
            "note": " · ".join(filter(None, notes))}


def _pages(request: web.Request, typed: str) -> list[Item]:
    catalogues = request.app[CATALOGUES]
    named = {path: [catalogue(word) for catalogue in catalogues.values()]
             for path, word in PLACES.items() if _may_open(request, path)}
    shown: Any = search.best(typed, named) if typed else list(named)[:search.SHOWN]
    translate = catalogues[request[VISITOR].locale]
    return [{"href": path, "title": translate(PLACES[path]), "note": ""} for path in shown]


def _may_open(request: web.Request, path: str) -> bool:
    """Does the route of this page let the visitor in?"""
    may = request[VISITOR].may
    for resource in request.app.router.resources():
        if resource.canonical == path:
            return any(may(mark) for route in resource if route.method == "GET" and
                       (mark := rights_of(route.handler)) and not isinstance(mark, str))
    return False
