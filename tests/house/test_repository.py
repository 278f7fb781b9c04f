"""What must not be in the repository: package hosts, paths of the machine, secrets, big files.

The patterns are made from this machine at run time, so that they stand nowhere themselves.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.house.tree import ROOT, tracked

LARGEST = 1_000_000
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def told_by(*command: str) -> str:
    """What a program says; nothing when it is not there or fails."""
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(command, cwd=ROOT.parent, capture_output=True, text=True, check=False,
                          timeout=60)
    return done.stdout if done.returncode == 0 else ""


def package_hosts() -> set[str]:
    """Host names from which this machine takes its packages."""
    told = [told_by("apt-get", "indextargets", "--format", "$(SITE)"),
            told_by(sys.executable, "-m", "pip", "config", "list"),
            told_by("npm", "config", "get", "registry"),
            *(value for name, value in os.environ.items()
              if re.search(r"(?i)index_url|registry|find_links", name))]
    hosts = {urlsplit(address).hostname or ""
             for text in told for address in re.findall(r"https?://[^\s'\",]+", text)}
    return {host for host in hosts if host not in LOOPBACK and len(host) > 3}


def machine_paths() -> set[str]:
    """Folders of this machine: the clone, the user's home, the interpreter."""
    found = {str(ROOT), str(ROOT.parent), str(Path.home()), sysconfig.get_config_var("prefix")}
    short = {"/", "/usr", "/usr/local", "/home", "/opt", "/tmp", "/var", "/srv", "/root"}
    return {path for path in found if path and path not in short and len(path) > 4}


def texts() -> list[tuple[str, str]]:
    """Name and text of every tracked file; binary files as Latin-1."""
    return [(str(path.relative_to(ROOT)), path.read_bytes().decode("latin-1"))
            for path in tracked()]


@pytest.fixture(scope="module")
def contents() -> list[tuple[str, str]]:
    """Read once."""
    found = texts()
    assert len(found) > 50
    return found


def places(contents: list[tuple[str, str]], pattern: str) -> list[str]:
    """``file:line`` of every match; never the matched text itself."""
    return [f"{name}:{text.count(chr(10), 0, match.start()) + 1}"
            for name, text in contents for match in re.finditer(pattern, text)]


def test_no_package_host_is_named(contents: list[tuple[str, str]]) -> None:
    for host in package_hosts():
        found = places(contents, rf"(?i)(?<![\w.-]){re.escape(host)}(?![\w-])")
        assert not found, f"a host that this machine takes packages from: {found}"


def test_no_path_of_this_machine_is_named(contents: list[tuple[str, str]]) -> None:
    for path in machine_paths():
        found = places(contents, rf"(?<![\w.-]){re.escape(path)}(?:/|\b)")
        assert not found, f"a path of this machine: {found}"


def test_no_private_key_or_token_is_kept(contents: list[tuple[str, str]]) -> None:
    assert not places(contents, r"-----BEGIN [A-Z ]*PRIVATE KEY")
    assert not places(contents, r"(?i)\b_auth(?:Token)?\s*=\s*\S")


def test_no_large_file_is_kept() -> None:
    large = [str(path.relative_to(ROOT)) for path in tracked() if path.stat().st_size > LARGEST]
    assert not large


def test_the_patterns_do_find(tmp_path: Path) -> None:
    """A file that names this machine's home would be told."""
    sample = [("x.py", f"import os\nhome = '{ROOT}/data'\n")]
    assert places(sample, rf"(?<![\w.-]){re.escape(str(ROOT))}(?:/|\b)") == ["x.py:2"]
