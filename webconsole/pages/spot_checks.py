"""Spot checks: new plans, results, score cards."""

from __future__ import annotations

import asyncio
import re
import uuid
from datetime import date, datetime, timedelta
from typing import Any

from aiohttp import web

from followup.database.base import now
from followup.errors import Conflict, InvalidInput
from followup.people import audit
from followup.people.scope import Scope, current_scope
from followup.spotchecks import plans
from followup.spotchecks.sampling import By, Method
from followup.spotchecks.scoring import MOST_CRITERIA, Card
from followup.views import check_results, overview, patients, spotchecks
from webconsole.keys import CATALOGUES, DATABASE, TIMEZONE, VISITOR
from webconsole.pages.inputs import choice_or_none, id_or_none, text
from webconsole.rights import CHECKS, JUDGES, SEES_CHECK_RESULTS, allowed, exports
from webconsole.sheets import Cell, download, table, wanted_format
from webconsole.templating import render

SPANS = ("7", "30", "90", "all")          # days of results
RESULT_COLUMNS = ("tallied_by", "tallied", "checked", "passed_percent", "passed_low",
                  "passed_high", "mean_points", "fatal")
SPARE_LINES = 3                           # empty ones at the end of a card's form
FIELDS = ("name", "method", "by", "since", "until", "department", "size", "double_percent", "seed",
          "card")
# what may be wrong with a plan and with a card: names of words in the catalogue
PLAN_FAULTS = ("name", "taken", "department", "size", "double_percent", "since", "until",
               "by", "seed", "card")
CARD_FAULTS = ("name", "criteria", "key", "title", "weight", "maximum", "pass_mark")


@allowed(CHECKS)
async def new(request: web.Request) -> web.Response:
    """GET /spot-checks/new."""
    today = now().astimezone(request.app[TIMEZONE]).date()
    return await _new(request, {
        "name": "", "method": Method.RANDOM.value, "by": By.DEPARTMENT.value,
        "since": str(today - timedelta(days=7)), "until": str(today), "department": "",
        "size": "20", "double_percent": "10", "seed": "", "card": ""})


@allowed(CHECKS)
async def make(request: web.Request) -> web.Response:
    """POST /spot-checks/new: draws the sample. 422 or 409 with what is wrong and was typed."""
    form, visitor = await request.post(), request[VISITOR]
    typed = {name: text(form.get(name), 100) for name in FIELDS}
    try:
        wish = _wish(typed)
        _own_department(wish, current_scope())
        async with request.app[DATABASE].session() as session:
            made = await plans.make_plan(session, wish, request.app[TIMEZONE],
                                         actor=visitor.actor, address=visitor.address)
    except InvalidInput as wrong:
        fault = wrong.field if wrong.field in PLAN_FAULTS else "since"
        return await _new(request, typed, fault=fault, status=422)
    except Conflict:
        return await _new(request, typed, fault="taken", status=409)
    raise web.HTTPSeeOther(f"/spot-checks/{made.id}")


async def _new(request: web.Request, typed: dict[str, str], *, fault: str = "",
               status: int = 200) -> web.Response:
    async with request.app[DATABASE].session() as session:
        cards = await plans.newest_cards(session)
        departments = await patients.departments(session)
        count, _ = await overview.alert_counts(session)
    return render(request, "spot_check_new.html", status=status, typed=typed, fault=fault,
                  cards=cards, departments=departments, METHODS=Method, BY=By, most=plans.MOST,
                  open_alerts=count)


def _wish(typed: dict[str, str]) -> plans.Wish:
    method = choice_or_none(Method, typed["method"]) or Method.RANDOM
    card = id_or_none(typed["card"])
    if card is None:
        raise InvalidInput("card: expected a score card", field="card")
    return plans.Wish(
        name=typed["name"], method=method, since=_day(typed["since"], "since"),
        until=_day(typed["until"], "until"), size=_number(typed["size"], "size"), card_id=card,
        by=choice_or_none(By, typed["by"]) if method is Method.STRATIFIED else None,
        department=typed["department"],
        double_percent=_number(typed["double_percent"] or "0", "double_percent"),
        seed=_number(typed["seed"], "seed") if typed["seed"] else None)


def _own_department(wish: plans.Wish, scope: Scope) -> None:
    """Who sees some departments only draws from one of them."""
    if scope.departments is not None and wish.department not in scope.departments:
        raise InvalidInput("department: expected one of your own", field="department",
                           expected="one of your departments")


@allowed(SEES_CHECK_RESULTS)
async def results(request: web.Request) -> web.Response:
    """GET /spot-checks/results: ``plan``, ``days`` (7, 30, 90, all)."""
    plan_id, days, since = _period(request)
    async with request.app[DATABASE].session() as session:
        found = await check_results.results(session, plan_id=plan_id, since=since)
        lines, _ = await spotchecks.plans(session)
        count, _ = await overview.alert_counts(session)
    return render(request, "spot_check_results.html", results=found, plans=lines, plan_id=plan_id,
                  days=days, SPANS=SPANS, open_alerts=count)


