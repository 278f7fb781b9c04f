"""The list of messages to and from all patients, and taking it away as a table."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from followup.messages.states import MessageState
from followup.views import message_list, overview
from followup.views.keyed import CURSOR_LENGTH, Order, read_order
from followup.views.message_list import Line, MessageFilter, read_filter
from webconsole import formats
from webconsole.exporting import Lines, Taken, send
from webconsole.keys import CATALOGUES, DATABASE, TIMEZONE, VISITOR
from webconsole.pages.inputs import text, wants_part
from webconsole.pages.saved_views import tabs
from webconsole.rights import SEES_CASES, SEES_NUMBERS, allowed, exports
from webconsole.sheets import Cell
from webconsole.templating import render

# of an exported table
CELLS = ("written_at", "direction", "patient", "mrn", "phone", "relation", "case", "text",
         "template", "state", "error", "sent_at", "ended_at", "written_by")


@allowed(SEES_CASES)
async def listing(request: web.Request) -> web.Response:
    """GET /messages: the fields of MessageFilter, ``sort``, ``after``."""
    wanted, order = _read(request)
    after, visitor = text(request.query.get("after"), CURSOR_LENGTH), request[VISITOR]
    async with request.app[DATABASE].session() as session:
        found = await message_list.list_messages(
            session, wanted, request.app[TIMEZONE], order=order, after=after,
            numbers=visitor.may(SEES_NUMBERS))
        alerts, _ = await overview.alert_counts(session)
        views = await tabs(session, request, "messages")
    template = "parts/messages.html" if wants_part(request) else "messages.html"
    return render(request, template, found=found, wanted=wanted, order=order, after=after,
                  open_alerts=alerts, tabs=views, columns=message_list.COLUMNS,
                  counted=message_list.COUNTED, MessageState=MessageState)


@exports(SEES_CASES)
async def export(request: web.Request) -> web.StreamResponse:
    """GET /messages/export: the list as it is filtered and sorted; ``format`` csv or xlsx."""
    (wanted, order), visitor = _read(request), request[VISITOR]
    translate = request.app[CATALOGUES][visitor.locale]

    async def lines(session: AsyncSession, after: str, size: int) -> tuple[Lines, str | None]:
        found, onward = await message_list.some_messages(
            session, wanted, request.app[TIMEZONE], order=order, after=after, size=size,
            numbers=visitor.may(SEES_NUMBERS))
        return [_row(request, line) for line in found], onward

    return await send(request, Taken(
        "messages", [translate(f"message_column.{name}") for name in CELLS], lines,
        {**wanted.given(), "sort": str(order)}))


def _row(request: web.Request, line: Line) -> list[Cell]:
    translate, zone = request.app[CATALOGUES][request[VISITOR].locale], request.app[TIMEZONE]

    def at(moment: datetime | None) -> str:
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else ""

    message, patient = line.message, line.patient
    relation = message.relation
    return [at(message.created_at), translate(f"message_direction.{message.direction.value}"),
            patient.name if patient else "", patient.mrn if patient else "",
            formats.mask_phone(message.number),
            translate(f"numbers.{relation}") if relation in ("own", "relative") else relation,
            line.case.number if line.case else "", message.text, message.template,
            translate(f"message_state.{message.state.value}"), message.error,
            at(message.sent_at), at(message.ended_at), message.written_by]


def _read(request: web.Request) -> tuple[MessageFilter, Order]:
    return read_filter(request.query), read_order(
        request.query.get("sort"), message_list.COLUMNS, message_list.NEWEST)
