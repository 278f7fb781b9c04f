"""A part's database: one that is there already."""

from __future__ import annotations

from followup.database.engine import Database
from followup.settings import Settings


def open_database(settings: Settings, role: str, *, ping: bool = True) -> Database:
    """The database of the settings; a role never starts one of its own."""
    if settings.database.url is None:
        raise ValueError("database.url: expected an address; `aftercall up` gives it to its parts")
    return Database(settings.database.url, settings.database.pool_size, f"aftercall {role}",
                    ping=ping)
