"""Signing in, with password and perhaps a code, signing out, and choosing the language."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

from aiohttp import web

from followup.people import audit
from followup.people.ldap import DirectoryAway
from followup.people.models import User, WebSession
from followup.people.sealing import SealBroken
from followup.people.sessions import CODE_TIME, close_session, find_session, open_session
from followup.people.sign_in import SignInRefused
from webconsole import kept
from webconsole.i18n import LOCALES, choose_locale
from webconsole.kept import Kept
from webconsole.keys import ACCOUNTS, DATABASE, SETTINGS, VISITOR
from webconsole.middleware import (
    CSRF_COOKIE,
    LOCALE_COOKIE,
    SESSION_COOKIE,
    STEP_COOKIE,
    set_cookie,
)
from webconsole.pages.inputs import is_local, local_path
from webconsole.rights import EVERYBODY, allowed, public
from webconsole.templating import render

_YEAR_S = 365 * 24 * 3600


@public
async def form(request: web.Request) -> web.Response:
    """GET /sign-in."""
    if request[VISITOR].user:
        raise web.HTTPSeeOther("/")
    return _form(request, onward=local_path(request.query.get("next")))


@public
async def sign_in(request: web.Request) -> web.Response:
    """POST /sign-in: username, password, next. A new session replaces whatever was there; one
    that owes a code opens nothing but the page that asks for it."""
    data, visitor = await request.post(), request[VISITOR]
    username, password = str(data.get("username", ""))[:64], str(data.get("password", ""))
    onward, typed = local_path(data.get("next")), kept.read(data, is_local)
    try:
        user = await request.app[ACCOUNTS].verify(username, password, visitor.address)
    except SignInRefused:
        return _form(request, 403, "refused", username, onward, typed)
    except DirectoryAway:
        return _form(request, 503, "directory_away", username, onward, typed)
    if not user.second_step:
        return await _let_in(request, user, onward, typed)
    async with request.app[DATABASE].session() as session:
        token = await open_session(session, user, CODE_TIME, address=visitor.address,
                                   awaits_code=True, replaces=request.cookies.get(STEP_COOKIE))
    to = "/sign-in/code" + (f"?next={quote(onward)}" if onward != "/" else "")
    response = _code_form(request, "/", kept=typed) if typed else web.Response(
        status=303, headers={"Location": to})
    set_cookie(request, response, STEP_COOKIE, token, int(CODE_TIME.total_seconds()))
    return response


@public
async def code_form(request: web.Request) -> web.Response:
    """GET /sign-in/code: for who has just given the right password."""
    if await _half_in(request) is None:
        raise web.HTTPSeeOther("/sign-in")
    return _code_form(request, local_path(request.query.get("next")))


@public
async def check_code(request: web.Request) -> web.Response:
    """POST /sign-in/code: code, next. 403 when it is wrong, 503 when none can be checked."""
    data, visitor = await request.post(), request[VISITOR]
    half, onward = await _half_in(request), local_path(data.get("next"))
    typed = kept.read(data, is_local)
    if half is None:
        raise web.HTTPSeeOther("/sign-in")
    try:
        user = await request.app[ACCOUNTS].check_code(
            half.user_id, str(data.get("code", "")), visitor.address)
    except SignInRefused:
        return _code_form(request, onward, status=403, fault="code", kept=typed)
    except SealBroken:
        return _code_form(request, onward, status=503, fault="seal", kept=typed)
    async with request.app[DATABASE].session() as session:
        await close_session(session, request.cookies[STEP_COOKIE])
    response = await _let_in(request, user, onward, typed)
    response.del_cookie(STEP_COOKIE)
    return response


@allowed(EVERYBODY)
async def sign_out(request: web.Request) -> web.Response:
    """POST /sign-out: the session ends here and in the database."""
    visitor = request[VISITOR]
    async with request.app[DATABASE].session() as session:
        await close_session(session, visitor.token or "")
        audit.record(session, audit.SIGN_OUT, actor=visitor.actor,
                     subject=f"user:{visitor.actor}", address=visitor.address)
    response = web.Response(status=303, headers={"Location": "/sign-in"})
    response.del_cookie(SESSION_COOKIE)
    return response


@public
async def set_locale(request: web.Request) -> web.Response:
    """POST /locale: locale, next. Kept in a cookie, and with the user once signed in."""
    data, visitor = await request.post(), request[VISITOR]
    locale = data.get("locale")
    if not isinstance(locale, str) or locale not in LOCALES:
        raise web.HTTPBadRequest
    if visitor.user:
        async with request.app[DATABASE].session() as session:
            user = await session.get(User, visitor.user.id)
            if user:
                user.locale = locale
    response = web.Response(status=303, headers={"Location": local_path(data.get("next"))})
    set_cookie(request, response, LOCALE_COOKIE, locale, _YEAR_S)
    return response


def _form(request: web.Request, status: int = 200, fault: str = "", username: str = "",
          onward: str = "/", typed: Kept | None = None) -> web.Response:
    return render(request, "sign_in.html", status=status, username=username, fault=fault,
                  next=onward, kept=typed)


def _code_form(request: web.Request, onward: str, *, status: int = 200, fault: str = "",
               kept: Kept | None = None) -> web.Response:
    return render(request, "sign_in_code.html", status=status, fault=fault, next=onward, kept=kept)


async def _half_in(request: web.Request) -> WebSession | None:
    token = request.cookies.get(STEP_COOKIE)
    if not token:
        return None
    async with request.app[DATABASE].session() as session:
        return await find_session(session, token, awaits_code=True)


async def _let_in(request: web.Request, user: User, onward: str,
                  typed: Kept | None) -> web.Response:
    visitor, settings = request[VISITOR], request.app[SETTINGS]
    lifetime = timedelta(hours=settings.console.session_hours)
    async with request.app[DATABASE].session() as session:
        token = await open_session(session, user, lifetime, address=visitor.address,
                                   idle=timedelta(minutes=settings.sign_in.idle_minutes),
                                   browser=request.headers.get("User-Agent", ""),
                                   replaces=visitor.token)
        visitor.session = await find_session(session, token) if typed else None
    if typed and visitor.session:                  # the page is of the new session already
        visitor.csrf_token, visitor.csrf_is_new = visitor.session.csrf_token, False
        visitor.locale = choose_locale(visitor.session.user.locale)
        response = kept.page(request, typed)
    else:
        response = web.Response(status=303, headers={"Location": onward})
    set_cookie(request, response, SESSION_COOKIE, token, int(lifetime.total_seconds()))
    response.del_cookie(CSRF_COOKIE)
    return response
