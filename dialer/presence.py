"""Who can be reached from a node: the trunk and the agents' phones, by their SIP contacts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dialer.ami import AmiClient

# "NonQualified": not asked by OPTIONS, either not yet or because that is off.
_ASKED, _NOT_ASKED = "Reachable", "NonQualified"


@dataclass(frozen=True)
class Presence:
    """``extensions``: agents whose phone is registered and, where asked, answers."""

    trunk: bool
    extensions: frozenset[str]


async def presence(client: AmiClient, extensions: Iterable[str], *,
                   trunk_is_asked: bool) -> Presence:
    """What a node knows now. A trunk that is to be asked counts once it has answered."""
    trunk = (_ASKED,) if trunk_is_asked else (_ASKED, _NOT_ASKED)
    return Presence(
        trunk=await _there(client, "trunk", trunk),
        extensions=frozenset([extension for extension in extensions
                              if await _there(client, f"agent-{extension}")]))


async def _there(client: AmiClient, aor: str,
                 good: tuple[str, ...] = (_ASKED, _NOT_ASKED)) -> bool:
    return any(contact.status in good for contact in await client.contacts(aor))
