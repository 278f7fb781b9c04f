"""What is installed is what was locked: by hash, and from wherever the machine is told to look."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def locked(path: Path) -> dict[str, str]:
    """Package (with its condition) to version, of a requirements file."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==(\S+?)( ;[^\\\n]*)? *\\?$", path.read_text(), re.M)
    return {name + condition.strip(): version for name, version, condition in found}


def test_the_locks_are_all_there() -> None:
    assert {lock.name for lock in LOCKS} == {"app.txt", "bootstrap.txt", "build.txt", "dev.txt"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_package_has_a_hash_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    packages = [block for block in re.split(r"\n(?=\S)", text) if not block.startswith("#")]
    assert packages
    for package in packages:
        assert re.match(r"[a-z0-9._-]+==\S+", package), package.splitlines()[0]
        assert "--hash=sha256:" in package, package.splitlines()[0]
    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text


def test_the_tests_run_on_the_versions_that_are_shipped() -> None:
    app, dev = (locked(ROOT / "requirements" / name) for name in ("app.txt", "dev.txt"))
    assert app.items() <= dev.items()


def test_every_dependency_of_the_project_is_locked() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locks = {"app.txt": project["dependencies"],
             "dev.txt": project["dependencies"] + project["optional-dependencies"]["dev"]}
    for name, dependencies in locks.items():
        have = {key.partition(";")[0] for key in locked(ROOT / "requirements" / name)}
        wanted = {re.sub(r"[._]", "-", re.split(r"[\[<>=~!; ]", dependency)[0].lower())
                  for dependency in dependencies}
        assert wanted <= have, name


def test_browser_libraries_are_locked_without_an_address() -> None:
    folder = ROOT / "webconsole" / "frontend"
    lock = json.loads((folder / "package-lock.json").read_text())
    wanted = json.loads((folder / "package.json").read_text())
    for kind in ("dependencies", "devDependencies"):
        assert lock["packages"][""][kind] == wanted[kind]
    for name, package in lock["packages"].items():
        assert "resolved" not in package, name
        assert not name or package["integrity"].startswith("sha512-"), name
