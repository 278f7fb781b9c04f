"""The espeak-ng that speaks prompts: the host's, else the one unpacked beside Asterisk."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass

from aftercall.provision.asterisk import PACKAGES, SUITE
from aftercall.provision.debtree import unpack
from aftercall.provision.errors import ProvisionError
from aftercall.provision.paths import Say, cache_dir

OLDEST = (1, 50)    # the first with the cmn-latn-pinyin voice


@dataclass(frozen=True)
class Espeak:
    """How to start espeak-ng, its data folder included."""

    argv: tuple[str, ...]
    version: str

    def command(self, *args: str) -> list[str]:
        """Argument vector that runs ``espeak-ng`` with ``args``."""
        return [*self.argv, *args]


def find_espeak(say: Say) -> Espeak:
    """espeak-ng >= 1.50 on PATH, else the unpacked tree's; ProvisionError when there is none."""
    if binary := shutil.which("espeak-ng"):
        version = _version((binary,))
        if tuple(int(part) for part in version.split(".")[:2]) >= OLDEST:
            return Espeak((binary,), version)
        say(f"the host's espeak-ng {version} has no Chinese voice that reads pinyin")
    tree = unpack(PACKAGES, SUITE, cache_dir() / f"debian-{SUITE}", say)
    argv = tuple(tree.command("espeak-ng", f"--path={tree.libdir}"))
    return Espeak(argv, _version(argv))


def _version(argv: tuple[str, ...]) -> str:
    done = subprocess.run([*argv, "--version"], capture_output=True, text=True, check=False,
                          timeout=20)
    found = re.search(r"(\d+\.\d+(\.\d+)?)", done.stdout)
    if done.returncode or found is None:
        words = done.stderr.strip() or done.stdout.strip()
        raise ProvisionError(f"espeak-ng does not run: {words}")
    return found[1]
