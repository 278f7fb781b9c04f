"""Clocks are to agree: calling hours and deadlines hang on them."""

from __future__ import annotations

from datetime import datetime

from aftercall.doctor.result import Result, fail, ok

TOLERANCE_S = 2.0


def compared(name: str, theirs: datetime, before: datetime, after: datetime) -> Result:
    """``theirs`` was read at some moment from ``before`` to ``after`` of our own clock."""
    apart = max((before - theirs).total_seconds(), (theirs - after).total_seconds(), 0.0)
    ahead = "ahead of" if theirs > after else "behind"
    if apart > TOLERANCE_S:
        return fail(name, f"{apart:.1f} s {ahead} this machine's",
                    "set both machines by NTP (chrony or systemd-timesyncd)")
    return ok(name, "agrees with this machine's" if apart < 0.1 else
              f"{apart:.1f} s {ahead} this machine's")
