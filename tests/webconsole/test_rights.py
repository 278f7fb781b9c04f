"""Every route, taken from the route table itself: who may, who may not, and by which request."""

from __future__ import annotations

import uuid

import pytest
from aiohttp import ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer

from followup.database.engine import Database
from followup.people.models import Role
from followup.people.permissions import Grants
from tests.followup.spotchecks.ward import open_checks
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.hospital import Hospital
from webconsole.middleware import SAFE_METHODS
from webconsole.pages import ROUTES, patient_list
from webconsole.rights import (
    APPEALS,
    CHECKS,
    CLOSES_ALERTS,
    DOWNLOADS_RECORDINGS,
    EDITS_PATIENTS,
    EVERYBODY,
    EXPORTS,
    HANDLES_CASES,
    HOLDS_RECORDINGS,
    JUDGES,
    LIFTS_OPT_OUTS,
    LISTENS,
    MACHINES,
    MAKES_TOKENS,
    MANAGES_PEOPLE,
    PUBLIC,
    READS_AUDIT,
    RECORDS_PROMPTS,
    RUNS_CAMPAIGNS,
    SEES_CASE_FIGURES,
    SEES_CASES,
    SEES_CHECK_RESULTS,
    SEES_CHECKS,
    SEES_NUMBERS,
    SEES_PATIENTS,
    SENDS_MESSAGES,
    SETS_RETENTION,
    SETS_RIGHTS,
    SETS_UP_CASES,
    SETS_UP_MESSAGES,
    TAKES_CALLS,
    Every,
    rights_of,
)

