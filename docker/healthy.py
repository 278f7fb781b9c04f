"""Health checks of the containers: ``healthy.py asterisk NAME``, ``agi``, and so on.

Ends with 0 when the part does its work, else with 1 and a line saying what does not.
"""

from __future__ import annotations

import asyncio
import sys
import urllib.request
from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg

from followup.settings import Settings, load_settings
from recordings.recorder.standing import look

TIMEOUT_S = 5


async def asterisk(settings: Settings, name: str) -> None:
    """Its manager interface greets."""
    [node] = [node for node in settings.nodes if node.name == name]
    greeting = await _first_line(node.ami_host, node.ami_port)
    if not greeting.startswith(b"Asterisk Call Manager/"):
        raise OSError(f"unexpected greeting {greeting!r}")


async def agi(settings: Settings) -> None:
    """Its port takes connections."""
    _, writer = await asyncio.open_connection(settings.agi.host, settings.agi.port)
    writer.close()


async def recorder(settings: Settings) -> None:
    """It answers, and may see packets where it is to record from them."""
    standing = await look(settings.recorder_socket)
    if standing.blind and settings.recordings.capture == "packets":
        raise OSError(standing.blind)


async def dialer(settings: Settings) -> None:
    """It is at work in the database."""
    await _works(settings, "dialer")


async def keeper(settings: Settings) -> None:
    """It is at work in the database."""
    await _works(settings, "keeper")


async def _works(settings: Settings, role: str) -> None:
    url = str(settings.database.url).replace("postgresql+asyncpg", "postgresql")
    connection = await asyncpg.connect(url)
    try:
        if not await connection.fetchval("select count(*) from pg_stat_activity "
                                         "where application_name = $1", f"aftercall {role}"):
            raise OSError(f"no {role} is connected to the database")
    finally:
        await connection.close()


async def console(settings: Settings) -> None:
    """It says itself that it is well."""
    url = f"http://127.0.0.1:{settings.console.port}/healthz"
    await asyncio.to_thread(urllib.request.urlopen, url, timeout=TIMEOUT_S)


CHECKS: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {
    "asterisk": asterisk, "recorder": recorder, "agi": agi, "dialer": dialer, "keeper": keeper,
    "console": console}


async def _first_line(host: str, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        return await reader.readline()
    finally:
        writer.close()


async def _check(part: str, arguments: list[str]) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        await CHECKS[part](load_settings(), *arguments)


def main(part: str, *arguments: str) -> int:
    """Check one part."""
    try:
        asyncio.run(_check(part, list(arguments)))
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        print(f"{part}: {error or 'no answer in time'}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
