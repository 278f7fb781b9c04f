"""What happens to every request: headers, errors as pages, who it is, may they, do they mean it.

Outermost first: ``harden`` adds the security headers, ``explain`` turns errors into pages,
``admit`` finds the session, checks rights (deny by default), the CSRF token and whether the row
that is asked for is one that the visitor sees.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from aiohttp import web
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from followup.database.base import now
from followup.errors import AftercallError, Forbidden, InvalidInput
from followup.log import get_logger
from followup.people.scope import within_scope
from followup.people.sessions import find_session, touch
from followup.questionnaires.faults import UnsoundQuestionnaire
from followup.settings import Settings
from followup.views import cases
from webconsole import kept
from webconsole.i18n import choose_locale
from webconsole.keys import CATALOGUES, DATABASE, GRANTS, SETTINGS, VISITOR, Visitor
from webconsole.rights import MACHINES, PUBLIC, SEES_CASES, Handler, rights_of, upload_limit
from webconsole.rows import require_row
from webconsole.templating import render
from webconsole.unfit import Fault

SESSION_COOKIE = "aftercall_session"
CSRF_COOKIE = "aftercall_csrf"            # only before sign-in; later the token is the session's
LOCALE_COOKIE = "aftercall_locale"
STEP_COOKIE = "aftercall_step"            # between password and code
CSRF_FIELD, CSRF_HEADER = "csrf_token", "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

HEADERS = {
    "Content-Security-Policy":
        "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; "
        "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
Form = Mapping[str, str | bytearray | bytes | web.FileField]
# what pages fetch by themselves keeps nobody signed in
_BY_ITSELF = ("/live", "/count", "/events")
# what is open to who must change the password or set up the second step first
_OWING = ("/account", "/sign-out")
_OUR_FAULTS = (ProgrammingError, IntegrityError, DataError)
_PAGES = {400, 403, 404, 405, 409, 413, 422, 503}

log = get_logger(__name__)


def is_secure(settings: Settings) -> bool:
    """Do browsers come by https?"""
    return settings.console_url.startswith("https:")


def set_cookie(request: web.Request, response: web.StreamResponse, name: str, value: str,
               max_age: int | None = None) -> None:
    """Every cookie of ours: not for scripts, not for other sites, https only where we have it."""
    response.set_cookie(name, value, max_age=max_age, path="/", httponly=True, samesite="Lax",
                        secure=is_secure(request.app[SETTINGS]))


async def harden(request: web.Request, response: web.StreamResponse) -> None:
    """on_response_prepare: the security headers, and no caching unless a handler says so."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    if is_secure(request.app[SETTINGS]):
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")


@web.middleware
async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors become pages in the console's design; nobody is shown a traceback."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _error_page(request, error.status, allow=error.headers.get("Allow", ""))
    except AftercallError as error:
        if error.status >= 500:
            log.warning("request failed", path=request.path, error=error.id, reason=error.message)
        return _error_page(request, error.status, error)
    except (ConnectionResetError, asyncio.CancelledError):
        raise                                 # the browser has gone: nobody to tell
    except (OSError, DBAPIError, PoolTimeout) as error:
        if isinstance(error, _OUR_FAULTS):
            log.exception("request failed", path=request.path)
            return _error_page(request, 500)
        log.warning("the database does not answer", path=request.path, error=type(error).__name__)
        return _error_page(request, 503)
    except Exception:
        log.exception("request failed", path=request.path)
        return _error_page(request, 500)


def _error_page(request: web.Request, status: int, error: AftercallError | None = None,
                allow: str = "") -> web.Response:
    if request.path.startswith("/api/"):         # machines read no pages
        told = {"error": error.id if error else f"http-{status}",
                "message": error.message if error and status < 500 else HTTPStatus(status).phrase}
        return web.json_response(told, status=status, headers={"Allow": allow} if allow else None)
    shown = status if status in _PAGES else (500 if status >= 500 else 400)
    visitor = request.get(VISITOR)
    faults: list[str] = []
    if visitor and isinstance(error, UnsoundQuestionnaire):
        faults = error.told(visitor.locale).splitlines()
    elif visitor and isinstance(error, InvalidInput) and error.field in request.query:
        faults = [Fault.of(error, request.query).said(request.app[CATALOGUES][visitor.locale])]
    back, end = "", "/export"
    if request.path.endswith(end):               # where the list shows the same fault at its field
        back = str(request.rel_url.without_query_params("format")).replace(end, "", 1)
    return render(request, "error.html", status=status, code=status, key=f"errors.{shown}",
                  faults=faults, back=back)


@web.middleware
async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in whom the route's mark allows, and only requests that our own pages sent."""
    mark = rights_of(request.match_info.handler)
    if request.match_info.http_exception is None and _is_static(request):
        return await handler(request)
    if mark == MACHINES:
        return await handler(request)
    visitor = request[VISITOR] = await _recognise(request)
    if request.match_info.http_exception is not None:
        return await handler(request)
    if mark != PUBLIC:
        if visitor.user is None:
            return await _signed_out(request, visitor)
        if mark is None or isinstance(mark, str) or not visitor.may(mark):
            raise Forbidden
        owed = visitor.owes(request.app[SETTINGS].sign_in.second_step_roles)
        if owed and not request.path.startswith(_OWING):
            return await _owing(request)
    limit = upload_limit(request.match_info.handler)
    if limit is not None:
        request = request.clone(client_max_size=limit)
    form: Form = {}
    try:
        if request.method not in SAFE_METHODS:
            form = await _sent(request)
            if not _has_token(request, visitor, form):
                return _too_old(request, visitor, form)
        with within_scope(visitor.scope):
            await require_row(request)
            if visitor.user and visitor.may(SEES_CASES) and _opens_a_page(request):
                async with request.app[DATABASE].session() as session:
                    visitor.cases_wanting = await cases.count_wanting(
                        session, visitor.user.id, now())
            response = await handler(request)
    finally:
        if limit is not None:                # aiohttp closes the files of its own request only
            await asyncio.to_thread(_close_files, form)
    if visitor.csrf_is_new and not response.prepared:
        set_cookie(request, response, CSRF_COOKIE, visitor.csrf_token)
    return response