# What the console promises. A new route fails ``test_the_matrix_names_every_route`` until it is
# thought about here.
MATRIX = {
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/sign-in"): PUBLIC,
    ("POST", "/sign-in"): PUBLIC,
    ("GET", "/sign-in/code"): PUBLIC,
    ("POST", "/sign-in/code"): PUBLIC,
    ("POST", "/locale"): PUBLIC,
    ("GET", "/account"): EVERYBODY,
    ("POST", "/account/password"): EVERYBODY,
    ("POST", "/account/kept"): EVERYBODY,
    ("POST", "/account/sessions"): EVERYBODY,
    ("POST", "/account/second-step"): EVERYBODY,
    ("POST", "/account/second-step/code"): EVERYBODY,
    ("POST", "/account/second-step/codes"): EVERYBODY,
    ("POST", "/account/second-step/remove"): EVERYBODY,
    ("POST", "/theme"): PUBLIC,
    ("GET", "/views"): EVERYBODY,
    ("POST", "/views"): EVERYBODY,
    ("POST", "/views/{id}/remove"): EVERYBODY,
    ("GET", "/styleguide"): EVERYBODY,
    ("POST", "/sign-out"): EVERYBODY,
    ("GET", "/"): EVERYBODY,
    ("GET", "/overview/live"): EVERYBODY,
    ("GET", "/campaigns"): EVERYBODY,
    ("GET", "/campaigns/export"): Every((EVERYBODY, EXPORTS)),
    ("GET", "/tasks"): SEES_PATIENTS,
    ("GET", "/tasks/export"): Every((SEES_PATIENTS, EXPORTS)),
    ("GET", "/campaigns/new"): RUNS_CAMPAIGNS,
    ("POST", "/campaigns/new"): RUNS_CAMPAIGNS,
    ("POST", "/campaigns/new/forecast"): RUNS_CAMPAIGNS,
    ("GET", "/campaigns/{id}"): EVERYBODY,
    ("GET", "/campaigns/{id}/live"): EVERYBODY,
    ("POST", "/campaigns/{id}/state"): RUNS_CAMPAIGNS,
    ("GET", "/campaigns/{id}/rules"): RUNS_CAMPAIGNS,
    ("POST", "/campaigns/{id}/rules"): RUNS_CAMPAIGNS,
    ("GET", "/calendar"): EVERYBODY,
    ("POST", "/calendar"): RUNS_CAMPAIGNS,
    ("POST", "/calendar/remove"): RUNS_CAMPAIGNS,
    ("GET", "/pacing"): EVERYBODY,
    ("GET", "/pacing/live"): EVERYBODY,
    ("GET", "/events"): EVERYBODY,
    ("GET", "/people"): MANAGES_PEOPLE,
    ("GET", "/people/export"): Every((MANAGES_PEOPLE, EXPORTS)),
    ("GET", "/people/new"): MANAGES_PEOPLE,
    ("POST", "/people/new"): MANAGES_PEOPLE,
    ("GET", "/people/{id}"): MANAGES_PEOPLE,
    ("POST", "/people/{id}"): MANAGES_PEOPLE,
    ("POST", "/people/{id}/password"): MANAGES_PEOPLE,
    ("POST", "/people/{id}/second-step"): MANAGES_PEOPLE,
    ("GET", "/roles"): SETS_RIGHTS,
    ("POST", "/roles"): SETS_RIGHTS,
    ("POST", "/roles/reset"): SETS_RIGHTS,
    ("GET", "/audit"): READS_AUDIT,
    ("GET", "/audit/export"): Every((READS_AUDIT, EXPORTS)),
    ("POST", "/search"): EVERYBODY,
    ("GET", "/patients"): SEES_PATIENTS,
    ("GET", "/patients/export"): Every((SEES_PATIENTS, EXPORTS)),
    ("POST", "/patients/export"): Every((SEES_PATIENTS, SEES_NUMBERS, EXPORTS)),
    ("GET", "/patients/{id}"): SEES_PATIENTS,
    ("GET", "/patients/{id}/edit"): Every((EDITS_PATIENTS, SEES_NUMBERS)),
    ("POST", "/patients/{id}/edit"): Every((EDITS_PATIENTS, SEES_NUMBERS)),
    ("GET", "/patients/{id}/live"): SEES_PATIENTS,
    ("POST", "/patients/{id}/numbers"): SEES_NUMBERS,
    ("GET", "/patients/{id}/death"): EDITS_PATIENTS,
    ("POST", "/patients/{id}/death"): EDITS_PATIENTS,
    ("POST", "/patients/{id}/number-is-right"): EDITS_PATIENTS,
    ("GET", "/patients/{id}/messages"): (EDITS_PATIENTS, LIFTS_OPT_OUTS),
    ("POST", "/patients/{id}/messages/allow"): LIFTS_OPT_OUTS,
    ("POST", "/patients/{id}/messages/stop"): EDITS_PATIENTS,
    ("GET", "/alerts"): SEES_PATIENTS,
    ("GET", "/alerts/live"): SEES_PATIENTS,
    ("GET", "/alerts/export"): Every((SEES_PATIENTS, EXPORTS)),
    ("GET", "/alerts/count"): SEES_PATIENTS,
    ("GET", "/cases/count"): SEES_CASES,
    ("GET", "/alerts/{id}"): SEES_PATIENTS,
    ("POST", "/alerts/{id}/close"): CLOSES_ALERTS,
    ("GET", "/cases"): SEES_CASES,
    ("POST", "/cases"): HANDLES_CASES,
    ("GET", "/cases/export"): Every((SEES_CASES, EXPORTS)),
    ("GET", "/cases/new"): HANDLES_CASES,
    ("POST", "/cases/similar"): HANDLES_CASES,
    ("GET", "/cases/statistics"): SEES_CASE_FIGURES,
    ("GET", "/cases/statistics/export"): SEES_CASE_FIGURES,
    ("GET", "/cases/import"): SETS_UP_CASES,
    ("POST", "/cases/import"): SETS_UP_CASES,
    ("GET", "/cases/settings"): SETS_UP_CASES,
    ("POST", "/cases/settings/{part}"): SETS_UP_CASES,
    ("POST", "/cases/tokens"): MAKES_TOKENS,
    ("POST", "/cases/tokens/{id}/revoke"): MAKES_TOKENS,
    ("GET", "/cases/{id}"): SEES_CASES,
    ("GET", "/cases/{id}/live"): SEES_CASES,
    ("GET", "/cases/{id}/edit"): HANDLES_CASES,
    ("POST", "/cases/{id}/edit"): HANDLES_CASES,
    ("POST", "/cases/{id}/move"): HANDLES_CASES,
    ("POST", "/cases/{id}/transfer"): HANDLES_CASES,
    ("POST", "/cases/{id}/words"): HANDLES_CASES,
    ("POST", "/cases/{id}/draft"): HANDLES_CASES,
    ("POST", "/cases/{id}/satisfaction"): HANDLES_CASES,
    ("POST", "/cases/{id}/evidence"): HANDLES_CASES,
    ("POST", "/cases/{id}/call"): TAKES_CALLS,
    ("POST", "/cases/{id}/message"): SENDS_MESSAGES,
    ("POST", "/cases/{id}/message/preview"): SENDS_MESSAGES,
    ("POST", "/cases/{id}/attachments"): HANDLES_CASES,
    ("GET", "/cases/{id}/attachments/{file}"): SEES_CASES,
    ("POST", "/api/cases"): MACHINES,
    ("GET", "/messages"): SEES_CASES,
    ("GET", "/messages/export"): Every((SEES_CASES, EXPORTS)),
    ("GET", "/messages/templates"): SETS_UP_MESSAGES,
    ("POST", "/messages/templates"): SETS_UP_MESSAGES,
    ("GET", "/messages/templates/new"): SETS_UP_MESSAGES,
    ("POST", "/messages/templates/preview"): SETS_UP_MESSAGES,
    ("GET", "/messages/templates/{id}"): SETS_UP_MESSAGES,
    ("GET", "/messages/templates/{id}/versions"): SETS_UP_MESSAGES,
    ("POST", "/api/cases/{id}/attachments"): MACHINES,
    ("POST", "/api/messages/{token}/receipts"): MACHINES,
    ("POST", "/api/messages/{token}/replies"): MACHINES,
    ("GET", "/recordings/{id}/audio"): LISTENS,
    ("GET", "/recordings/{id}/download"): DOWNLOADS_RECORDINGS,
    ("GET", "/recordings/{id}/peaks"): LISTENS,
    ("GET", "/recordings/{id}/messages/{message}"): LISTENS,
    ("GET", "/recordings/{id}/seal"): LISTENS,
    ("GET", "/recordings/{id}"): LISTENS,
    ("POST", "/recordings/{id}/hold"): HOLDS_RECORDINGS,
    ("POST", "/recordings/{id}/release"): HOLDS_RECORDINGS,
    ("POST", "/recordings/{id}/comment"): LISTENS,
    ("POST", "/recordings/{id}/clips"): LISTENS,
    ("POST", "/recordings/{id}/revoke"): LISTENS,
    ("GET", "/clips/{token}"): LISTENS,
    ("GET", "/clips/{token}/audio"): LISTENS,
    ("GET", "/spot-checks"): SEES_CHECKS,
    ("GET", "/spot-checks/export"): Every((SEES_CHECKS, EXPORTS)),
    ("GET", "/spot-checks/plans"): CHECKS,
    ("GET", "/spot-checks/plans/export"): Every((CHECKS, EXPORTS)),
    ("GET", "/spot-checks/new"): CHECKS,
    ("POST", "/spot-checks/new"): CHECKS,
    ("GET", "/spot-checks/results"): SEES_CHECK_RESULTS,
    ("GET", "/spot-checks/results/export"): Every((SEES_CHECK_RESULTS, EXPORTS)),
    ("GET", "/recordings"): SEES_PATIENTS,
    ("GET", "/recordings/live"): SEES_PATIENTS,
    ("GET", "/recordings/export"): Every((SEES_PATIENTS, EXPORTS)),
    ("GET", "/recordings/retention"): (SETS_RETENTION, HOLDS_RECORDINGS),
    ("POST", "/recordings/retention"): SETS_RETENTION,
    ("POST", "/recordings/retention/remove"): SETS_RETENTION,
    ("POST", "/recordings/retention/hold"): HOLDS_RECORDINGS,
    ("GET", "/spot-checks/cards"): CHECKS,
    ("POST", "/spot-checks/cards"): JUDGES,
    ("GET", "/spot-checks/{id}"): CHECKS,
    ("GET", "/spot-checks/items/{id}"): SEES_CHECKS,
    ("POST", "/spot-checks/items/{id}/score"): CHECKS,
    ("POST", "/spot-checks/items/{id}/note"): CHECKS,
    ("POST", "/spot-checks/items/{id}/settle"): JUDGES,
    ("POST", "/spot-checks/items/{id}/appeal"): APPEALS,
    ("POST", "/spot-checks/items/{id}/decide"): JUDGES,
    ("POST", "/spot-checks/items/{id}/order"): CHECKS,
    ("POST", "/spot-checks/items/{id}/report"): APPEALS,
    ("POST", "/spot-checks/items/{id}/accept"): CHECKS,
    ("POST", "/spot-checks/items/{id}/close"): CHECKS,
    ("POST", "/spot-checks/items/{id}/call-again"): CHECKS,
    ("GET", "/spot-checks/items/{id}/answers"): TAKES_CALLS,
    ("POST", "/spot-checks/items/{id}/answers"): TAKES_CALLS,
    ("GET", "/prompts"): RECORDS_PROMPTS,
    ("GET", "/prompts/export"): Every((RECORDS_PROMPTS, EXPORTS)),
    ("GET", "/prompts/sound"): RECORDS_PROMPTS,
    ("POST", "/prompts/recording"): RECORDS_PROMPTS,
    ("POST", "/prompts/recording/remove"): RECORDS_PROMPTS,
    ("GET", "/phone"): TAKES_CALLS,
    ("GET", "/phone/desk"): TAKES_CALLS,
    ("POST", "/phone/credentials"): TAKES_CALLS,
    ("POST", "/phone/next"): TAKES_CALLS,
    ("GET", "/phone/ws"): TAKES_CALLS,
}
CLOSED = [(method, path) for (method, path), roles in MATRIX.items()
          if roles not in (PUBLIC, MACHINES)]
