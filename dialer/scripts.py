"""Whether the FastAGI server would answer a call: nobody is rung up to hear a dead line."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from followup.log import get_logger

log = get_logger(__name__)

REQUEST = b"agi_network: yes\nagi_network_script: probe\n\n"
DONE = b"200 result=1\n"


class Scripts:
    """Asks the server at ``host``:``port`` for its script ``probe``, as Asterisk would."""

    def __init__(self, host: str, port: int, *, patience_s: float = 2) -> None:
        self._host, self._port, self._patience_s = host, port, patience_s
        self._answered: bool | None = None

    async def answer(self) -> bool:
        """True when the server sent a command; a change is logged."""
        try:
            async with asyncio.timeout(self._patience_s):
                answered = await self._ask()
        except (OSError, TimeoutError):
            answered = False
        if answered != self._answered:
            self._answered = answered
            (log.info if answered else log.error)(
                "the scripts answer" if answered else "the FastAGI server does not answer: no "
                "calls are placed until it does", host=self._host, port=self._port)
        return answered

    async def _ask(self) -> bool:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(REQUEST)
            await writer.drain()
            heard = await reader.readline()
            writer.write(DONE)
            with suppress(ConnectionError):
                await writer.drain()
            return heard.endswith(b"\n")
        finally:
            writer.close()
