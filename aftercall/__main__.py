"""``aftercall``, ``python -m aftercall``."""

from __future__ import annotations

import sys

from aftercall.roles.starting import run_role
from aftercall.terminal import told_in_a_line


def start() -> None:
    """The command line; a part without it: while the recorder starts no call is recorded."""
    match sys.argv[1:]:
        case ["role", name] if not name.startswith("-"):
            with told_in_a_line():
                run_role(name)
        case _:
            from aftercall.cli import main

            main()


if __name__ == "__main__":
    start()
