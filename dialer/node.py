"""One Asterisk node as the dialer sees it: connection, up-time, calls and record."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from dialer.ami import AmiClient, AmiEvent, OriginateRequest
from dialer.evidence import CallStory, EvidenceMissing, read_story
from dialer.presence import presence
from followup.calls.ledger import CHANNEL_PREFIX
from followup.database.base import now
from followup.log import get_logger
from followup.patients.phones import DialNumber

log = get_logger(__name__)

FOLLOW_UP_CONTEXT = "aftercall-follow-up"
CEL_FILE = "cel.csv"


class Node:
    """Name, AMI client and evidence of one node. ``on_event`` gets the node and each event."""

    def __init__(self, name: str, client_of: Callable[[Callable[[AmiEvent], None]], AmiClient],
                 evidence_dir: Path, on_event: Callable[[Node, AmiEvent], None],
                 channels: int = 1000) -> None:
        self.name = name
        self.channels = channels                   # most calls of ours at once
        self.client = client_of(lambda event: self._receive(event))
        self._cel = evidence_dir / CEL_FILE
        self._on_event = on_event
        self.up_since: datetime | None = None
        self.trunk_up: bool | None = None          # None: not looked yet

    def _receive(self, event: AmiEvent) -> None:
        if event.name == "FullyBooted":
            # Seconds since its start, so its clock and time zone do not matter.
            self.up_since = now() - timedelta(seconds=float(event.get("Uptime") or 0))
        self._on_event(self, event)

    @property
    def ready(self) -> bool:
        """Whether calls can be placed: signed in, and Asterisk has said that it is up."""
        return self.client.connected and self.up_since is not None

    async def look_around(self, extensions: Iterable[str], *,
                          trunk_is_asked: bool) -> frozenset[str]:
        """See whether the trunk answers, and which of the agents' phones (extensions) do."""
        if not self.ready:
            self.trunk_up = None
            return frozenset()
        seen = await presence(self.client, extensions, trunk_is_asked=trunk_is_asked)
        if seen.trunk != self.trunk_up:
            self.trunk_up = seen.trunk
            (log.info if seen.trunk else log.error)(
                "the gateway answers" if seen.trunk else "the gateway does not answer: no calls "
                "are placed until it does", node=self.name)
        return seen.extensions

    async def place(self, number: DialNumber, channel_id: str, *, ring_s: int, caller_id: str,
                    variables: Mapping[str, str]) -> None:
        """Send one Originate, once. Raises the AMI client's errors; see their meaning there."""
        await self.client.originate(OriginateRequest(
            channel=f"PJSIP/{number}@trunk", context=FOLLOW_UP_CONTEXT, exten="s", priority=1,
            channel_id=channel_id, caller_id=f"<{caller_id}>", timeout_ms=ring_s * 1000,
            variables=variables))

    async def our_channels(self) -> dict[str, str]:
        """The live channels of our attempts: Uniqueid to state, e.g. ``Up``, ``Ringing``."""
        return {channel.unique_id: channel.state_desc for channel in await self.client.channels()
                if channel.unique_id.startswith(CHANNEL_PREFIX)}

    async def story(self, channel_id: str) -> CallStory | None:
        """What the node's record tells of a channel; None when it cannot be read."""
        try:
            return await asyncio.to_thread(read_story, self._cel, channel_id)
        except EvidenceMissing as error:
            log.warning("the node's call record cannot be read", node=self.name, reason=str(error))
            return None
