"""The audit trail's chain: what a row's hash is over, and how a chain is followed. Pure.

Each row has a place, 1, 2, 3 …, and the SHA-256 over the hash of the row before it and what it says
itself. Whoever changes, removes or inserts a row has to make every later hash anew; a hash that was
written down elsewhere meanwhile, in the log or on paper, tells that too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

BEGIN = "0" * 64                     # stands before the first row
# a row is written when it happens and committed with its transaction, the longest of which take
# minutes: one that says it happened so long before what is sealed already was put in afterwards
OUT_OF_TIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Link:
    """One row as it is found."""

    id: int
    at: datetime
    said: Mapping[str, Any]          # actor, action, subject, address, detail
    place: int | None = None
    hash: str | None = None


class Break(StrEnum):
    """What is wrong with a row."""

    CHANGED = "changed"              # or put in, or its hash was
    MISSING = "missing"              # rows before it are not there
    OUT_OF_TIME = "out-of-time"      # put in long after it says that it happened


def digest(before: str, link: Link) -> str:
    """The hash of a row that follows one with hash ``before``, in hexadecimal."""
    text = json.dumps([before, link.id, link.at.astimezone(UTC).isoformat(timespec="microseconds"),
                       link.said], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(slots=True)
class Chain:
    """Follows the rows in the order of their places, from ``place`` with ``hash`` on."""

    place: int = 0
    hash: str = BEGIN
    latest: datetime = field(default=datetime.min.replace(tzinfo=UTC))

    def seal(self, link: Link) -> tuple[int, str]:
        """Place and hash of a row that comes next."""
        self.place, self.hash = self.place + 1, digest(self.hash, link)
        self.latest = max(self.latest, link.at)
        return self.place, self.hash

    def follow(self, link: Link) -> Break | None:
        """Is this row, the next that there is, the one that was sealed in its place?"""
        if link.place != self.place + 1:
            return Break.MISSING
        late = self.in_time(link)
        _, expected = self.seal(link)
        return Break.CHANGED if expected != link.hash else late

    def in_time(self, link: Link) -> Break | None:
        """Does it say that it happened when it can have been written?"""
        return Break.OUT_OF_TIME if link.at + OUT_OF_TIME < self.latest else None
