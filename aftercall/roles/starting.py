"""Starts a part by its name; it imports what it needs and no more, to be there soon."""

from __future__ import annotations

import asyncio
import gc

from aftercall.terminal import run, say, settings_for
from followup.errors import InvalidInput
from followup.settings import Settings


def run_role(name: str) -> None:
    """Run one part until it is told to stop; AftercallError when it cannot start."""
    settings = settings_for()
    match name:
        case "recorder":
            from recordings.recorder.service import record

            record(settings)
        case "agi":
            _run_agi(settings)
        case "dialer":
            from aftercall.roles.dialer import run_dialer
            from aftercall.roles.stopping import until_stopped

            run(until_stopped(lambda: run_dialer(settings)))
        case "keeper":
            from aftercall.roles.keeper import KEEPER_LEAVES_S, run_keeper
            from aftercall.roles.stopping import until_stopped

            run(until_stopped(lambda: run_keeper(settings), KEEPER_LEAVES_S))
        case "console":
            from aftercall.prompt_book import prompt_book
            from aftercall.provision.frontend import find_frontend
            from webconsole.app import run as run_console

            run_console(settings, vendor_dir=find_frontend(say), book=prompt_book(settings, say))
        case _:
            raise InvalidInput(f"role = {name!r}: expected recorder, agi, dialer, keeper or "
                               "console", field="role")


def _run_agi(settings: Settings) -> None:
    import uvloop

    from aftercall.prompt_book import prompt_book
    from aftercall.roles.agi import serve_agi
    from aftercall.roles.stopping import until_stopped
    from asterisk_conf import real_time

    book = prompt_book(settings, say)
    # a collection stops the sound of all calls: what is here stays for good, of the rest a
    # little is looked at at a time (20,000 objects took 12 ms)
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 10, 1000)
    real_time.take()
    # every call's sound may pass through it, 50 times a second and both ways
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_stopped(lambda: serve_agi(settings, book)))
