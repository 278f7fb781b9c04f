"""How long an account is locked after so many failures in a row. Pure."""

from __future__ import annotations

from datetime import timedelta

ACCOUNT_FAILURES = 5                     # the first lock
FIRST_LOCK, LONGEST_LOCK = timedelta(minutes=1), timedelta(hours=1)
ALARM_FAILURES = 8                       # somebody goes on guessing: staff are told
ADDRESS_FAILURES = 30                    # from one address, whatever the account
ADDRESS_WINDOW = timedelta(minutes=15)


def lock_after(failures: int) -> timedelta | None:
    """The lock that the latest of so many failures earns: none, then doubling each time."""
    if failures < ACCOUNT_FAILURES:
        return None
    doublings = min(failures - ACCOUNT_FAILURES, 16)
    return min(FIRST_LOCK * (1 << doublings), LONGEST_LOCK)
