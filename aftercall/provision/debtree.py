"""Unpack Debian packages of a chosen suite into a folder, without root, the host left alone.

``apt-get`` runs with its own lists, cache and an empty status file, downloads the packages with
all they depend on, and ``dpkg -x`` lays them into one tree. Programs of that tree are started by
the tree's own loader, so the host's C library never matters.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aftercall.provision.errors import ProvisionError
from aftercall.provision.paths import Say, exclusive

ARCHIVE_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
READY_MARK = ".aftercall-ready"
RELEASES = ("oldoldstable", "oldstable", "stable", "testing", "unstable", "bullseye", "bookworm",
            "trixie", "forky", "sid")


@dataclass(frozen=True)
class DebTree:
    """A folder of unpacked Debian packages and how to start its programs."""

    root: Path

    @property
    def libdir(self) -> Path:
        """Folder of the shared libraries, ``usr/lib/<triplet>``."""
        return self.root / "usr/lib" / triplet()

    def command(self, program: str, *args: str) -> list[str]:
        """Argument vector that runs ``program`` of the tree's bin or sbin by the tree's loader."""
        for folder in ("usr/sbin", "usr/bin"):
            binary = self.root / folder / program
            if binary.exists():
                break
        else:
            raise ProvisionError(f"{program} is not in the unpacked tree {self.root}")
        paths = [self.libdir, self.root / "lib" / triplet(), *self.libdir.glob("pulseaudio")]
        libraries = ":".join(map(str, paths))
        return [str(self._loader()), "--library-path", libraries, str(binary), *args]

    def _loader(self) -> Path:
        for pattern in ("lib64/ld-linux-*.so.2", "usr/lib64/ld-linux-*.so.2",
                        "lib/ld-linux-*.so.1", "usr/lib/ld-linux-*.so.1"):
            for found in sorted(self.root.glob(pattern)):
                return found
        raise ProvisionError(f"no dynamic loader in {self.root}")


def unpack(packages: Sequence[str], suite: str, dest: Path, say: Say,
           size: str = "80 MB") -> DebTree:
    """Make ``dest`` hold ``packages`` of Debian ``suite``; a tree already complete is kept.

    ``size``: about how much there is to download, for whoever waits.

    Raises ProvisionError with the last lines of apt's own words when it cannot be done.
    """
    if _holds(dest, packages, suite):
        return DebTree(dest)
    with exclusive(dest.with_name(dest.name + ".lock"), say):
        if _holds(dest, packages, suite):
            return DebTree(dest)
        for tool in ("apt-get", "dpkg"):
            if not shutil.which(tool):
                raise ProvisionError(f"{tool} is missing: unpacking Asterisk needs a Debian "
                                     "machine; elsewhere put an asterisk >= 20 on PATH")
        work = dest.with_name(dest.name + ".part")
        shutil.rmtree(work, ignore_errors=True)    # of a process that was killed half-way
        try:
            tree = work / "tree"
            tree.mkdir(parents=True)
            debs = _download(packages, suite, work, say, size)
            say(f"unpacking {len(debs)} packages")
            for deb in debs:
                _run(["dpkg", "-x", str(deb), str(tree)])
            (tree / READY_MARK).write_text(" ".join([suite, *sorted(packages)]))
            shutil.rmtree(dest, ignore_errors=True)
            tree.rename(dest)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return DebTree(dest)


def _holds(tree: Path, packages: Sequence[str], suite: str) -> bool:
    try:
        ready = (tree / READY_MARK).read_text().split()
    except FileNotFoundError:
        return False
    return ready[:1] == [suite] and set(packages) <= set(ready[1:])


def mirror() -> str:
    """The Debian mirror that this machine's own apt configuration uses.

    Other vendors' repositories have a `main` too: one that apt knows as Debian's goes first, then
    one whose release bears the name of a release of Debian.
    """
    fields = "$(REPO_URI)|$(COMPONENT)|$(RELEASE)|$(ORIGIN)"
    out = subprocess.run(["apt-get", "indextargets", "--format", fields],
                         capture_output=True, text=True, check=False).stdout
    named = None
    for line in out.splitlines():
        uri, component, release, origin = (*line.split("|"), "", "", "")[:4]
        if component != "main" or release not in RELEASES \
                or not re.match(r"(https?|file|copy|mirror\+\w+):/", uri):
            continue
        if origin == "Debian":
            return uri
        named = named or uri
    if named is None:
        raise ProvisionError("no Debian mirror in this machine's apt configuration: "
                             "see /etc/apt/sources.list and /etc/apt/sources.list.d")
    return named


def _download(packages: Sequence[str], suite: str, work: Path, say: Say,
              size: str) -> list[Path]:
    for folder in ("state/lists/partial", "cache/archives/partial", "etc/preferences.d"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()
    signed = f"[signed-by={ARCHIVE_KEYRING}] " if ARCHIVE_KEYRING.exists() else ""
    (work / "sources.list").write_text(f"deb {signed}{mirror()} {suite} main\n")
    options = {
        "Dir::Etc::sourcelist": work / "sources.list", "Dir::Etc::sourceparts": "-",
        "Dir::Etc::preferences": "-", "Dir::Etc::preferencesparts": work / "etc/preferences.d",
        "Dir::State": work / "state", "Dir::State::status": work / "status",
        "Dir::State::lists": work / "state/lists", "Dir::Cache": work / "cache",
        "APT::Sandbox::User": "", "Debug::NoLocking": "1", "Acquire::Languages": "none",
        "Acquire::Retries": "3", "APT::Install-Recommends": "0",
        "APT::Get::Assume-Yes": "1",
        "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "0",
    }
    apt = ["apt-get", "-q", *(f"-o{key}={value}" for key, value in options.items())]
    say(f"reading the package list of Debian {suite}")
    update = [*apt, "update", "--error-on=any"]
    if trouble := _try(update):
        if "expired" not in trouble:
            raise ProvisionError(f"the mirror's list of Debian {suite} cannot be had:\n{trouble}")
        # A mirror that is no longer refreshed fails on Valid-Until alone; signatures still count.
        say("the mirror's list is past its date: taking it with its signature checked all the same")
        _run([*update, "-oAcquire::Check-Valid-Until=false"])
        apt.append("-oAcquire::Check-Valid-Until=false")
    say(f"downloading {', '.join(packages)} and what they need (about {size})")
    _run([*apt, "--download-only", "install", *packages])
    return sorted((work / "cache/archives").glob("*.deb"))


def install(packages: Sequence[str], say: Say) -> None:
    """Install Debian packages on the host itself (root only), without their recommendations.

    Raises ProvisionError with apt's own words when it cannot be done.
    """
    say(f"installing {', '.join(packages)}")
    _try(["apt-get", "-q", "update"])     # a stale list of some other vendor must not stop us
    _run(["apt-get", "-q", "-y", "--no-install-recommends", "-oDPkg::Lock::Timeout=300",
          "-oAcquire::Retries=3", "install", *packages])


def _try(command: Sequence[str]) -> str:
    """Run ``command``; the empty string when it went well, else its last lines."""
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL,
                          env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"})
    if done.returncode == 0:
        return ""
    tail = (done.stderr or done.stdout).strip().splitlines()[-6:]
    return "\n".join(tail) or f"exit code {done.returncode}"


def _run(command: Sequence[str]) -> None:
    if trouble := _try(command):
        raise ProvisionError(f"{command[0]} failed:\n{trouble}")


def triplet() -> str:
    """Debian's name of this machine's architecture in library folders."""
    return f"{os.uname().machine}-linux-gnu"
