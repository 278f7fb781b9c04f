"""Statements that every call runs many times, put together once.

The layers of a session cost several times what PostgreSQL takes for such a statement. In
``Database.quick`` it goes to the driver as it is; in a session it is one statement among others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias

from sqlalchemy import BindParameter, ClauseElement, Executable, bindparam
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.compiler import SQLCompiler

_DIALECT = PGDialect_asyncpg()           # type: ignore[no-untyped-call]


class Quick(Protocol):
    """A connection of asyncpg in a transaction."""

    async def fetch(self, query: str, *values: Any) -> Sequence[Mapping[str, Any]]:
        """The rows of one statement."""


Where: TypeAlias = AsyncSession | Quick


class Statement:
    """One statement with ``bindparam`` for each value. In an insert the columns' own defaults
    count for what is not given, if they need no other column; else KeyError names it."""

    def __init__(self, clause: Executable) -> None:
        self._clause = clause
        assert isinstance(clause, ClauseElement)
        compiled = clause.compile(dialect=_DIALECT)
        assert isinstance(compiled, SQLCompiler)
        self._sql = str(compiled)
        defaults = {column.key: column.default for column in compiled.insert_prefetch}
        self._places = [
            (name, bind.type.dialect_impl(_DIALECT).bind_processor(_DIALECT),
             _otherwise(bind.value, defaults.get(name)))
            for name in compiled.positiontup or () for bind in (compiled.binds[name],)]

    async def run(self, where: Where, **values: Any) -> Sequence[Mapping[str, Any]]:
        """The rows it returns, by the names of their columns, choices as their text.

        In a session SQLAlchemy's errors are raised, else those of asyncpg.
        """
        if isinstance(where, AsyncSession):
            result: Any = await where.execute(self._clause, values)
            return list(result.mappings()) if result.returns_rows else ()
        return await where.fetch(self._sql, *[
            value if prepare is None else prepare(value)
            for name, prepare, otherwise in self._places
            for value in (values[name] if otherwise is None or name in values else otherwise(),)])


def values_of(*names: str) -> dict[str, BindParameter[Any]]:
    """The values of an insert, each given by the name of its column."""
    return {name: bindparam(name) for name in names}


def _otherwise(fixed: Any, default: Any) -> Callable[[], Any] | None:
    """What a value is that nobody gives: written in the statement, or the column's default."""
    if fixed is not None:
        return lambda: fixed
    if default is None:
        return None                      # it has to be given
    return partial(default.arg, None) if default.is_callable else lambda: default.arg
