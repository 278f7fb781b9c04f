"""The list of recordings, and taking it away as a table. Nothing is heard here: playing leaves its
trace where it is played."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from followup.calls.models import Disposition
from followup.database.base import now
from followup.errors import InvalidInput
from followup.views import overview, patients, recording_list
from followup.views.keyed import CURSOR_LENGTH, Order, read_order
from followup.views.recording_filter import Kind, RecordingFilter, Sealing, Told, read_filter
from followup.views.recording_list import Choices, Line
from webconsole import formats
from webconsole.exporting import Lines, Taken, send
from webconsole.i18n import Catalogue
from webconsole.keys import CATALOGUES, DATABASE, TIMEZONE, VISITOR
from webconsole.pages.inputs import text, wants_part
from webconsole.pages.saved_views import tabs
from webconsole.rights import SEES_NUMBERS, SEES_PATIENTS, allowed, exports
from webconsole.sheets import Cell
from webconsole.templating import render

# of an exported table
CELLS = ("called_at", "patient", "mrn", "phone", "department", "campaign", "questionnaire", "kind",
         "agent", "length", "outcome", "seal", "seal_number", "sha256", "held", "comments", "told")
WORDS = {"kind": "recording_kind", "outcome": "disposition", "seal": "sealing",
         "told": "recording_told", "held": "case_yes", "comments": "case_yes"}


@allowed(SEES_PATIENTS)
async def listing(request: web.Request) -> web.Response:
    """GET /recordings: the fields of RecordingFilter, ``sort``, ``after``."""
    wanted, order = _read(request)
    after, visitor = text(request.query.get("after"), CURSOR_LENGTH), request[VISITOR]
    since = now()
    async with request.app[DATABASE].session() as session:
        found = await recording_list.list_recordings(
            session, wanted, request.app[TIMEZONE], order=order, after=after,
            numbers=visitor.may(SEES_NUMBERS))
        choices = await recording_list.choices(session)
        departments = await patients.departments(session)
        alerts, _ = await overview.alert_counts(session)
        views = await tabs(session, request, "recordings")
    translate = request.app[CATALOGUES][visitor.locale]
    template = "parts/recordings.html" if wants_part(request) else "recordings.html"
    return render(request, template, found=found, wanted=wanted, order=order, after=after,
                  choices=choices, departments=departments, open_alerts=alerts, tabs=views,
                  columns=recording_list.COLUMNS, counted=recording_list.COUNTED,
                  chips=_chips(wanted, choices, translate), since=since,
                  Disposition=Disposition, Kind=Kind, Sealing=Sealing, Told=Told)


@allowed(SEES_PATIENTS)
async def news(request: web.Request) -> web.Response:
    """GET /recordings/live: how many recordings the list has got since ``since``, and the way to
    them; the list itself stays as it is for whoever is reading it."""
    (wanted, order), visitor = _read(request), request[VISITOR]
    async with request.app[DATABASE].session() as session:
        count = await recording_list.count_since(
            session, wanted, request.app[TIMEZONE], _since(request),
            numbers=visitor.may(SEES_NUMBERS))
    return render(request, "parts/recordings_news.html", count=count, most=recording_list.NEWS,
                  wanted=wanted, order=order)


def _since(request: web.Request) -> datetime:
    try:
        since = datetime.fromisoformat(text(request.query.get("since"), 40))
    except ValueError as error:
        raise InvalidInput("since: expected a moment", field="since",
                           expected="a moment") from error
    return since if since.tzinfo else since.replace(tzinfo=UTC)


@exports(SEES_PATIENTS)
async def export(request: web.Request) -> web.StreamResponse:
    """GET /recordings/export: the list as it is filtered and sorted, without any sound; ``format``
    csv or xlsx."""
    (wanted, order), visitor = _read(request), request[VISITOR]
    translate = request.app[CATALOGUES][visitor.locale]

    async def lines(session: AsyncSession, after: str, size: int) -> tuple[Lines, str | None]:
        found, onward = await recording_list.some_recordings(
            session, wanted, request.app[TIMEZONE], order=order, after=after, size=size,
            numbers=visitor.may(SEES_NUMBERS))
        return [_row(request, line, translate) for line in found], onward

    return await send(request, Taken(
        "recordings", [translate(f"recording_column.{name}") for name in CELLS], lines,
        {**wanted.given(), "sort": str(order)}))


def _row(request: web.Request, line: Line, translate: Catalogue) -> list[Cell]:
    recording, attempt = line.recording, line.attempt
    called = recording.created_at.astimezone(request.app[TIMEZONE])

    def words(group: str, values: Any) -> str:
        return translate("list.separator").join(
            translate(f"{group}.{value.value}") for value in values)

    return [
        f"{called:%Y-%m-%d %H:%M:%S}", line.patient.name, line.patient.mrn,
        formats.mask_phone(attempt.phone), recording.department, line.campaign, line.questionnaire,
        words("recording_kind", line.kinds), line.agent.name if line.agent else "",
        None if recording.duration_ms is None else round(recording.duration_ms / 1000),
        translate(f"disposition.{attempt.disposition.value}") if attempt.disposition else "",
        words("sealing", line.sealing), recording.seal_number, recording.sha256 or "",
        translate("case_yes.yes") if line.held else "", line.comments or None,
        words("recording_told", line.told)]


def _read(request: web.Request) -> tuple[RecordingFilter, Order]:
    return read_filter(request.query), read_order(
        request.query.get("sort"), recording_list.COLUMNS, recording_list.NEWEST)


def _chips(wanted: RecordingFilter, choices: Choices,
           translate: Catalogue) -> list[tuple[str, str, RecordingFilter]]:
    """What filters the list: (name, value, the filter without it)."""
    named = {"campaign": choices.campaigns, "questionnaire": choices.questionnaires,
             "agent": [(agent.id, agent.name) for agent in choices.agents], "patient": ()}

    def shown(field: str, value: str) -> str:
        if field in named:
            return next((name for key, name in named[field] if str(key) == value), "")
        return translate(f"{WORDS[field]}.{value}") if field in WORDS else value

    return [(translate(f"recording_filter.{field}"), shown(field, value),
             wanted.with_(**{field: ""})) for field, value in wanted.given().items()]
