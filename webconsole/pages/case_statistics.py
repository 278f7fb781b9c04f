"""Complaints and praise in figures, each leading to its cases."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp import web

from followup.cases.setup import load_setup
from followup.database.base import now
from followup.errors import InvalidInput
from followup.people import audit
from followup.views import case_statistics as figures
from followup.views import overview
from followup.views.addresses import as_date
from followup.views.case_filter import NOBODY, CaseFilter, read_filter
from followup.views.case_statistics import SPANS, Figures, Group, Line
from webconsole.case_words import CaseWords, by
from webconsole.i18n import Catalogue
from webconsole.keys import CATALOGUES, DATABASE, SETTINGS, TIMEZONE, VISITOR
from webconsole.pages.inputs import filtered_by
from webconsole.pdf import table_pdf
from webconsole.rights import SEES_CASE_FIGURES, allowed
from webconsole.sheets import FORMATS, download, table, wanted_format
from webconsole.templating import render

LONGEST = timedelta(days=5 * 366)
DAYS = 30                    # that are shown when nobody says which
BARS = 60
SHOWN, SHOWN_SPANS = 100, 400        # lines of the table; the export has all
COLUMNS = ("complaints", "praise", "open", "closed", "accept_median", "accept_p90",
           "close_median", "close_p90", "on_time_share", "late", "reopened", "reopened_share",
           "satisfaction", "praise_ratio")


@dataclass(frozen=True, slots=True)
class Bar:
    """One span of time in the chart, in per cent of the whole: x, width, heights."""

    line: Line
    label: str
    wanted: CaseFilter
    x: float
    width: float
    complaints: float
    praise: float


@allowed(SEES_CASE_FIGURES)
async def page(request: web.Request) -> web.Response:
    """GET /cases/statistics: the fields of CaseFilter, ``group``; without days those of the last
    thirty."""
    wanted, group = _read(request)
    moment, zone = now(), request.app[TIMEZONE]
    span, shown = _span(wanted), SHOWN_SPANS if group in SPANS else SHOWN
    async with request.app[DATABASE].session() as session:
        setup = await load_setup(session)
        total = await figures.total(session, wanted, setup, zone, moment)
        earlier = await figures.total(session, figures.before(wanted), setup, zone, moment)
        lines = await figures.grouped(session, wanted, group, setup, zone, moment, shown + 1)
        course = lines if group is span else await figures.grouped(
            session, wanted, span, setup, zone, moment)
        alerts, _ = await overview.alert_counts(session)
    words = CaseWords.of(request, setup)
    translate = request.app[CATALOGUES][request[VISITOR].locale]
    return render(request, "case_statistics.html", wanted=wanted, group=group, groups=Group,
                  total=total, earlier=earlier, before=figures.before(wanted), words=words,
                  setup=setup, open_alerts=alerts, NOBODY=NOBODY,
                  shown=shown if len(lines) > shown else 0,
                  lines=[(line, _label(line.key, group, words, translate),
                          narrowed(wanted, group, line.key)) for line in lines[:shown]],
                  bars=_bars(course, span, wanted, words, translate))


@allowed(SEES_CASE_FIGURES)
async def export(request: web.Request) -> web.Response:
    """GET /cases/statistics/export: the table as it is shown; ``format`` csv, xlsx or pdf."""
    wanted, group = _read(request)
    kind = wanted_format(request, (*FORMATS, "pdf"))
    async with request.app[DATABASE].session() as session:
        setup = await load_setup(session)
        zone = request.app[TIMEZONE]
        lines = await figures.grouped(session, wanted, group, setup, zone, now())
        total = await figures.total(session, wanted, setup, zone, now())
        past = figures.before(wanted)
        earlier = await figures.total(session, past, setup, zone, now())
        me = by(request)
        audit.record(session, audit.EXPORT_LIST, actor=me.username, address=me.address,
                     subject="list:case-statistics", format=kind, figures=group.value,
                     filter=wanted.given())
    words = CaseWords.of(request, setup)
    translate = request.app[CATALOGUES][request[VISITOR].locale]
    rows: list[list[Any]] = [[translate(f"case_group.{group.value}"),
                              *(translate(f"case_figure.{name}") for name in COLUMNS)]]
    rows += [[_label(line.key, group, words, translate), *_cells(line.figures)] for line in lines]
    rows.append([translate("case_statistics.earlier", begin=past.begin, end=past.end),
                 *_cells(earlier)])
    rows.append([translate("case_statistics.total"), *_cells(total)])
    if kind == "pdf":
        said = [request.app[SETTINGS].hospital, f"{wanted.begin} – {wanted.end}",
                translate("case_statistics.clock")]
        made = await asyncio.to_thread(table_pdf, translate("case_statistics.title"), said,
                                       rows[0], rows[1:])
    else:
        made = await asyncio.to_thread(table, rows, kind)
    return download(made, "case-statistics", kind)


def _cells(of: Figures) -> list[Any]:
    """Times in hours, shares in per cent, rounded for people."""
    def cell(name: str) -> Any:
        value = getattr(of, name)
        if value is None:
            return ""
        if name.endswith(("median", "p90")):
            return round(value / 3600, 2)
        if name.endswith("share"):
            return round(100 * value, 1)
        return round(value, 2) if isinstance(value, float) else value

    return [cell(name) for name in COLUMNS]


def _read(request: web.Request) -> tuple[CaseFilter, Group]:
    """Filter and grouping of the address; without days the last thirty."""
    wanted = read_filter(request.query)
    today = now().astimezone(request.app[TIMEZONE]).date()
    end = as_date("end", wanted.end) if wanted.end else today
    begin = as_date("begin", wanted.begin) if wanted.begin else end - timedelta(days=DAYS - 1)
    if begin > end or end - begin > LONGEST or begin.year < 1900 or end.year > 2200:
        field = "begin" if wanted.begin else "end"
        raise InvalidInput(f"{field}: expected a day before the end, five years at most",
                           field=field, expected="a day before the end")
    return (wanted.with_(begin=begin.isoformat(), end=end.isoformat()),
            filtered_by(request.query, "group", Group) or Group.DEPARTMENT)


def _span(wanted: CaseFilter) -> Group:
    """The spans in which the course is drawn, so that there are not too many."""
    days = (as_date("end", wanted.end) - as_date("begin", wanted.begin)).days
    return Group.DAY if days < BARS else (Group.WEEK if days < 7 * BARS else Group.MONTH)


def narrowed(wanted: CaseFilter, group: Group, key: str) -> CaseFilter:
    """The filter that means the cases of one group."""
    if group not in SPANS:
        return wanted.with_(**{group.value: key})
    return wanted.with_(begin=max(wanted.begin, key),
                        end=min(wanted.end, figures.span_end(group, key)))


def _label(key: str, group: Group, words: CaseWords, translate: Catalogue) -> str:
    if key == NOBODY:
        return translate("cases.nobody")
    match group:
        case Group.CATEGORY:
            return words.category(key)
        case Group.SEVERITY:
            return words.severity(key)
        case Group.CHANNEL:
            return translate(f"case_channel.{key}")
        case Group.MONTH:
            return key[:7]
        case _:
            return key


def _bars(course: list[Line], span: Group, wanted: CaseFilter, words: CaseWords,
          translate: Catalogue) -> list[Bar]:
    """The course over time; spans without any case are drawn as gaps."""
    known = {line.key: line for line in course}
    keys = _spans(span, wanted)
    tallest = max((line.figures.complaints + line.figures.praise for line in course), default=0)
    step = 100 / max(1, len(keys))
    return [Bar(line, _label(line.key, span, words, translate), narrowed(wanted, span, line.key),
                round(at * step + step * 0.15, 3), round(step * 0.7, 3),
                round(96 * line.figures.complaints / tallest, 2),
                round(96 * line.figures.praise / tallest, 2))
            for at, key in enumerate(keys) if (line := known.get(key))]


def _spans(span: Group, wanted: CaseFilter) -> list[str]:
    """The first days of all spans of the period."""
    day, end = as_date("begin", wanted.begin), as_date("end", wanted.end)
    if span is Group.WEEK:
        day -= timedelta(days=day.weekday())
    elif span is Group.MONTH:
        day = day.replace(day=1)
    found = []
    while day <= end:
        found.append(day.isoformat())
        day = as_date("end", figures.span_end(span, day.isoformat())) + timedelta(days=1)
    return found


