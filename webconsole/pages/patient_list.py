"""Patients: the list, and taking it away as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from followup.log import mask_phone
from followup.people import audit
from followup.views import overview, patients
from followup.views.keyed import CURSOR_LENGTH, Order, read_order
from webconsole.exporting import Lines, Taken, send
from webconsole.i18n import Catalogue
from webconsole.keys import CATALOGUES, DATABASE, VISITOR
from webconsole.pages.inputs import text, wants_part
from webconsole.pages.saved_views import tabs
from webconsole.rights import EXPORTS, SEES_NUMBERS, SEES_PATIENTS, Every, allowed, exports
from webconsole.templating import render

COLUMNS = ("name", "mrn", "sex", "birth_date", "phone", "language", "department", "diagnosis",
           "operation", "doctor", "discharged", "follow_up", "outcome", "alert", "do_not_call")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The fields of the address."""

    search: str
    department: str
    order: Order

    @classmethod
    def of(cls, request: web.Request) -> Wanted:
        """InvalidInput when it is to be sorted by what is no column."""
        return cls(text(request.query.get("q"), patients.SEARCH_LENGTH),
                   text(request.query.get("department"), 100),
                   read_order(request.query.get("sort"), patients.COLUMNS, patients.LATEST))

    @property
    def query(self) -> dict[str, str]:
        return {"q": self.search, "department": self.department}

    async def page(self, session: AsyncSession, request: web.Request, after: str,
                   size: int | None = None) -> patients.Page:
        """So many of the list."""
        return await patients.list_patients(
            session, search=self.search, department=self.department, order=self.order,
            after=after, numbers=request[VISITOR].may(SEES_NUMBERS), size=size)


@allowed(SEES_PATIENTS)
async def listing(request: web.Request) -> web.Response:
    """GET /patients: ``q`` (name, pinyin, initials, record number, or for those who may, the end of
    a telephone number), ``department``, ``sort``, ``after`` (cursor)."""
    wanted, after = Wanted.of(request), text(request.query.get("after"), CURSOR_LENGTH)
    async with request.app[DATABASE].session() as session:
        found = await wanted.page(session, request, after)
        departments = await patients.departments(session)
        views = await tabs(session, request, "patients")
        alerts, _ = await overview.alert_counts(session)
    template = "parts/patients.html" if wants_part(request) else "patients.html"
    return render(request, template, found=found, query=wanted.query, order=wanted.order,
                  after=after, columns=patients.COLUMNS, departments=departments,
                  open_alerts=alerts, tabs=views)


@exports(SEES_PATIENTS)
async def export(request: web.Request) -> web.StreamResponse:
    """GET /patients/export: the list as it is filtered and sorted; ``format`` csv or xlsx. Numbers
    are masked, as on the page."""
    return await _export(request, in_full=False)


@allowed(Every((SEES_PATIENTS, SEES_NUMBERS, EXPORTS)))
async def export_in_full(request: web.Request) -> web.StreamResponse:
    """POST /patients/export: the same with the telephone numbers in full, which leaves a trace of
    its own."""
    visitor = request[VISITOR]
    async with request.app[DATABASE].session() as session:
        audit.record(session, audit.SEE_NUMBERS, actor=visitor.actor, subject="list:patients",
                     address=visitor.address, filter=Wanted.of(request).query)
    return await _export(request, in_full=True)


async def _export(request: web.Request, *, in_full: bool) -> web.StreamResponse:
    wanted, translate = Wanted.of(request), request.app[CATALOGUES][request[VISITOR].locale]

    async def lines(session: AsyncSession, after: str, size: int) -> tuple[Lines, str | None]:
        found = await wanted.page(session, request, after, size)
        return [_row(line, translate, in_full) for line in found.lines], found.after

    told: dict[str, Any] = {**wanted.query, "sort": str(wanted.order)}
    return await send(request, Taken(
        "patients", [translate(f"column.{name}") for name in COLUMNS], lines,
        {**told, "numbers_in_full": True} if in_full else told))


def _row(line: patients.Listed, translate: Catalogue, in_full: bool) -> list[str]:
    patient, stay, task = line.patient, line.stay, line.task
    return [
        patient.name, patient.mrn, translate(f"sex.{patient.sex.value}"),
        str(patient.birth_date or ""), patient.phone if in_full else mask_phone(patient.phone),
        patient.language, *((stay.department, stay.diagnosis, stay.operation,
                             stay.attending_doctor, str(stay.discharged_on)) if stay else [""] * 5),
        translate(f"task_state.{task.state.value}") if task else "",
        translate(f"disposition.{task.disposition}") if task and task.disposition else "",
        translate(f"severity.{line.alert.severity.value}") if line.alert else "",
        translate("patient.do_not_call") if patient.do_not_call else ""]
