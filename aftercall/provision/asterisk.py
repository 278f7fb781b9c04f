"""An Asterisk to run: the host's own when it is new enough, else one unpacked in the cache."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aftercall.provision.debtree import DebTree, triplet, unpack
from aftercall.provision.errors import ProvisionError
from aftercall.provision.paths import Say, cache_dir

OLDEST = 20
SUITE = "forky"      # the first Debian suite after bookworm that carries Asterisk 22
PACKAGES = ("asterisk", "espeak-ng")
DOCUMENTATION = "documentation/core-en_US.xml"   # without it Asterisk has no AMI or CLI help


@dataclass(frozen=True)
class AsteriskInstall:
    """How to start an Asterisk, and where its modules and data are."""

    argv: tuple[str, ...]
    version: str            # e.g. "22.10.1"
    modules_dir: Path
    data_dir: Path          # share/asterisk: what astdatadir must name
    tree: DebTree | None = None

    def command(self, *args: str) -> list[str]:
        """Argument vector that runs ``asterisk`` with ``args``."""
        return [*self.argv, *args]

    def missing_modules(self, names: Sequence[str]) -> list[str]:
        """Those of ``names`` (``app_dial`` or ``app_dial.so``) that are not installed."""
        return [name for name in names
                if not (self.modules_dir / f"{name.removesuffix('.so')}.so").exists()]

    def supports_modules(self, names: Sequence[str]) -> bool:
        """Whether every one of ``names`` is installed."""
        return not self.missing_modules(names)


def find_asterisk(say: Say, modules: Sequence[str] = ()) -> AsteriskInstall:
    """An Asterisk >= 20 on PATH that has ``modules``, else the unpacked one, made when missing.

    Raises ProvisionError when there is none and none can be unpacked.
    """
    host = host_asterisk(say, modules)
    return host or unpacked_asterisk(say)


def host_asterisk(say: Say, modules: Sequence[str] = ()) -> AsteriskInstall | None:
    """The host's Asterisk, or None with the reason said when it is too old or lacks a module."""
    # Debian leaves /usr/sbin out of a plain user's PATH
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"])
    binary = shutil.which("asterisk", path=path)
    if binary is None:
        return None
    version = version_of([binary])
    if int(version.partition(".")[0]) < OLDEST:
        say(f"the host's asterisk {version} is older than {OLDEST}: leaving it alone")
        return None
    prefix = Path(binary).parent.parent
    modules_dir = _first("chan_pjsip.so", [prefix / "lib" / triplet() / "asterisk/modules",
                                           prefix / "lib/asterisk/modules",
                                           prefix / "lib64/asterisk/modules"])
    data_dir = _first(DOCUMENTATION, [prefix / "share/asterisk", Path("/usr/share/asterisk"),
                                      Path("/var/lib/asterisk")])
    if modules_dir is None or data_dir is None:
        say(f"the host's asterisk {version} does not show its modules or data: leaving it alone")
        return None
    found = AsteriskInstall((binary,), version, modules_dir, data_dir)
    if lacking := found.missing_modules(modules):
        say(f"the host's asterisk {version} lacks {', '.join(lacking)}: leaving it alone")
        return None
    return found


def unpacked_asterisk(say: Say) -> AsteriskInstall:
    """The Asterisk in the user's cache; downloaded and unpacked first when it is not there."""
    tree = unpack(PACKAGES, SUITE, cache_dir() / f"debian-{SUITE}", say)
    argv = tuple(tree.command("asterisk"))
    return AsteriskInstall(argv, version_of(argv), tree.libdir / "asterisk/modules",
                           tree.root / "usr/share/asterisk", tree)


def version_of(argv: Sequence[str]) -> str:
    """The version an asterisk names by ``-V``, e.g. ``22.10.1``; ProvisionError when it fails."""
    try:
        done = subprocess.run([*argv, "-V"], capture_output=True, text=True, check=False,
                              timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProvisionError(f"{argv[0]} -V does not run: {error}") from error
    # "Asterisk 22.10.1~dfsg+~cs6", "Asterisk certified/20.7-cert2", "Asterisk GIT-22-abc"
    found = re.match(r"Asterisk (?:certified[/-]|GIT-)?(\d+(?:\.\d+)*)", done.stdout)
    if found is None:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["nothing"]
        raise ProvisionError(f"{argv[0]} -V: expected a version, got {last[0]!r}")
    return found[1]


def _first(inside: str, folders: Sequence[Path]) -> Path | None:
    return next((folder for folder in folders if (folder / inside).exists()), None)
