"""``aftercall``, ``python -m aftercall``."""

from __future__ import annotations

import sys

from aftercall.terminal import settings_for
from followup.errors import AftercallError


def start() -> None:
    """The command line; the recorder without it: while it starts no call is recorded."""
    if sys.argv[1:] == ["role", "recorder"]:
        from recordings.recorder.service import record

        try:
            record(settings_for())
        except AftercallError:
            pass                     # the command line comes to the same, and says it in a line
        else:
            return
    from aftercall.cli import main

    main()


if __name__ == "__main__":
    start()
