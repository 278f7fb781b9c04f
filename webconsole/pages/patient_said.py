"""What calls told of a patient, and staff look into: a death, a wrong number."""

from __future__ import annotations

from aiohttp import web

from followup.calls import said_of
from followup.database.base import now
from followup.errors import Conflict
from followup.views import overview, patients
from webconsole.keys import DATABASE, VISITOR
from webconsole.pages.inputs import form_id, path_id, text
from webconsole.rights import EDITS_PATIENTS, allowed
from webconsole.templating import render

WHY_MOST = 200
FAULTS = ("found", "why")


@allowed(EDITS_PATIENTS)
async def death(request: web.Request) -> web.Response:
    """GET /patients/{id}/death: what was told, and what staff have found."""
    return await _page(request)


@allowed(EDITS_PATIENTS)
async def settle_death(request: web.Request) -> web.Response:
    """POST /patients/{id}/death: ``found`` (died, alive) and ``why``; 422 with each fault at its
    field, 409 when somebody else has settled it."""
    patient_id, visitor, sent = path_id(request), request[VISITOR], await request.post()
    found, why = text(sent.get("found"), 10), text(sent.get("why"), WHY_MOST + 1)
    faults = {name: name for name, wrong in (
        ("found", found not in ("died", "alive")), ("why", not 0 < len(why) <= WHY_MOST)) if wrong}
    if faults:
        return await _page(request, found, why, faults, status=422)
    try:
        async with request.app[DATABASE].session() as session:
            await said_of.settle_death(session, patient_id, died=found == "died", why=why,
                                       moment=now(), actor=visitor.actor, address=visitor.address)
    except Conflict:
        return await _page(request, found, why, status=409)
    raise web.HTTPSeeOther(f"/patients/{patient_id}")


@allowed(EDITS_PATIENTS)
async def number_is_right(request: web.Request) -> web.Response:
    """POST /patients/{id}/number-is-right: ``contact``, the further number's id; "": the first."""
    patient_id, visitor, sent = path_id(request), request[VISITOR], await request.post()
    contact = sent.get("contact")
    async with request.app[DATABASE].session() as session:
        await said_of.number_is_right(session, patient_id,
                                      form_id(contact, "contact") if contact else None,
                                      actor=visitor.actor, address=visitor.address)
    raise web.HTTPSeeOther(f"/patients/{patient_id}")


async def _page(request: web.Request, found: str = "", why: str = "",
                faults: dict[str, str] | None = None, status: int = 200) -> web.Response:
    async with request.app[DATABASE].session() as session:
        patient = await patients.find_patient(session, path_id(request))
        alerts, _ = await overview.alert_counts(session)
    return render(request, "patient_death.html", status=status, patient=patient, found=found,
                  why=why, faults=faults or {}, conflict=status == 409, why_most=WHY_MOST,
                  open_alerts=alerts)