def _opens_a_page(request: web.Request) -> bool:
    """Is a page with its menu to come? Where browsers do not say so (by http), as far as the path
    tells."""
    headers = request.headers
    return "HX-Request" not in headers and headers.get("Sec-Fetch-Mode", "navigate") == "navigate" \
        and not request.path.endswith((*_BY_ITSELF, "/export"))


def _is_static(request: web.Request) -> bool:
    return isinstance(request.match_info.route.resource, web.StaticResource)


async def _recognise(request: web.Request) -> Visitor:
    visitor = Visitor(
        address=client_address(request), csrf_token=request.cookies.get(CSRF_COOKIE, ""),
        locale=choose_locale(request.cookies.get(LOCALE_COOKIE),
                             accept=request.headers.get("Accept-Language", "")))
    if token := request.cookies.get(SESSION_COOKIE):
        async with request.app[DATABASE].session() as session:
            visitor.session = await find_session(session, token)
            if visitor.session and not request.path.endswith(_BY_ITSELF):
                await touch(session, visitor.session,
                            timedelta(minutes=request.app[SETTINGS].sign_in.idle_minutes))
        visitor.token = token
    if visitor.session:
        visitor.grants = await request.app[GRANTS].current()
        visitor.csrf_token = visitor.session.csrf_token
        visitor.locale = choose_locale(visitor.session.user.locale)
    elif len(visitor.csrf_token) < 32:
        visitor.csrf_token, visitor.csrf_is_new = secrets.token_urlsafe(32), True
    return visitor


def client_address(request: web.Request) -> str:
    """The browser's address. A proxy on this machine is believed once ``public_url`` tells of one:
    it appends the address that it sees."""
    peer = request.remote or ""
    try:
        proxied = ipaddress.ip_address(peer).is_loopback
        if proxied and request.app[SETTINGS].console.public_url:
            last = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
            return str(ipaddress.ip_address(last))
    except ValueError:
        pass
    return peer


async def _signed_out(request: web.Request, visitor: Visitor) -> web.Response:
    """To the sign-in; with what was typed, when the session ended under a form of ours."""
    typed = await kept.from_stranger(request) if kept.is_ours(request) else None
    if typed is None:
        return _to_sign_in(request)
    response = render(request, "sign_in.html", status=401, fault="", username="", next="/",
                      kept=typed)
    if visitor.csrf_is_new:
        set_cookie(request, response, CSRF_COOKIE, visitor.csrf_token)
    return response


async def _owing(request: web.Request) -> web.Response:
    """To what must be done first; with what was typed before that was so."""
    typed = await kept.from_stranger(request) if kept.is_ours(request) else None
    return kept.page(request, typed, status=403) if typed else _elsewhere(request, "/account")


def _to_sign_in(request: web.Request) -> web.Response:
    wanted = request.path_qs if request.method == "GET" else "/"
    to = "/sign-in"
    if not request.headers.get("HX-Request") and wanted != "/":
        to += f"?next={quote(wanted)}"
    return _elsewhere(request, to)


def _elsewhere(request: web.Request, to: str) -> web.Response:
    if request.headers.get("HX-Request"):     # a part of a page: send the whole page there
        return web.Response(status=401, headers={"HX-Redirect": to})
    raise web.HTTPSeeOther(to)


def check_origin(request: web.Request) -> None:
    """Forbidden when the request comes from another site."""
    own = {request.host, urlsplit(request.app[SETTINGS].console_url).netloc}
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc not in own:
        raise Forbidden("the request comes from another site")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("the request comes from another site")


async def _sent(request: web.Request) -> Form:
    """The form; another site's request is refused before it is read."""
    check_origin(request)
    try:
        return await request.post()
    except (ValueError, LookupError) as error:       # not UTF-8, no such charset, broken parts
        raise web.HTTPBadRequest from error


def _has_token(request: web.Request, visitor: Visitor, form: Form) -> bool:
    """Does the request carry our token?"""
    given = request.headers.get(CSRF_HEADER) or str(form.get(CSRF_FIELD, ""))
    return not visitor.csrf_is_new and hmac.compare_digest(
        given.encode(), visitor.csrf_token.encode())


def _too_old(request: web.Request, visitor: Visitor, form: Form) -> web.Response:
    """Somebody has signed in anew since the page was made: they see what they typed, and may send
    it. What does not come from our pages is Forbidden."""
    typed = kept.from_form(request.path, form.items()) \
        if visitor.user and kept.is_ours(request) else None
    if typed is None:
        raise Forbidden("the page was too old: load it again")
    return kept.page(request, typed, status=403)


def _close_files(form: Form) -> None:
    for value in form.values():
        if isinstance(value, web.FileField):
            value.file.close()
