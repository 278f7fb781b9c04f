"""Answers `aftercall doctor`: Asterisk has reached our FastAGI server."""

from __future__ import annotations

from ivr.agi import AgiChannel


async def probe(channel: AgiChannel) -> None:
    """Say that we are here."""
    await channel.set_variable("AFTERCALL_DONE", "1")
