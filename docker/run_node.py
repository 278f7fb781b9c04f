"""``run_node.py NAME``: run one Asterisk node of the settings, for a container of its own.

Migrates the database and prepares the fixed sounds first, as ``aftercall up`` does; the parts
(FastAGI server, dialer, console) run elsewhere. Stops orderly on SIGTERM.
"""

from __future__ import annotations

import asyncio
import sys

from aftercall.house import open_house
from aftercall.roles.stopping import until_stopped
from followup.errors import AftercallError, SettingsError
from followup.log import configure
from followup.settings import Settings, load_settings


def only(settings: Settings, name: str) -> Settings:
    """The settings with the node ``name`` alone; SettingsError when there is none."""
    chosen = tuple(node for node in settings.nodes if node.name == name)
    if not chosen:
        known = ", ".join(node.name for node in settings.nodes)
        raise SettingsError(f"nodes: expected one named {name!r}, found {known}")
    return settings.model_copy(update={"nodes": chosen})


def main(arguments: list[str]) -> int:
    """Run until told to stop."""
    if len(arguments) != 1:
        _say("expected one argument, the name of a node")
        return 2
    try:
        settings = only(load_settings(), arguments[0])
        configure(settings.log.level, settings.log.format)

        async def work() -> None:
            async with open_house(settings, _say, roles=()) as house:
                [process] = house.nodes.values()
                code = await process.wait()
                raise SettingsError(f"Asterisk ended by itself with code {code}; "
                                    f"see {process.messages_log}")

        asyncio.run(until_stopped(work))
    except AftercallError as error:
        _say(error.message)
        return 1
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
