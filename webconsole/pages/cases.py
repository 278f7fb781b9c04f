"""Complaints and praise: the list, and taking it away as a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from followup.cases.models import Case, Channel
from followup.cases.setup import Setup, load_setup
from followup.cases.setup_models import FieldType, Use
from followup.cases.states import CaseKind, CaseState
from followup.database.base import now
from followup.views import cases, overview
from followup.views.case_filter import NOBODY, CaseFilter, read_filter
from followup.views.keyed import CURSOR_LENGTH, Order, read_order
from webconsole.case_words import CaseWords
from webconsole.exporting import Lines, Taken, send
from webconsole.i18n import Catalogue
from webconsole.keys import CATALOGUES, DATABASE, TIMEZONE, VISITOR
from webconsole.pages.inputs import text, wants_part
from webconsole.pages.saved_views import tabs
from webconsole.rights import SEES_CASES, allowed, exports
from webconsole.templating import render

# filters that the form has no field for: they come from figures, and are kept as they are
CARRIED = ("person", "patient", "wanting", "kept", "accepted", "closed", "reopened", "rated")
COLUMNS = ("number", "kind", "state", "severity", "category", "channel", "departments", "people",
           "patient", "mrn", "reporter", "description", "department", "owner", "registered_at",
           "clock", "accept_due", "accepted_at", "answer_due", "answered_at", "close_due",
           "closed_at", "reopened", "satisfaction", "source", "external_id")


@allowed(SEES_CASES)
async def listing(request: web.Request) -> web.Response:
    """GET /cases: the fields of CaseFilter (owner may be "me"), ``sort``, ``after``."""
    wanted, order = read(request)
    after, moment = text(request.query.get("after"), CURSOR_LENGTH), now()
    async with request.app[DATABASE].session() as session:
        setup = await load_setup(session)
        zone = request.app[TIMEZONE]
        found = await cases.list_cases(session, wanted, setup, zone, moment, order=order,
                                       after=after)
        owners = await cases.owners(session)
        departments = await cases.departments(session)
        alerts, _ = await overview.alert_counts(session)
        views = await tabs(session, request, "cases")
        counts = {}
        for name, some in _shortcuts(request).items():
            counts[name] = (some, (await cases.count_cases(session, some, setup, zone, moment)))
    words = CaseWords.of(request, setup, owners)
    template = "parts/cases.html" if wants_part(request) else "cases.html"
    return render(request, template, found=found, wanted=wanted, order=order, after=after,
                  words=words, setup=setup, owners=owners, departments=departments,
                  open_alerts=alerts, counts=counts, carried=CARRIED, columns=cases.COLUMNS,
                  tabs=views, Channel=Channel, CaseKind=CaseKind, CaseState=CaseState,
                  NOBODY=NOBODY,
                  chips=_chips(wanted, words, request.app[CATALOGUES][request[VISITOR].locale]))


def _shortcuts(request: web.Request) -> dict[str, CaseFilter]:
    """What somebody looks for first thing in the morning."""
    user = request[VISITOR].user
    me = str(user.id) if user else NOBODY
    return {"open": CaseFilter(state="open"), "mine": CaseFilter(state="open", owner=me),
            "wanting": CaseFilter(wanting=me), "soon": CaseFilter(standing="soon"),
            "late": CaseFilter(standing="late")}


@allowed(SEES_CASES)
async def badge(request: web.Request) -> web.Response:
    """GET /cases/count: the number in the navigation, of the visitor's cases that want them, once
    it may have changed."""
    user, count = request[VISITOR].user, 0
    if user:
        async with request.app[DATABASE].session() as session:
            count = await cases.count_wanting(session, user.id, now())
    return render(request, "parts/badge.html", count=count)


@exports(SEES_CASES)
async def export(request: web.Request) -> web.StreamResponse:
    """GET /cases/export: the list as it is filtered and sorted; ``format`` csv or xlsx."""
    wanted, order = read(request)
    async with request.app[DATABASE].session() as session:
        setup = await load_setup(session)
    words, moment = CaseWords.of(request, setup), now()
    translate = request.app[CATALOGUES][request[VISITOR].locale]

    async def lines(session: AsyncSession, after: str, size: int) -> tuple[Lines, str | None]:
        found, onward = await cases.some_cases(session, wanted, setup, request.app[TIMEZONE],
                                               moment, order=order, after=after, size=size)
        return _rows(found, words, translate), onward

    head = [translate(f"case_column.{name}") for name in COLUMNS]
    head += [each.name(translate.locale) for each in setup.fields]
    return await send(request, Taken("cases", head, lines, wanted.given()))


def _rows(found: Iterable[Case], words: CaseWords, translate: Catalogue) -> Lines:
    def one(case: Case) -> list[Any]:
        return [
            case.number, words.kind(case.kind), words.state(case.state),
            words.severity(case.severity_id), words.category(case.category_id),
            translate(f"case_channel.{case.channel.value}"), "、".join(case.departments),
            "、".join(case.people), case.patient.name if case.patient else "",
            case.patient.mrn if case.patient else "", case.reporter, case.description,
            case.department, case.owner.name if case.owner else "", words.when(case.created_at),
            translate(f"case_clock.{case.clock.value}") if case.close_due else "",
            words.when(case.accept_due), words.when(case.accepted_at), words.when(case.answer_due),
            words.when(case.answered_at), words.when(case.close_due),
            words.when(case.closed_at), case.reopened, case.satisfaction, case.source,
            case.external_id or "",
            *(case.own.get(str(each.id), "") for each in words.setup.fields)]

    return [one(case) for case in found]


def read(request: web.Request) -> tuple[CaseFilter, Order]:
    """Filter and order of the address; "me" becomes the visitor."""
    query = dict(request.query)
    user = request[VISITOR].user
    if query.get("owner") == "me":
        query["owner"] = str(user.id) if user else NOBODY
    return read_filter(query), read_order(query.get("sort"), cases.COLUMNS, cases.NEWEST)


def _chips(wanted: CaseFilter, words: CaseWords,
           translate: Catalogue) -> list[tuple[str, str, CaseFilter]]:
    """What filters the list: (name, value, the filter without it)."""
    names = {"kind": "case_kind", "channel": "case_channel", "standing": "case_standing",
             "kept": "case_yes", "accepted": "case_yes", "closed": "case_yes",
             "reopened": "case_yes"}

    def shown(field: str, value: str) -> str:
        if value == NOBODY:
            return translate("cases.nobody")
        if field in names:
            return translate(f"{names[field]}.{value}")
        if field == "state":
            return translate("cases.open") if value == "open" else words.state(CaseState(value))
        if field == "category":
            return words.category(value)
        if field == "severity":
            return words.severity(value)
        if field == "rated":
            return translate("case_yes.yes") if value == "yes" else value
        return words.user(value) if field in ("owner", "wanting") else value

    return [(translate(f"case_filter.{field}"), "" if field == "patient" else shown(field, value),
             wanted.with_(**{field: ""})) for field, value in wanted.given().items()]


def facts_of(setup: Setup) -> dict[str, Any]:
    """What every form about a case offers."""
    return {"setup": setup, "Channel": Channel, "CaseKind": CaseKind, "Use": Use,
            "FieldType": FieldType}
