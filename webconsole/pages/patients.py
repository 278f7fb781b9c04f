"""One patient's page."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from followup.calls.models import RecordingState
from followup.campaigns.models import CampaignState
from followup.cases.setup import load_setup
from followup.errors import InvalidInput
from followup.people import audit
from followup.questionnaires.models import QuestionnaireRow
from followup.views import overview, patient_events, patient_summary, patients, timeline
from followup.views.addresses import as_date
from followup.views.wording import Wording
from webconsole.case_words import CaseWords
from webconsole.keys import DATABASE, TIMEZONE, VISITOR
from webconsole.pages.inputs import path_id, text, wants_part
from webconsole.rights import CHECKS, SEES_CASES, SEES_NUMBERS, SEES_PATIENTS, Right, allowed
from webconsole.templating import render

# kinds of events that not everybody who sees patients may see
KIND_RIGHTS: dict[str, Right] = {"case": SEES_CASES, "message": SEES_CASES,
                                 "check": CHECKS}


@dataclass(frozen=True, slots=True)
class TimelineFilter:
    """The fields of the address; empty: everything."""

    kinds: tuple[str, ...] = ()
    begin: str = ""
    end: str = ""

    def query(self, **more: str) -> str:
        """The query of an address, without the question mark."""
        fields = [("kind", kind) for kind in self.kinds]
        fields += [(name, value) for name, value in (
            ("begin", self.begin), ("end", self.end), *more.items()) if value]
        return urlencode(fields)

    def toggled(self, kind: str) -> TimelineFilter:
        """With this kind, or without it if it was there."""
        kinds = tuple(k for k in self.kinds if k != kind) if kind in self.kinds else \
            (*self.kinds, kind)
        return TimelineFilter(kinds, self.begin, self.end)

    def span(self, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        """From the first day's beginning to the last one's end."""
        def midnight(day: date) -> datetime:
            return datetime.combine(day, time(), zone)

        return (midnight(as_date("begin", self.begin)) if self.begin else None,
                midnight(as_date("end", self.end) + timedelta(days=1)) if self.end else None)


@allowed(SEES_PATIENTS)
async def page(request: web.Request) -> web.Response:
    """GET /patients/{id}: ``kind`` (may repeat), ``begin``, ``end``, ``after``, of the timeline.
    Leaves an audit row."""
    patient_id, visitor = path_id(request), request[VISITOR]
    values = await _look(request, patient_id)
    async with request.app[DATABASE].session() as session:
        audit.record(session, audit.VIEW_PATIENT, actor=visitor.actor,
                     subject=f"patient:{patient_id}", address=visitor.address)
        values["open_alerts"], _ = await overview.alert_counts(session)
    return render(request, "patient.html", **values)


@allowed(SEES_PATIENTS)
async def part(request: web.Request) -> web.Response:
    """GET /patients/{id}/live: the part of an open page that changes, with the same fields."""
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
    may = request[VISITOR].may
    known = {kind: source for kind, source in timeline.sources().items()
             if may(KIND_RIGHTS.get(kind, SEES_PATIENTS))}
    wanted, after = _read(request, known), text(request.query.get("after"), 200)
    since, until = wanted.span(request.app[TIMEZONE])
    async with request.app[DATABASE].session() as session:
        patient = await patients.find_patient(session, patient_id)
        found = await timeline.page(session, patient_id, wanted.kinds, since=since, until=until,
                                    after=after, known=known)
        at_a_glance = await patient_summary.summary(session, patient_id)
        coming = await patient_summary.next_tasks(session, patient_id)
        stopped = await audit.last(session, audit.STOP_CALLING, f"patient:{patient_id}") \
            if patient.do_not_call else None
        words = CaseWords.of(request, await load_setup(session))
    wordings: dict[uuid.UUID, Wording] = {}

    def wording(row: QuestionnaireRow) -> Wording:
        if row.id not in wordings:
            wordings[row.id] = Wording(row.resource, request[VISITOR].locale)
        return wordings[row.id]

    return {"patient": patient, "in_full": in_full, "found": found, "wanted": wanted,
            "after": after, "kinds": list(known), "summary": at_a_glance, "coming": coming,
            "stopped": stopped, "case_words": words, "wording": wording, "opened": _opened(found),
            "RUNNING": CampaignState.RUNNING, "SEALED": RecordingState.SEALED,
            "LOST": RecordingState.LOST, "REFUSED": RecordingState.REFUSED}


def _opened(found: timeline.Page) -> uuid.UUID | None:
    """The newest call with something in it: shown whole at once."""
    return next((event.id for event in found.events if isinstance(event.what, patient_events.Call)
                 and (event.what.answers or event.what.recording)), None)


def _read(request: web.Request, known: Any) -> TimelineFilter:
    kinds = tuple(dict.fromkeys(request.query.getall("kind", [])))
    for kind in kinds:
        if kind not in known:
            raise InvalidInput(f"kind: expected one of {', '.join(known)}", field="kind",
                               expected=", ".join(known))
    begin, end = (text(request.query.get(name), 10) for name in ("begin", "end"))
    return TimelineFilter(kinds, begin, end)