# machines have a token of their own: tests/webconsole/test_case_api.py
CHANGES = [(method, path) for (method, path), roles in MATRIX.items()
           if method not in SAFE_METHODS and roles != MACHINES]


def place(path: str, hospital: Hospital) -> str:
    """A path of the route table with an id that exists."""
    room = path.strip("/").partition("/")[0]
    ids = {"patients": hospital.patients[0], "alerts": hospital.alerts[0],
           "recordings": hospital.recording, "campaigns": hospital.campaign,
           "cases": hospital.case, "messages": hospital.template,
           "spot-checks": hospital.check if "/items/" in path else hospital.plan}
    if path.startswith("/tasks"):
        path += f"?campaign={hospital.campaign}"
    if path == "/recordings/live":
        path += "?since=2026-11-30T08:00"
    return (path.replace("{id}", str(ids.get(room, uuid.UUID(int=0)))).replace("{part}", "states")
            .replace("{file}", str(hospital.case_file)).replace("{token}", "x" * 43)
            .replace("{message}", str(uuid.UUID(int=0))))


def test_the_matrix_names_every_route() -> None:
    assert {(route.method, route.path): rights_of(route.handler) for route in ROUTES} == MATRIX


def test_the_application_serves_no_route_beyond_the_table_but_static_files(
        server: TestServer) -> None:
    served = {(route.method, route.resource.canonical) for route in server.app.router.routes()
              if route.resource and not isinstance(route.resource, web.StaticResource)}
    assert {(m, p) for m, p in served if m != "HEAD"} == set(MATRIX)


