"""Imports go down only; every package says what it is; files stay small."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from tests.house.tree import PACKAGES, PYPROJECT, ROOT, ours

LONGEST = 400


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter on the contracts of a folder's pyproject.toml."""
    return subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()",
         "--no-cache"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=100,
        env={"PYTHONPATH": str(folder), "PATH": "", "LC_ALL": "C.UTF-8", "COLUMNS": "200"})


def test_imports_go_down_only() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(PYPROJECT['tool']['importlinter']['contracts'])} kept, 0 broken" in done.stdout


def test_an_import_upwards_would_be_noticed(tmp_path: Path) -> None:
    for package, line in (("upper", ""), ("lower", "import upper\n")):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(line)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.importlinter]\nroot_packages = ["upper", "lower"]\n[[tool.importlinter.contracts]]'
        '\nname = "down"\ntype = "layers"\nlayers = ["upper", "lower"]\n')
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    assert "lower -> upper" in done.stdout


def test_every_package_of_ours_has_its_floor() -> None:
    floors = {name.strip() for contract in PYPROJECT["tool"]["importlinter"]["contracts"]
              if contract["type"] == "layers" for layer in contract["layers"]
              for name in layer.replace("|", ":").split(":")}
    top = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert top == set(PACKAGES) == floors


def test_files_stay_small() -> None:
    """Migrations are long lists by nature."""
    lines = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
             for path in ours() if "migrations" not in path.parts}
    too_long = {name: count for name, count in lines.items() if count > LONGEST}
    assert not too_long, f"split by idea what is over {LONGEST} lines: {too_long}"


def test_every_room_says_what_it_is_for() -> None:
    silent = [package for package in PACKAGES
              if not ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text()))]
    assert not silent


def test_every_module_says_what_it_is() -> None:
    silent = [str(path.relative_to(ROOT)) for path in ours()
              if path.relative_to(ROOT).parts[0] != "tests" and path.read_bytes().strip()
              and not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert not silent