@exports(SEES_CHECK_RESULTS)
async def export_results(request: web.Request) -> web.Response:
    """GET /spot-checks/results/export: both tables in one; ``format`` csv or xlsx."""
    plan_id, days, since = _period(request)
    kind, visitor = wanted_format(request), request[VISITOR]
    translate = request.app[CATALOGUES][visitor.locale]
    async with request.app[DATABASE].session() as session:
        found = await check_results.results(session, plan_id=plan_id, since=since)
        audit.record(session, audit.EXPORT_LIST, actor=visitor.actor, address=visitor.address,
                     subject="list:spot-check-results", format=kind, days=days,
                     plan=str(plan_id or ""))

    def line(of: str, each: check_results.Tally) -> list[Cell]:
        share = each.passed
        return [of, each.name or translate("spot.automatic"), share.total,
                *(round(100 * part, 1) for part in (share.value, share.low, share.high)),
                round(each.mean, 1), each.fatal]

    rows: list[list[Cell]] = [
        [translate(f"column.{name}") for name in RESULT_COLUMNS],
        *(line(translate("spot.person"), each) for each in found.people),
        *(line(translate("patients.department"), each) for each in found.departments)]
    return download(await asyncio.to_thread(table, rows, kind), "spot-check-results", kind)


def _period(request: web.Request) -> tuple[uuid.UUID | None, str, datetime | None]:
    """The plan that is asked for, the days as they stand in the address, and since when."""
    plan_id, days = id_or_none(request.query.get("plan")), request.query.get("days", "")
    days = days if days in SPANS else ("all" if plan_id else "90")
    return plan_id, days, None if days == "all" else now() - timedelta(days=int(days))


@allowed(CHECKS)
async def cards(request: web.Request) -> web.Response:
    """GET /spot-checks/cards: ``card`` (an id), else the first one."""
    async with request.app[DATABASE].session() as session:
        every = await plans.newest_cards(session)
        wanted = id_or_none(request.query.get("card"))
        shown = await plans.find_card(session, wanted) if wanted else next(iter(every), None)
    typed = {"name": shown.name, "pass_mark": shown.pass_mark} if shown else {
        "name": "", "pass_mark": 80}
    return await _cards(request, typed, list(shown.criteria) if shown else [], chosen=shown)


@allowed(JUDGES)
async def save_card(request: web.Request) -> web.Response:
    """POST /spot-checks/cards: a new version of a card, or a new card by another name."""
    form, visitor = await request.post(), request[VISITOR]
    typed = {"name": text(form.get("name"), plans.NAME_LENGTH + 1),
             "pass_mark": text(form.get("pass_mark"), 10)}
    lines = _lines({name: str(value) for name, value in form.items()})
    try:
        card = Card.read(lines, typed["pass_mark"])
        async with request.app[DATABASE].session() as session:
            saved = await plans.save_card(session, typed["name"], card, actor=visitor.actor,
                                          address=visitor.address)
    except InvalidInput as wrong:
        return await _cards(request, typed, lines, status=422, faults=_card_faults(wrong.field))
    raise web.HTTPSeeOther(f"/spot-checks/cards?card={saved.id}")


def _card_faults(field: str) -> dict[str, str]:
    """One of CARD_FAULTS by field of the form; ``field`` as the card names it, such as
    ``criteria.2.weight``."""
    _, _, rest = field.partition(".")
    line, _, what = rest.partition(".")
    if not line.isdecimal() or what not in CARD_FAULTS:
        return {field if field in ("name", "pass_mark") else "criteria":
                field if field in CARD_FAULTS else "criteria"}
    number = int(line) - 1
    return {f"{name}{number}": what for name in (
        ("zh", "en") if what in ("title", "key") else (what,))}


def _lines(form: dict[str, str]) -> list[dict[str, Any]]:
    """The lines that were filled in; a new one gets a key that no other has."""
    lines, taken = [], {form.get(f"key{number}", "") for number in range(MOST_CRITERIA + 10)}
    fresh = (f"line-{number}" for number in range(1, 1000) if f"line-{number}" not in taken)
    for number in range(MOST_CRITERIA + 10):
        zh, en = (text(form.get(f"{language}{number}"), 200) for language in ("zh", "en"))
        if zh or en:
            lines.append({
                "key": text(form.get(f"key{number}"), 40) or next(fresh),
                "title": {"zh": zh, "en": en}, "weight": text(form.get(f"weight{number}"), 5),
                "maximum": text(form.get(f"maximum{number}"), 5) or "1",
                "fatal": form.get(f"fatal{number}") == "on"})
    return lines


async def _cards(request: web.Request, typed: dict[str, Any], lines: list[Any], *,
                 status: int = 200, **more: Any) -> web.Response:
    async with request.app[DATABASE].session() as session:
        every = await plans.newest_cards(session)
        count, _ = await overview.alert_counts(session)
    spare = [{"key": "", "title": {"zh": "", "en": ""}, "weight": 1, "maximum": 5, "fatal": False}
             for _ in range(SPARE_LINES)]
    return render(request, "score_cards.html", status=status, typed=typed, cards=every,
                  criteria=[*lines, *spare][:MOST_CRITERIA], open_alerts=count,
                  **{"chosen": None, "faults": {}, **more})


def _day(value: str, field: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise InvalidInput(f"{field}: expected a day", field=field, expected="a day") from error


def _number(value: str, field: str) -> int:
    if not re.fullmatch(r"[0-9]{1,12}", value):
        raise InvalidInput(f"{field}: expected a whole number", field=field,
                           expected="a whole number")
    return int(value)
