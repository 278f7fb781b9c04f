"""Lists in an order that the reader chose among allowed ones, page after page by key.

A page begins after the last line of the page before, wherever that line has come to stand: what is
added or goes meanwhile neither doubles nor hides another line.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, literal, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from followup.errors import InvalidInput
from followup.views.cursors import BROKEN, pack, unpack

CURSOR_LENGTH = 800              # more than a name of sixty characters takes
_BIGGEST = 2**63                 # more than a whole number of the database
Columns = Mapping[str, ColumnElement[Any]]       # what a list may be sorted by; none is ever NULL


@dataclass(frozen=True, slots=True)
class Order:
    """A column's name, and whether the greatest comes first. In addresses: ``due``, ``-due``."""

    name: str
    down: bool = False

    def __str__(self) -> str:
        return "-" * self.down + self.name

    @property
    def turned(self) -> Order:
        """The other way round."""
        return Order(self.name, not self.down)


def read_order(told: str | None, columns: Columns, usual: Order) -> Order:
    """The order of an address; InvalidInput when it names no column of the list."""
    if not told:
        return usual
    order = Order(told.removeprefix("-"), told.startswith("-"))
    if order.name not in columns:
        names = ", ".join(columns)
        raise InvalidInput(f"sort: expected one of {names}", field="sort", expected=names)
    return order


def sorted_by(query: Select[Any], key: ColumnElement[Any], unique: ColumnElement[Any],
              order: Order, after: str = "") -> Select[Any]:
    """The query in that order, each line followed by ``list_key`` and ``list_id``; equal keys by
    ``unique``, a UUID or a whole number. ``after``: as for ``page``."""
    both = (key.desc(), unique.desc()) if order.down else (key, unique)
    query = query.add_columns(key.label("list_key"), unique.label("list_id")).order_by(*both)
    if after:
        place, mark = tuple_(key, unique), _mark(after, order, key, unique)
        query = query.where(place < mark if order.down else place > mark)
    return query


async def page(session: AsyncSession, query: Select[Any], columns: Columns,
               unique: ColumnElement[Any], order: Order, *, after: str,
               size: int) -> tuple[list[Any], str | None]:
    """A page's rows (tuples as ``query`` selects them) and the cursor of the page after it.

    ``after``: such a cursor; InvalidInput when it is none, or one of another order.
    """
    key = columns[order.name]
    rows = (await session.execute(
        sorted_by(query, key, unique, order, after).limit(size + 1))).all()
    onward = cursor(order, *rows[size - 1][-2:]) if len(rows) > size else None
    return [row[:-2] for row in rows[:size]], onward


def cursor(order: Order, key: Any, last: uuid.UUID | int) -> str:
    """After the line of this key and id."""
    told = key.isoformat() if isinstance(key, date) else key
    return pack(str(order), told, str(last))


def _mark(cursor: str, order: Order, key: ColumnElement[Any], unique: ColumnElement[Any]) -> Any:
    kind = key.type.python_type
    try:
        name, told, last = unpack(cursor)
        value = kind.fromisoformat(told) if issubclass(kind, date) else kind(told)
        fits = name == str(order) and not (isinstance(value, datetime) and value.tzinfo is None)
        place = unique.type.python_type(last)
        fits = fits and not (isinstance(place, int) and place >= _BIGGEST)
    except BROKEN:
        fits = False
    if not fits:
        raise InvalidInput("after: expected a cursor of an earlier page in the same order",
                           field="after", expected="a cursor")
    return tuple_(literal(value, key.type), literal(place))
