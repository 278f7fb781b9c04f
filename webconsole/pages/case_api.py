"""Other systems register cases: JSON in, JSON out, every fault by its field."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from followup.cases import tokens
from followup.cases.intake import NotTaken, check
from followup.cases.register import By, register
from followup.cases.setup import load_setup
from followup.database.base import now
from webconsole.keys import DATABASE, TIMEZONE
from webconsole.middleware import client_address
from webconsole.rights import machines

_BEARER = "Bearer "


@machines
async def add(request: web.Request) -> web.Response:
    """POST /api/cases with ``Authorization: Bearer <token>`` and a JSON object of the fields of
    ``followup.cases.intake``. 201 for a new case, 200 when its external id is known already, 401
    without a token, 422 with all faults."""
    given = request.headers.get("Authorization", "")
    database = request.app[DATABASE]
    async with database.session() as session:
        system = await tokens.who_has(session, given.removeprefix(_BEARER)) \
            if given.startswith(_BEARER) else None
    if system is None:
        return _error(401, "no-token", "Authorization: expected Bearer and a token that is valid",
                      headers={"WWW-Authenticate": "Bearer"})
    try:
        told = json.loads(await request.read())
    except (ValueError, RecursionError):
        return _error(400, "no-json", "the body: expected a JSON object in UTF-8")
    if not isinstance(told, dict):
        return _error(422, "no-object", "the body: expected a JSON object")
    name = f"api:{system.name}"
    by = By(name, system.name, client_address(request), name)
    try:
        async with database.session() as session:
            setup = await load_setup(session)
            checked = check(told, setup, now().astimezone(request.app[TIMEZONE]).date())
            case, new = await register(session, checked, setup, by)
    except NotTaken as refused:
        return _error(422, refused.id, "some fields do not fit", faults=[
            {"field": fault.field, "fault": fault.wrong.value, "expected": fault.expected}
            for fault in refused.faults])
    return web.json_response({
        "id": str(case.id), "number": case.number, "state": case.state.value, "created": new,
        "accept_due": case.accept_due.isoformat() if case.accept_due else None,
        "answer_due": case.answer_due.isoformat() if case.answer_due else None,
        "close_due": case.close_due.isoformat() if case.close_due else None,
        "clock": case.clock.value},
        status=201 if new else 200)


def _error(status: int, error: str, message: str, *, headers: dict[str, str] | None = None,
           **more: Any) -> web.Response:
    return web.json_response({"error": error, "message": message, **more}, status=status,
                             headers=headers)