async def test_nobody_gets_in_without_signing_in(client: Client, hospital: Hospital) -> None:
    for method, path in CLOSED:
        answer = await client.request(method, place(path, hospital), allow_redirects=False)
        assert answer.status == 303, path
        assert answer.headers["Location"].startswith("/sign-in")
        assert "王秀英" not in await answer.text()


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_reaches_what_it_may_and_nothing_else(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn,
        role: Role) -> None:
    await sign_in(role.value)
    await open_checks(database, hospital)
    may, token = Grants().may, await csrf(client)
    for (method, path), right in MATRIX.items():
        if path in ("/sign-out", "/events", "/sign-in", "/locale", "/theme") or (
                path.startswith("/views")):
            continue                  # they have tests of their own; all but /events are for all
        if path.startswith(("/account/", "/sign-in/")):
            continue                  # alike for everybody: tests/webconsole/test_account.py
        if path.startswith("/phone/") and may(role, TAKES_CALLS):
            continue                  # needs more than a right: tests/webconsole/test_phone.py
        if path.startswith(("/patients/{id}/edit", "/patients/{id}/messages", "/messages/",
                            "/patients/{id}/death")) and may(role, right) and method == "POST":
            continue                  # so do these: their own tests
        if path.startswith("/prompts/") and may(role, RECORDS_PROMPTS):
            continue                  # as does this: tests/webconsole/test_prompts.py
        if method == "POST" and may(role, RUNS_CAMPAIGNS) and \
                path.startswith(("/campaigns", "/calendar")):
            continue                  # and these: test_campaigns.py, test_calendar.py
        if path.startswith(("/cases", "/api/")) and method != "GET" and (
                right == MACHINES or may(role, right)):
            continue                  # and these: tests/webconsole/test_cases.py, test_case_api.py
        if path.startswith(("/people/", "/roles")) and may(role, right) and (
                method == "POST" or "{id}" in path):
            continue                  # and these: test_people.py, test_roles.py
        if path.startswith("/spot-checks/") and may(role, right) and (
                method == "POST" or path.endswith("/answers") or role is Role.AGENT):
            continue                  # and these hang on the check: test_spot_checks.py
        if (path.startswith("/clips/") or (path.startswith("/recordings/") and (
                method == "POST" or "{message}" in path))) and may(role, right):
            continue                  # and these: test_recording.py, test_recordings.py
        data = None if method == "GET" else {"csrf_token": token, "note": "已处理"}
        answer = await client.request(method, place(path, hospital), data=data,
                                      allow_redirects=False)
        allowed = right == PUBLIC or may(role, right)
        assert (answer.status in (200, 303)) == allowed, (role, method, path, answer.status)
        if not allowed:
            assert answer.status == 403
            assert "王秀英" not in await answer.text()


