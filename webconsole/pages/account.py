"""My account: password, language, second step, and where I am signed in."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web

from followup.people import second_step, totp
from followup.people.accounts import change_password
from followup.people.ldap import DirectoryAway
from followup.people.models import Source
from followup.people.policy import Weakness, WeakPassword, policy_of
from followup.people.sessions import end_sessions, sessions_of, token_hash
from followup.views import overview
from webconsole import kept
from webconsole.browsers import browser_name
from webconsole.keys import ACCOUNTS, DATABASE, SETTINGS, VISITOR
from webconsole.pages.inputs import form_id, is_local
from webconsole.qr import qr_code
from webconsole.rights import EVERYBODY, allowed
from webconsole.templating import render

FAULTS = (*(weakness.value for weakness in Weakness), "wrong", "differs", "code",
          "directory_away", "seal")
SAID = ("password", "sessions", "second_step_off")


@dataclass
class Shown:
    """What the page shows beside what is stored: faults by field, and what is told only once."""

    faults: dict[str, str] = field(default_factory=dict)
    secret: str = ""                     # of an authenticator app, to be confirmed
    codes: list[str] = field(default_factory=list)
    said: str = ""


@allowed(EVERYBODY)
async def page(request: web.Request) -> web.Response:
    """GET /account."""
    said = request.query.get("done", "")
    return await show(request, Shown(said=said if said in SAID else ""))


@allowed(EVERYBODY)
async def change(request: web.Request) -> web.Response:
    """POST /account/password: current, new, again. Every other session ends."""
    data, visitor = await request.post(), request[VISITOR]
    assert visitor.user is not None
    new = str(data.get("new", ""))
    faults = await wrong_password(request, str(data.get("current", "")))
    if not faults and new != str(data.get("again", "")):
        faults = {"again": "differs"}
    if not faults:
        try:
            async with request.app[DATABASE].session() as session:
                await change_password(session, visitor.actor, new, actor=visitor.actor,
                                      address=visitor.address, keep=visitor.token,
                                      policy=policy_of(request.app[SETTINGS]))
        except WeakPassword as refusal:
            faults = {"new": refusal.weakness.value}
    if faults:
        return await show(request, Shown(faults), status=422)
    if typed := kept.read(data, is_local):
        visitor.user.must_change_password = False
        return kept.page(request, typed)
    raise web.HTTPSeeOther("/account?done=password")


@allowed(EVERYBODY)
async def carry(request: web.Request) -> web.Response:
    """POST /account/kept: what was typed, to whoever owes something before it may be sent on."""
    return await show(request, Shown())


@allowed(EVERYBODY)
async def end(request: web.Request) -> web.Response:
    """POST /account/sessions: session, the one to end, or nothing: all but this one."""
    data, visitor = await request.post(), request[VISITOR]
    assert visitor.user is not None
    only = form_id(data["session"], "session") if data.get("session") else None
    async with request.app[DATABASE].session() as session:
        await end_sessions(session, visitor.user, actor=visitor.actor, address=visitor.address,
                           only=only, but=visitor.token)
    raise web.HTTPSeeOther("/account?done=sessions")


async def wrong_password(request: web.Request, current: str,
                         name: str = "current") -> dict[str, str]:
    """The fault of field ``name`` unless ``current`` is the visitor's password."""
    user = request[VISITOR].user
    assert user is not None
    try:
        fits = await request.app[ACCOUNTS].confirm(user, current, request[VISITOR].address)
    except DirectoryAway:
        return {name: "directory_away"}
    return {} if fits else {name: "wrong"}


async def show(request: web.Request, shown: Shown, *, status: int = 200) -> web.Response:
    """The page, with ``shown`` in it."""
    visitor, settings = request[VISITOR], request.app[SETTINGS]
    assert visitor.user is not None
    async with request.app[DATABASE].session() as session:
        sessions = await sessions_of(session, visitor.user.id)
        alerts, _ = await overview.alert_counts(session)
        left = await second_step.codes_left(session, visitor.user)
    typed = kept.read(await request.post(), is_local) if request.method == "POST" else None
    return render(
        request, "account.html", status=status, shown=shown, kept=typed,
        sessions=sessions, codes_left=left, open_alerts=alerts, browser_name=browser_name,
        here=token_hash(visitor.token or ""),
        owed=visitor.owes(settings.sign_in.second_step_roles),
        required=visitor.user.role in settings.sign_in.second_step_roles,
        from_directory=visitor.user.source is Source.DIRECTORY,
        qr=qr_code(totp.enrolment_uri(shown.secret, visitor.actor, settings.hospital))
        if shown.secret else "", by_hand=totp.grouped(shown.secret),
        min_length=settings.sign_in.password_min_length)
