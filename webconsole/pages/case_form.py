"""Registering and editing a case: what is typed is checked, and never lost."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web
from multidict import MultiMapping
from sqlalchemy.ext.asyncio import AsyncSession

from followup.calls.models import Attempt
from followup.cases import changes, register
from followup.cases.changes import EditConflict, form_values
from followup.cases.files import MAX_BYTES, MAX_FILES, BadFile, Checked, check_file
from followup.cases.intake import FIELDS, OWN, NotTaken, check
from followup.cases.models import Case
from followup.cases.setup import Setup, load_setup
from followup.cases.setup_models import TUNABLE, Use
from followup.cases.states import CaseKind
from followup.database.base import now
from followup.errors import NotFound
from followup.patients.models import Patient
from followup.people import audit
from followup.views import cases, overview, reach
from webconsole.case_words import CaseWords, by
from webconsole.keys import ATTACHMENTS, DATABASE, TIMEZONE
from webconsole.pages.cases import facts_of
from webconsole.pages.inputs import id_or_none, known_id, path_id, text
from webconsole.rights import HANDLES_CASES, allowed, uploads
from webconsole.templating import render

FORM_BYTES = 3 * MAX_BYTES + 100_000
TYPED = tuple(field for field in FIELDS if field != "external_id")


@allowed(HANDLES_CASES)
async def new(request: web.Request) -> web.Response:
    """GET /cases/new: ``kind``, ``patient`` (id), ``attempt`` (the call in which it was said)."""
    patient, attempt = request.query.get("patient", ""), request.query.get("attempt", "")
    kind = request.query.get("kind", "")
    values = dict.fromkeys(TYPED, "") | {
        "kind": kind if kind in list(CaseKind) else CaseKind.COMPLAINT.value,
        "channel": "follow_up" if attempt else ("phone" if patient else "")}
    if patient:
        async with request.app[DATABASE].session() as session:
            try:
                known = await register.find_patient(session, text(patient, 40))
            except NotTaken as error:
                raise NotFound("there is no such patient") from error
            if known:
                await reach.require(session, Patient, known.id)
                values["patient"] = known.mrn
    return await _form(request, values, attempt=attempt)


@allowed(HANDLES_CASES)
@uploads(FORM_BYTES)
async def add(request: web.Request) -> web.Response:
    """POST /cases: the fields, ``attempt``, ``attachments``. 422 with every fault at its field."""
    form = await request.post()
    values, attempt = typed(form), text(form.get("attempt"), 40)
    try:
        files = await read_files(form.getall("attachments", []))
        async with request.app[DATABASE].session() as session:
            setup = await load_setup(session)
            told = check(_told(values, setup), setup, _today(request))
            case, new = await register.register(session, told, setup, by(request),
                                                as_id=id_or_none(str(form.get("as_id", ""))))
            if attempt and new:
                call = known_id(attempt, "there is no such call")
                await reach.require(session, Attempt, call)
                await register.add_evidence(session, case, call, by(request))
            await keep(request, files)
            await register.attach(session, case, files if new else (), by(request))
            onward = await case_path(session, case.id, "?new=1")
    except NotTaken as refused:
        return await _form(request, values, attempt=attempt, status=422,
                           faults={fault.field: fault.wrong.value for fault in refused.faults})
    except BadFile as refused:
        return await _form(request, values, attempt=attempt, status=422, file_fault=refused)
    raise web.HTTPSeeOther(onward)


@allowed(HANDLES_CASES)
async def similar(request: web.Request) -> web.Response:
    """POST /cases/similar: patient, description. The cases that may be about the same."""
    form = await request.post()
    description, told = text(form.get("description"), 5000), text(form.get("patient"), 40)
    async with request.app[DATABASE].session() as session:
        setup = await load_setup(session)
        try:
            patient = await register.find_patient(session, told)
        except NotTaken:
            patient = None
        likes = await register.alike(session, patient_id=patient.id if patient else None,
                                     description=description)
    return render(request, "parts/similar_cases.html", likes=likes,
                  words=CaseWords.of(request, setup))


@allowed(HANDLES_CASES)
async def edit_form(request: web.Request) -> web.Response:
    """GET /cases/{id}/edit."""
    async with request.app[DATABASE].session() as session:
        case = await register.find_case(session, path_id(request))
    return await _form(request, form_values(case) | {"kind": case.kind.value}, case_id=case.id)


@allowed(HANDLES_CASES)
async def edit(request: web.Request) -> web.Response:
    """POST /cases/{id}/edit: the fields, ``version``. 409 when others have changed some of them:
    the page shows what they changed, and keeps what was typed."""
    form, case_id, me = await request.post(), path_id(request), by(request)
    values = typed(form)
    async with request.app[DATABASE].session() as session:
        case = await register.find_case(session, case_id)
    values["kind"] = case.kind.value
    try:
        async with request.app[DATABASE].session() as session:
            setup = await load_setup(session)
            told = check(_told(values, setup, form_values(case)), setup, _today(request),
                         kept=(case.category_id, case.severity_id), kept_own=case.own)
            await changes.edit(session, case_id, told, version(form), setup, me)
            onward = await case_path(session, case_id)
    except NotTaken as refused:
        return await _form(request, values, case_id=case_id, status=422, version=version(form),
                           faults={fault.field: fault.wrong.value for fault in refused.faults})
    except EditConflict as conflict:
        async with request.app[DATABASE].session() as session:
            current = form_values(await register.find_case(session, case_id))
        merged = changes.merge(values, current, conflict.changes) | {"kind": values["kind"]}
        return await _form(request, merged, case_id=case_id, status=409,
                           conflict=[(change, values.get(change.field, ""))
                                     for change in conflict.changes])
    raise web.HTTPSeeOther(onward)


async def case_path(session: AsyncSession, case_id: uuid.UUID, query: str = "") -> str:
    """Where to go on to: the case; the list, when it is now another department's alone."""
    await session.flush()
    return f"/cases/{case_id}{query}" if await reach.sees(session, Case, case_id) else "/cases"


