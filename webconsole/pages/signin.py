"""Signing in and out, and choosing the language."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from followup.people import audit
from followup.people.accounts import LOCK, SignInRefused
from followup.people.models import User
from followup.people.sessions import close_session, open_session
from webconsole.i18n import LOCALES
from webconsole.keys import ACCOUNTS, DATABASE, SETTINGS, VISITOR
from webconsole.middleware import CSRF_COOKIE, LOCALE_COOKIE, SESSION_COOKIE, set_cookie
from webconsole.pages.inputs import local_path
from webconsole.rights import EVERYBODY, allowed, public
from webconsole.templating import render

_YEAR_S = 365 * 24 * 3600


@public
async def form(request: web.Request) -> web.Response:
    """GET /sign-in."""
    if request[VISITOR].user:
        raise web.HTTPSeeOther("/")
    return render(request, "sign_in.html", username="", refused=False,
                  next=local_path(request.query.get("next")))


@public
async def sign_in(request: web.Request) -> web.Response:
    """POST /sign-in: username, password, next. A new session replaces whatever was there."""
    data, visitor = await request.post(), request[VISITOR]
    username, password = str(data.get("username", ""))[:64], str(data.get("password", ""))
    onward = local_path(data.get("next"))
    try:
        user = await request.app[ACCOUNTS].verify(username, password, visitor.address)
    except SignInRefused:
        return render(request, "sign_in.html", status=403, username=username, refused=True,
                      next=onward, lock_minutes=int(LOCK.total_seconds() // 60))
    lifetime = timedelta(hours=request.app[SETTINGS].console.session_hours)
    async with request.app[DATABASE].session() as session:
        token = await open_session(session, user, lifetime, address=visitor.address,
                                   replaces=visitor.token)
    response = web.Response(status=303, headers={"Location": onward})
    set_cookie(request, response, SESSION_COOKIE, token, int(lifetime.total_seconds()))
    response.del_cookie(CSRF_COOKIE)
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
