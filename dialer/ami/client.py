"""What the dialer asks of a node, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from .connection import AmiConnection
from .errors import AmiError, AmiInjection, AmiRefused
from .messages import OriginateRequest


@dataclass(frozen=True)
class CoreStatus:
    """``startup`` and ``reload`` are in the node's local time, as Asterisk tells them (naive)."""

    startup: datetime
    reload: datetime
    current_calls: int
    processed_calls: int


@dataclass(frozen=True)
class ChannelInfo:
    """One live channel; ``state`` is Asterisk's number (4 ring, 5 ringing, 6 up)."""

    unique_id: str
    linked_id: str
    channel: str
    state: int
    state_desc: str
    caller_number: str
    connected_number: str
    duration_s: int
    context: str
    exten: str
    application: str
    account_code: str
    bridge_id: str


@dataclass(frozen=True)
class ContactInfo:
    """One registered or configured SIP contact; ``status`` as Asterisk words it (Reachable,
    Unreachable, NonQualified...), ``round_trip_us`` None when not known."""

    aor: str
    status: str
    round_trip_us: int | None


class AmiClient(AmiConnection):
    """A connection with the questions and orders that the dialer has for a node.

    Each raises AmiDisconnected, AmiTimeout, AmiRefused, as ``action`` does.
    """

    async def originate(self, request: OriginateRequest) -> None:
        """Place one call; returns once Asterisk has queued it.

        How it went comes as an OriginateResponse event (see ``originate_channel_id``).
        """
        await self.action("Originate", request.headers())

    async def core_status(self) -> CoreStatus:
        """When the node started, and how many calls it carries."""
        headers = (await self.action("CoreStatus")).headers
        return CoreStatus(
            startup=_moment(headers, "CoreStartup"), reload=_moment(headers, "CoreReload"),
            current_calls=_number(headers, "CoreCurrentCalls"),
            processed_calls=_number(headers, "CoreProcessedCalls"))

    async def channels(self) -> list[ChannelInfo]:
        """Every live channel of the node; needs write class ``system`` or ``reporting``."""
        reply = await self.action("CoreShowChannels", collect_list=True)
        return [ChannelInfo(
            unique_id=one.get("Uniqueid", ""), linked_id=one.get("Linkedid", ""),
            channel=one.get("Channel", ""), state=_number(one, "ChannelState"),
            state_desc=one.get("ChannelStateDesc", ""), caller_number=one.get("CallerIDNum", ""),
            connected_number=one.get("ConnectedLineNum", ""), duration_s=_seconds(one),
            context=one.get("Context", ""), exten=one.get("Exten", ""),
            application=one.get("Application", ""), account_code=one.get("AccountCode", ""),
            bridge_id=one.get("BridgeId", "")) for one in reply.events]

    async def contacts(self, aor: str) -> list[ContactInfo]:
        """The SIP contacts of an address of record, e.g. ``trunk``.

        Read by dialplan functions: to list contacts needs the class ``system``, which our AMI
        user must not have.
        """
        found = await self._function(f"PJSIP_AOR({aor},contact)")
        return [ContactInfo(
            aor=aor, status=await self._function(f"PJSIP_CONTACT({contact},status)") or "Unknown",
            round_trip_us=int(rtt) if (rtt := await self._function(
                f"PJSIP_CONTACT({contact},rtt)")).isdigit() else None)
            for contact in filter(None, found.split(","))]

    async def _function(self, call: str) -> str:
        return (await self.action("Getvar", {"Variable": call})).headers.get("Value", "")

    async def hangup(self, channel: str, cause: int = 16) -> bool:
        """Hang one channel up (cause 16: normal clearing); False when there is no such channel."""
        if not channel or channel.startswith("/"):
            # Asterisk takes /.../ for a pattern and hangs up every channel that fits it.
            raise AmiInjection("Hangup: channel is not a channel's name", field="Channel",
                               expected="a channel's name or unique id, no pattern")
        try:
            await self.action("Hangup", {"Channel": channel, "Cause": cause})
        except AmiRefused as error:
            if "No such channel" in error.message:
                return False
            raise
        return True

    async def get_variable(self, channel: str, name: str) -> str:
        """A variable or function of a channel; empty when it is not set."""
        reply = await self.action("Getvar", {"Channel": channel, "Variable": name})
        return reply.headers.get("Value", "")


def _moment(headers: Mapping[str, str], prefix: str) -> datetime:
    text = f"{headers.get(prefix + 'Date')}T{headers.get(prefix + 'Time')}"
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise AmiError(f"CoreStatus: {prefix}Date and {prefix}Time are no date and time") from None


def _number(headers: Mapping[str, str], name: str) -> int:
    text = headers.get(name, "")
    if not text.isdigit():
        raise AmiError(f"{name} of Asterisk's answer is not a number")
    return int(text)


def _seconds(headers: Mapping[str, str]) -> int:
    """``Duration`` (``01:02:03``; hours may pass 24) in seconds."""
    parts = headers.get("Duration", "").split(":")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        raise AmiError("Duration of Asterisk's answer is not hours:minutes:seconds")
    hours, minutes, seconds = map(int, parts)
    return hours * 3600 + minutes * 60 + seconds
