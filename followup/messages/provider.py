"""What a provider of messages can do. One module each; the outbox knows no other words."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from followup.message_settings import MessageTemplate
from followup.messages.states import Receipt


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to hand over; ``id`` is ours, and comes back with all that is said of it."""

    id: uuid.UUID
    number: str
    template: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """Something that somebody has sent to us."""

    provider_id: str
    number: str
    text: str
    at: datetime


class NotSent(Exception):
    """The provider has not taken the message, for certain. ``code`` is its word for why.

    ``again``: it may later. ``ours``: what is wrong is the house's to mend, not this message's.
    """

    def __init__(self, code: str, *, again: bool = False, ours: bool = False) -> None:
        super().__init__(code)
        self.code, self.again, self.ours = code[:80], again, ours


class Unsure(Exception):
    """It may have been taken, or not: the answer got lost, or tells nothing."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code[:80]


class Unread(Exception):
    """What came in the provider's name does not read."""


class Provider(Protocol):
    """A way by which messages go out and come in."""

    name: str

    def reaches(self, number: str) -> bool:
        """Can a message go to this number (E.164)?"""

    async def send(self, message: Outgoing) -> str:
        """Hand it over, once; the provider's id of it. NotSent, Unsure."""

    async def ask(self, message: Outgoing, handed_over: datetime) -> Receipt | None:
        """What became of it; None when the provider knows nothing of it. Unsure: no answer."""

    async def look(self, templates: Sequence[MessageTemplate]) -> str | None:
        """For doctor: what is wrong with keys, signature or these templates; None when all is
        well."""

    def receipts(self, body: bytes) -> Sequence[tuple[uuid.UUID, Receipt]]:
        """What it pushes about messages of ours. Unread."""

    def replies(self, body: bytes) -> Sequence[Reply]:
        """What it pushes of patients. Unread."""

    async def close(self) -> None:
        """No more."""