@pytest.mark.parametrize("signed_in", [False, True])
async def test_every_change_needs_the_page_s_token(
        client: Client, hospital: Hospital, sign_in: SignIn, signed_in: bool) -> None:
    if signed_in:
        await sign_in()
    forgeries: tuple[dict[str, str], ...] = ({}, {"csrf_token": ""}, {"csrf_token": "x" * 43})
    for method, path in CHANGES:
        if path.startswith("/sign-in") == signed_in:
            continue
        for forged in forgeries:
            answer = await client.request(method, place(path, hospital), allow_redirects=False,
                                          data={"note": "x", "locale": "en", **forged})
            assert answer.status == 403, (method, path, forged)


@pytest.mark.parametrize("signed_in", [False, True])
async def test_no_change_is_taken_from_another_site(
        client: Client, hospital: Hospital, sign_in: SignIn, signed_in: bool) -> None:
    if signed_in:
        await sign_in()
    token = await csrf(client, "/" if signed_in else "/sign-in")
    for method, path in CHANGES:
        if path.startswith("/sign-in") == signed_in:
            continue
        for header in ({"Origin": "https://evil.example"}, {"Origin": "null"},
                       {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
            answer = await client.request(method, place(path, hospital), headers=header,
                                          data={"csrf_token": token, "note": "x", "locale": "en"},
                                          allow_redirects=False)
            assert answer.status == 403, (method, path, header)


async def test_the_token_of_another_session_does_not_fit(
        client: Client, server: TestServer, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("doctor")
    foreign = await csrf(client)
    async with ClientSession(server.make_url("/"), cookie_jar=CookieJar(unsafe=True)) as other:
        await sign_in("agent", browser=other)
        answer = await other.post(f"/alerts/{hospital.alerts[0]}/close",
                                  data={"csrf_token": foreign, "note": "x"})
        assert answer.status == 403


async def test_a_handler_without_a_mark_is_closed_to_everybody(
        client: Client, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    await sign_in("administrator")
    assert (await client.get("/patients")).status == 200
    monkeypatch.delattr(patient_list.listing, "__allowed__")
    assert (await client.get("/patients")).status == 403
