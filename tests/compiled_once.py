"""What SQLAlchemy compiles serves every engine of a test process.

Each test has a database of its own and so an engine of its own, which would compile every
statement anew: a third of what a test of the console costs.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import LRUCache

from followup.database import engine


def share(first: AsyncEngine) -> None:
    """From now on engines speak as ``first``, which has been connected to the same server."""
    compiled: LRUCache[Any, Any] = LRUCache(5000)

    def like_the_first(*arguments: Any, **options: Any) -> AsyncEngine:
        made = create_async_engine(*arguments, **options)
        made.sync_engine.dialect = first.sync_engine.dialect     # part of each statement's key
        made.sync_engine._compiled_cache = compiled
        return made

    engine.create_async_engine = like_the_first
