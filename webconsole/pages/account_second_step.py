"""My account: setting up the authenticator app, and being rid of it."""

from __future__ import annotations

from aiohttp import web

from followup.errors import Forbidden
from followup.people import second_step
from followup.people.sealing import SealBroken
from followup.people.second_step import WrongCode
from webconsole.keys import ACCOUNTS, DATABASE, SETTINGS, VISITOR
from webconsole.pages.account import Shown, show, wrong_password
from webconsole.rights import EVERYBODY, allowed


@allowed(EVERYBODY)
async def begin(request: web.Request) -> web.Response:
    """POST /account/second-step: password. Shows the QR code of a new secret."""
    data, visitor = await request.post(), request[VISITOR]
    assert visitor.user is not None
    if faults := await wrong_password(request, str(data.get("password", "")), "password"):
        return await show(request, Shown(faults), status=422)
    sealer = await request.app[ACCOUNTS].sealer()
    async with request.app[DATABASE].session() as session:
        secret = await second_step.begin(session, visitor.user, sealer)
    return await show(request, Shown(secret=secret))


@allowed(EVERYBODY)
async def confirm(request: web.Request) -> web.Response:
    """POST /account/second-step/code: code, which shows that the app works. Shows the recovery
    codes, this once."""
    data, visitor = await request.post(), request[VISITOR]
    assert visitor.user is not None
    sealer = await request.app[ACCOUNTS].sealer()
    try:
        async with request.app[DATABASE].session() as session:
            codes = await second_step.confirm(session, visitor.user, str(data.get("code", "")),
                                              sealer, address=visitor.address)
    except WrongCode:
        async with request.app[DATABASE].session() as session:
            secret = await second_step.begun(session, visitor.user, sealer)
        return await show(request, Shown({"code": "code"}, secret=secret or ""), status=422)
    except SealBroken:                   # the key has changed since: begin anew
        return await show(request, Shown({"password": "seal"}), status=409)
    visitor.user.second_step = True
    return await show(request, Shown(codes=codes))


@allowed(EVERYBODY)
async def renew(request: web.Request) -> web.Response:
    """POST /account/second-step/codes: password. New recovery codes, shown this once."""
    data, visitor = await request.post(), request[VISITOR]
    assert visitor.user is not None
    if faults := await wrong_password(request, str(data.get("password", "")), "password"):
        return await show(request, Shown(faults), status=422)
    if not visitor.user.second_step:
        raise Forbidden
    async with request.app[DATABASE].session() as session:
        codes = await second_step.renew_codes(session, visitor.user, address=visitor.address)
    return await show(request, Shown(codes=codes))


@allowed(EVERYBODY)
async def remove(request: web.Request) -> web.Response:
    """POST /account/second-step/remove: password. Not for roles that need the second step."""
    data, visitor = await request.post(), request[VISITOR]
    assert visitor.user is not None
    if visitor.user.role in request.app[SETTINGS].sign_in.second_step_roles:
        raise Forbidden
    if faults := await wrong_password(request, str(data.get("password", "")), "password"):
        return await show(request, Shown(faults), status=422)
    async with request.app[DATABASE].session() as session:
        await second_step.reset(session, visitor.user, actor=visitor.actor,
                                address=visitor.address)
    raise web.HTTPSeeOther("/account?done=second_step_off")
