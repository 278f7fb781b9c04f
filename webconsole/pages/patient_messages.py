"""Which of a patient's numbers want no text messages: noted, and lifted, with a reason."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from followup.cases.messages import OWN
from followup.messages import consent
from followup.messages.consent import WHY_MOST, Changed
from followup.messages.models import MessageOptOut
from followup.people import audit
from followup.views import overview, patients
from webconsole.keys import DATABASE, VISITOR
from webconsole.pages.inputs import path_id, text
from webconsole.rights import EDITS_PATIENTS, LIFTS_OPT_OUTS, allowed
from webconsole.templating import render

FAULTS = ("why", "sure", "changed")


@dataclass(frozen=True, slots=True)
class Number:
    """One of the patient's numbers; ``key`` names it in forms."""

    key: str
    number: str
    relation: str
    opted_out: MessageOptOut | None


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed for one number, and what is wrong with it: one of FAULTS by field."""

    key: str = ""
    why: str = ""
    sure: bool = False
    faults: Mapping[str, str] = field(default_factory=dict)


@allowed((EDITS_PATIENTS, LIFTS_OPT_OUTS))
async def page(request: web.Request) -> web.Response:
    """GET /patients/{id}/messages: leaves an audit row."""
    return await _page(request, path_id(request))


@allowed(LIFTS_OPT_OUTS)
async def allow(request: web.Request) -> web.Response:
    """POST /patients/{id}/messages/allow: to (own, or a contact's id), seen (when the opt-out of
    the page is from), why, sure. 422 names the field; 409 when it is another opt-out by now."""
    return await _change(request, lifting=True)


@allowed(EDITS_PATIENTS)
async def stop(request: web.Request) -> web.Response:
    """POST /patients/{id}/messages/stop: to, why. 422 names the field; 409 when it was noted
    already."""
    return await _change(request, lifting=False)


async def _change(request: web.Request, *, lifting: bool) -> web.Response:
    patient_id, visitor, sent = path_id(request), request[VISITOR], await request.post()
    typed = Typed(text(sent.get("to"), 40), text(sent.get("why"), WHY_MOST), bool(sent.get("sure")))
    faults = {} if typed.why else {"why": "why"}
    if lifting and not typed.sure:
        faults["sure"] = "sure"
    if faults:
        return await _page(request, patient_id, replace(typed, faults=faults), status=422)
    try:
        async with request.app[DATABASE].session() as session:
            number = await _number(session, patient_id, typed.key)
            concerned = list({patient_id, *await consent.patients_at(session, number)})
            if lifting:
                await consent.allow_messages(
                    session, number, concerned, seen=_moment(sent.get("seen")), why=typed.why,
                    actor=visitor.actor, address=visitor.address)
            else:
                await consent.note_opt_out(session, number, concerned, why=typed.why,
                                           actor=visitor.actor, address=visitor.address)
    except Changed:
        return await _page(request, patient_id, replace(typed, faults={"changed": "changed"}),
                           status=409)
    raise web.HTTPSeeOther(f"/patients/{patient_id}/messages")


def _moment(told: object) -> datetime:
    try:
        moment = datetime.fromisoformat(told if isinstance(told, str) else "")
    except ValueError as error:
        raise Changed from error
    if moment.tzinfo is None:
        raise Changed
    return moment


async def _number(session: AsyncSession, patient_id: uuid.UUID, key: str) -> str:
    """The number that a form names; Changed when it was taken away meanwhile."""
    found = next((each for each in await _numbers(session, patient_id) if each.key == key), None)
    if found is None:
        raise Changed
    return found.number


async def _numbers(session: AsyncSession, patient_id: uuid.UUID) -> list[Number]:
    patient = await patients.find_patient(session, patient_id)
    stopped = await consent.opt_outs(session, patient_id)
    told = [(OWN, patient.phone, "")] + [
        (str(each.id), each.number, each.relation or each.whose.value) for each in patient.contacts]
    return [Number(key, number, relation, stopped.get(number)) for key, number, relation in told]


async def _page(request: web.Request, patient_id: uuid.UUID, typed: Typed | None = None, *,
                status: int = 200) -> web.Response:
    visitor = request[VISITOR]
    async with request.app[DATABASE].session() as session:
        patient = await patients.find_patient(session, patient_id)
        numbers = await _numbers(session, patient_id)
        audit.record(session, audit.VIEW_PATIENT, actor=visitor.actor,
                     subject=f"patient:{patient_id}", address=visitor.address)
        alerts, _ = await overview.alert_counts(session)
    return render(request, "patient_messages.html", status=status, patient=patient,
                  numbers=numbers, typed=typed or Typed(), why_most=WHY_MOST, open_alerts=alerts)
