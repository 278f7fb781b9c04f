"""Other systems register cases: JSON in, JSON out, every fault by its field."""

from __future__ import annotations

import json
import uuid
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from followup.cases import tokens
from followup.cases.files import BadFile, Checked
from followup.cases.intake import NotTaken, check
from followup.cases.models import Case
from followup.cases.register import By, find_case, register
from followup.cases.register import attach as register_files
from followup.cases.setup import load_setup
from followup.cases.setup_models import ApiToken
from followup.database.base import now
from followup.errors import NotFound
from webconsole.keys import DATABASE, TIMEZONE
from webconsole.middleware import client_address
from webconsole.pages.case_form import FORM_BYTES, keep, read_files
from webconsole.pages.inputs import path_id
from webconsole.rights import machines

_BEARER = "Bearer "


@machines
async def add(request: web.Request) -> web.Response:
    """POST /api/cases with ``Authorization: Bearer <token>`` and a JSON object of the fields of
    ``followup.cases.intake``. 201 for a new case, 200 when its external id is known already, 401
    without a token, 422 with all faults."""
    system = await _system(request)
    if system is None:
        return _no_token()
    try:
        told = json.loads(await request.read())
    except (ValueError, RecursionError):
        return _error(400, "no-json", "the body: expected a JSON object in UTF-8")
    if not isinstance(told, dict):
        return _error(422, "no-object", "the body: expected a JSON object")
    by = _by(request, system)
    try:
        async with request.app[DATABASE].session() as session:
            setup = await load_setup(session)
            names = setup.field_names
            checked = check(told, setup, now().astimezone(request.app[TIMEZONE]).date())
            case, new = await register(session, checked, setup, by)
    except NotTaken as refused:
        return _error(422, refused.id, "some fields do not fit", faults=[
            {"field": names.get(fault.field, fault.field), "fault": fault.wrong.value,
             "expected": fault.expected}
            for fault in refused.faults])
    return web.json_response({
        "id": str(case.id), "number": case.number, "state": case.state.value, "created": new,
        "accept_due": case.accept_due.isoformat() if case.accept_due else None,
        "answer_due": case.answer_due.isoformat() if case.answer_due else None,
        "close_due": case.close_due.isoformat() if case.close_due else None,
        "clock": case.clock.value},
        status=201 if new else 200)


@machines
async def attach(request: web.Request) -> web.Response:
    """POST /api/cases/{id}/attachments: multipart, ``attachments``: pictures, documents, voice
    messages of a case that the same system has registered. 201; the same file again changes
    nothing. 404 when the case is not theirs, 422 with the file that is not taken."""
    system = await _system(request)
    if system is None:
        return _no_token()
    request, by = request.clone(client_max_size=FORM_BYTES), _by(request, system)
    form = await request.post()
    try:
        files = await read_files(form.getall("attachments", []))
        async with request.app[DATABASE].session() as session:
            case = await _their_case(session, path_id(request), by)
            _some(files)
            await keep(request, files)
            await register_files(session, case, files, by)
    except BadFile as refused:
        return _error(422, refused.id, f"{refused.name or 'attachments'}: {refused.reason}",
                      faults=[{"field": "attachments", "fault": refused.reason,
                               "expected": refused.expected}])
    finally:
        for field in form.values():
            if isinstance(field, web.FileField):
                field.file.close()
    return web.json_response({"attachments": [
        {"name": file.name, "media_type": file.media_type, "size": len(file.content)}
        for file in files]}, status=201)


async def _their_case(session: AsyncSession, case_id: uuid.UUID, by: By) -> Case:
    """A case that this very system has registered; any other is NotFound."""
    case = await find_case(session, case_id)
    if case.source != by.source:
        raise NotFound("there is no such case")
    return case


def _some(files: list[Checked]) -> None:
    if not files:
        raise BadFile("empty")


async def _system(request: web.Request) -> ApiToken | None:
    """Whose token the request carries; None: nobody's."""
    given = request.headers.get("Authorization", "")
    if not given.startswith(_BEARER):
        return None
    async with request.app[DATABASE].session() as session:
        return await tokens.who_has(session, given.removeprefix(_BEARER))


def _by(request: web.Request, system: ApiToken) -> By:
    name = f"api:{system.name}"
    return By(name, system.name, client_address(request), name)


def _no_token() -> web.Response:
    return _error(401, "no-token", "Authorization: expected Bearer and a token that is valid",
                  headers={"WWW-Authenticate": "Bearer"})


def _error(status: int, error: str, message: str, *, headers: dict[str, str] | None = None,
           **more: Any) -> web.Response:
    return web.json_response({"error": error, "message": message, **more}, status=status,
                             headers=headers)
