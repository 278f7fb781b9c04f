"""What the project consists of: its packages and the files it tracks."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PACKAGES: list[str] = PYPROJECT["tool"]["importlinter"]["root_packages"]


def tracked() -> list[Path]:
    """Every file that git tracks or would (not ignored), as absolute paths."""
    out = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                         cwd=ROOT, capture_output=True, check=True).stdout
    return [path for name in out.split(b"\0") if name
            if (path := ROOT / name.decode()).is_file() and not path.is_symlink()]


def ours() -> list[Path]:
    """Every Python file of our own packages and of the tests."""
    tops = {*PACKAGES, "tests", "bench"}
    return [path for path in tracked() if path.suffix == ".py"
            if path.relative_to(ROOT).parts[0] in tops]
