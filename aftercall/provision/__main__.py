"""``python -m aftercall.provision [--browser]``: prepare this machine ahead of time.

Speaks on stderr; ends with 1 and one clear message when something cannot be had.
"""

from __future__ import annotations

import sys

from aftercall.provision import ProvisionError, prepare_all
from aftercall.provision.chromium import prepare_chromium


def main(arguments: list[str]) -> int:
    """Prepare all; with ``--browser`` Chromium for the tests too."""
    if unknown := [argument for argument in arguments if argument != "--browser"]:
        _say(f"unknown argument {unknown[0]}: expected --browser or nothing")
        return 2
    try:
        prepare_all(_say)
        if "--browser" in arguments:
            prepare_chromium(_say)
    except ProvisionError as error:
        _say(error.message)
        return 1
    return 0


def _say(line: str) -> None:
    print(f"prepare: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