def typed(form: MultiMapping[Any]) -> dict[str, str]:
    """The fields of a case as they were typed."""
    own = (name for name in form if name.startswith("own_"))
    return {field: str(form.get(field, ""))[:6000] for field in (*TYPED, *own)}


def _told(values: Mapping[str, str], setup: Setup,
          stored: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What the form says of a case of its kind; fields that it leaves out stay as ``stored``. A
    new case of a patient's page is of that patient in any case."""
    told: dict[str, Any] = {field: values.get(field, "") for field in TYPED}
    kind = told["kind"]
    if kind not in list(CaseKind):
        return told
    for field in TUNABLE:
        if setup.use(field, CaseKind(kind)) is Use.LEFT_OUT and (stored or field != "patient"):
            told[field] = (stored or {}).get(field, "")
    return told | {OWN: {str(each.id): values.get(each.key, "")
                         for each in setup.own_fields(CaseKind(kind))}}


def version(form: MultiMapping[Any]) -> int:
    """The version of the case that the page showed; 0 when it says none."""
    told = str(form.get("version", ""))
    return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else 0


async def read_files(fields: Iterable[object]) -> list[Checked]:
    """The files that were sent, checked; BadFile names the first that is not taken."""
    sent = [field for field in fields if isinstance(field, web.FileField) and field.filename]
    if len(sent) > MAX_FILES:
        raise BadFile("many")

    def work() -> list[Checked]:
        return [check_file(field.filename, field.file.read(MAX_BYTES + 1)) for field in sent]

    return await asyncio.to_thread(work)


async def keep(request: web.Request, files: Iterable[Checked]) -> None:
    """Encrypt and store files."""
    for file in files:
        await request.app[ATTACHMENTS].keep(file)


async def _form(request: web.Request, values: Mapping[str, str], *, status: int = 200,
                case_id: uuid.UUID | None = None, **more: Any) -> web.Response:
    async with request.app[DATABASE].session() as session:
        setup = await load_setup(session)
        case = await register.find_case(session, case_id) if case_id else None
        departments = await cases.departments(session)
        alerts, _ = await overview.alert_counts(session)
        if case:
            me = by(request)
            audit.record(session, audit.VIEW_CASE, actor=me.username, address=me.address,
                         subject=f"case:{case.id}")
    given = {"as_id": uuid.uuid4(), "faults": {}, "file_fault": None, "attempt": "", "conflict": [],
             "version": case.version if case else 0} | more
    shown = [case.kind] if case else list(CaseKind)
    return render(request, "case_form.html", status=status, case=case, values=values,
                  shown_kinds=shown, using=lambda field, uses: [
                      kind.value for kind in shown if setup.use(field, kind) in uses],
                  departments=departments, open_alerts=alerts, megabytes=MAX_BYTES >> 20,
                  words=CaseWords.of(request, setup), **facts_of(setup), **given)


def _today(request: web.Request) -> Any:
    return now().astimezone(request.app[TIMEZONE]).date()
