"""Telephone sound goes before all else where the system lets it, and nothing it starts does."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from asterisk_conf import real_time

SCRIPT = """
import os, subprocess, sys
from asterisk_conf import real_time
taken = real_time.take()
child = [sys.executable, "-c", "import os; print(os.sched_getscheduler(0))"]
print(taken, os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK,
      subprocess.run(child, capture_output=True, text=True).stdout.strip())
"""


def test_what_takes_it_has_it_alone() -> None:
    taken, own, child = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True,
                                       text=True, check=True).stdout.split()
    assert taken == str(real_time.allowed())
    assert int(own) == (os.SCHED_RR if taken == "True" else os.SCHED_OTHER)
    assert int(child) == os.SCHED_OTHER


def test_asking_changes_nothing() -> None:
    threads = threading.active_count()
    real_time.allowed()
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
    assert threading.active_count() == threads


def test_a_system_that_refuses_is_lived_with(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refused)
    assert not real_time.take() and not real_time.allowed()


def test_who_gives_way_does_so_among_all_sessions() -> None:
    script = ("import os; from asterisk_conf import real_time; real_time.give_way(7); "
              "print(os.nice(0), open('/proc/self/autogroup').read() "
              "if real_time.AUTOGROUP.exists() else 'nice 7')")
    own, *_, among_sessions = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True,
        start_new_session=True).stdout.split()
    assert int(own) == os.nice(0) + 7
    assert int(among_sessions) == 7


def test_a_session_of_others_is_left_alone() -> None:
    script = ("from asterisk_conf import real_time; before = real_time.AUTOGROUP.read_text(); "
              "real_time.give_way(7); print(before == real_time.AUTOGROUP.read_text())")
    if not real_time.AUTOGROUP.exists():
        pytest.skip("this system does not group sessions")
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                          check=True).stdout.strip() == "True"
