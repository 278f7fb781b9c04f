"""A part of the house is started by its name: soon, and it says in a line why it cannot."""

from __future__ import annotations

import subprocess
import sys

import pytest


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("role", "unused"), [
    ("aftercall.roles.dialer", {"typer", "pypinyin", "ivr.prompts", "agi_scripts.routes"}),
    ("aftercall.roles.keeper", {"typer", "pypinyin", "ivr", "dialer", "agi_scripts"}),
    ("aftercall.roles.agi", {"typer", "dialer.engine", "webconsole"}),
    ("recordings.recorder.service", {"typer", "pypinyin", "sqlalchemy", "dialer", "ivr"})])
def test_a_part_waits_for_nothing_that_it_does_not_use(role: str, unused: set[str]) -> None:
    told = _python("-c", f"import sys, aftercall.__main__, {role}; print(*sys.modules)")
    assert told.returncode == 0, told.stderr
    assert not unused & set(told.stdout.split())


def test_a_part_that_there_is_not_is_told_in_a_line() -> None:
    told = _python("-m", "aftercall", "role", "cook")
    assert told.returncode == 2
    assert "role = 'cook': expected recorder, agi" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_part_whose_settings_are_unfit_tells_it_in_a_line(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERCALL_DIALER__POLL_S", "-1")
    told = _python("-m", "aftercall", "role", "dialer")
    assert told.returncode == 2
    assert "dialer.poll_s" in told.stderr
    assert "Traceback" not in told.stderr
