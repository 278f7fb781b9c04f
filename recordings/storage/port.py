"""What a storage does. Names are ours (recordings/naming.py), with ``/`` between folders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Seen:
    """What a storage tells of a file without opening it."""

    size: int                        # bytes
    stamp: str                       # another one whenever the content may be another


class Store(Protocol):
    """Every method raises Away or OSError when the storage cannot do it now."""

    async def put(self, name: str, blocks: Iterable[bytes]) -> None:
        """Keep it, in place of what had this name; it appears whole or not at all, durably."""

    async def read(self, name: str, start: int, length: int) -> bytes:
        """So many bytes from there, fewer only where it ends; Missing."""

    async def look(self, name: str) -> Seen | None:
        """None: there is nothing of this name."""

    async def remove(self, name: str) -> None:
        """Take it away; nothing when it is not there."""
