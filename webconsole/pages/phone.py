"""The agents' phone: signing in at a desk, and the patient whose call rings there."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.agents import phones
from followup.agents.models import Agent, AgentState
from followup.campaigns import preview
from followup.database.base import now
from followup.errors import Conflict, InvalidInput, Unavailable
from followup.people import audit
from followup.secrets import read_secrets
from followup.views import overview
from followup.views.desk import find_desk
from followup.views.spotchecks import waiting_for_hand
from followup.views.wording import Wording
from webconsole.keys import DATABASE, SETTINGS, VISITOR
from webconsole.pages.inputs import form_id
from webconsole.rights import TAKES_CALLS, allowed
from webconsole.templating import render

# the part of a call is fetched many times: so long it counts as one look
ONE_LOOK = timedelta(minutes=30)
_EXTENSION = re.compile(r"[1-9][0-9]{2,5}")


@allowed(TAKES_CALLS)
async def page(request: web.Request) -> web.Response:
    """GET /phone."""
    async with request.app[DATABASE].session() as session:
        desks = await phones.browser_phones(session)
        user = request[VISITOR].user             # one's own phone is offered first
        desks = sorted(desks, key=lambda desk: user is None or desk.id != user.agent_id)
        alerts, _ = await overview.alert_counts(session)
        again = await waiting_for_hand(session)
    response = render(request, "phone.html", phones=desks, open_alerts=alerts, STATES=STATES,
                      FAULTS=FAULTS, desk=None, offer=None, more=False, fault="", state="off",
                      again=again)
    # the one page that may listen
    response.headers["Permissions-Policy"] = "camera=(), geolocation=(), payment=(), " \
        "microphone=(self)"
    return response


@allowed(TAKES_CALLS)
async def part(request: web.Request) -> web.Response:
    """GET /phone/desk: the call in hand at ``extension``; seeing a patient leaves an audit row."""
    return render(request, "parts/desk.html", **await _look(request, _extension(
        request.query.get("extension"))))


@allowed(TAKES_CALLS)
async def credentials(request: web.Request) -> web.Response:
    """POST /phone/credentials: extension. JSON with user and password of its SIP account; 409
    while somebody else has this phone, 422 when it is no browser phone."""
    extension, visitor = _extension((await request.post()).get("extension")), request[VISITOR]
    secrets = await asyncio.to_thread(read_secrets, request.app[SETTINGS].data_dir)
    async with request.app[DATABASE].session() as session:
        agent = await phones.take(session, extension, actor=visitor.actor, address=visitor.address)
        if secrets is None or extension not in secrets.agents:
            raise Unavailable("the phone has no password yet: start Aftercall once with its "
                              "extension in the settings")
    return web.json_response({"user": agent.endpoint,
                              "password": secrets.agents[extension].get_secret_value()})


@allowed(TAKES_CALLS)
async def next_patient(request: web.Request) -> web.Response:
    """POST /phone/next: extension, do (``show``, ``call`` or ``skip``), task. The desk after it:
    the next patient of the preview campaigns; ``call`` has their phone rung for this agent."""
    form, visitor = await request.post(), request[VISITOR]
    extension, what = _extension(form.get("extension")), form.get("do")
    if what not in NEXT:
        raise InvalidInput("do: expected show, call or skip", field="do",
                           expected=", ".join(NEXT))
    fault = ""
    try:
        async with request.app[DATABASE].session() as session:
            agent = await _agent(session, extension)
            if what == "show":
                found = await preview.offer_next(session, agent, now())
                fault = "" if found else "next_patient.none"
            else:
                act = preview.accept if what == "call" else preview.skip
                await act(session, agent.id, form_id(form.get("task"), "task"), now(),
                          actor=visitor.actor)
    except Conflict:
        fault = "next_patient.gone"
    return render(request, "parts/desk.html", **await _look(request, extension, fault))


NEXT = ("show", "call", "skip")


async def _agent(session: AsyncSession, extension: str) -> Agent:
    agent = await session.scalar(select(Agent).where(Agent.extension == extension))
    if agent is None or agent.state is AgentState.OFFLINE:
        raise Conflict("the phone is not there")
    return agent


# What the phone may be doing, and what may keep it from it: names of words in the catalogue.
STATES = ("off", "connecting", "joining", "available", "ringing", "answering", "talking",
          "wrap_up", "missed", "lost")
FAULTS = ("insecure", "microphone", "taken", "refused", "unreachable", "media")


async def _look(request: web.Request, extension: str, fault: str = "") -> dict[str, Any]:
    visitor = request[VISITOR]
    async with request.app[DATABASE].session() as session:
        desk = await find_desk(session, extension)
        wording, offer, more = None, None, False
        if desk and not desk.call:
            offer = await preview.offered(session, desk.agent.id, now())
            more = await preview.any_due(session, desk.agent, now())
        if desk and desk.call:
            wording = Wording(desk.call.questionnaire.resource, visitor.locale)
        seen = desk.call.patient if desk and desk.call else offer.patient if offer else None
        if seen is not None:
            subject = f"patient:{seen.id}"
            if not await audit.count(session, audit.VIEW_PATIENT, within=ONE_LOOK,
                                     actor=visitor.actor, subject=subject):
                audit.record(session, audit.VIEW_PATIENT, actor=visitor.actor, subject=subject,
                             address=visitor.address)
    response = desk.call.response if desk and desk.call else None
    findings = response.findings if response else ()
    return {"desk": desk, "wording": wording, "offer": offer, "more": more, "fault": fault,
            "state": _state(desk.agent) if desk else "off",
            "findings": {finding.answer_id: finding for finding in findings}}


def _state(agent: Agent) -> str:
    """What an idle phone is told to show; a state that only waits for its end is over."""
    over = agent.wrap_up_until is None or agent.wrap_up_until <= now()
    if agent.state in (AgentState.WRAP_UP, AgentState.MISSED) and over:
        return AgentState.AVAILABLE.value
    return agent.state.value


def _extension(value: object) -> str:
    if not isinstance(value, str) or not _EXTENSION.fullmatch(value):
        raise InvalidInput("extension: expected digits such as 8001", field="extension",
                           expected="3 to 6 digits")
    return value
