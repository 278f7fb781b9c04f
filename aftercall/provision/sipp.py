"""SIPp, the load generator of the benchmarks: the host's, else one unpacked in the cache."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence

from aftercall.provision.asterisk import SUITE
from aftercall.provision.debtree import unpack
from aftercall.provision.errors import ProvisionError
from aftercall.provision.paths import Say, cache_dir

OLDEST = (3, 5)


def find_sipp(say: Say) -> list[str]:
    """The command that starts SIPp >= 3.5; ProvisionError when there is none to be had."""
    if binary := shutil.which("sipp"):
        version = _version([binary])
        if version >= OLDEST:
            return [binary]
        say(f"the host's sipp {'.'.join(map(str, version))} is too old: leaving it alone")
    command = unpack(("sip-tester",), SUITE, cache_dir() / f"debian-{SUITE}-sipp", say,
                     size="20 MB").command("sipp")
    _version(command)
    return command


def _version(command: Sequence[str]) -> tuple[int, ...]:
    try:
        # it ends with 99 after telling its version
        done = subprocess.run([*command, "-v"], capture_output=True, text=True, check=False,
                              timeout=20, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProvisionError(f"{command[0]} -v does not run: {error}") from error
    found = re.search(r"SIPp v(\d+)\.(\d+)", done.stdout + done.stderr)
    if found is None:
        words = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["nothing"]
        raise ProvisionError(f"sipp -v: expected a version, got {words[0]!r}")
    return tuple(map(int, found.groups()))
