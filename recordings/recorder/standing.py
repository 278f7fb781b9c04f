"""How the recorder stands, as it says itself: for ``aftercall doctor`` and health checks."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

ANSWER_S = 3.0


@dataclass(frozen=True)
class Standing:
    """``blind``: why it may not see packets, so that Asterisk records; empty when it may."""

    calls: int                           # being recorded now
    blind: str = ""


async def look(path: Path) -> Standing:
    """Ask the recorder at a socket. OSError where none answers in time, or what it says is no
    answer."""
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                writer.write(b'{"do": "look"}\n')
                told = json.loads(await reader.readline())
                blind = "" if told["state"] == "ready" else str(told["why"])
                return Standing(int(told["calls"]), blind)
            finally:
                writer.close()
    except TimeoutError as error:
        raise OSError("it does not answer") from error
    except (ValueError, KeyError, TypeError) as error:
        raise OSError("it answers something else") from error
