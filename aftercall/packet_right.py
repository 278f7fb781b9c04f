"""The right to see packets (CAP_NET_RAW), which is the recorder's alone.

systemd gives an unprivileged service's right to all that it starts ("ambient"). ``aftercall up``
keeps this one back from Asterisk, the console and the others, and hands it to the recorder. Where
nobody gave it, for root, and on other systems than Linux, nothing is changed.
"""

from __future__ import annotations

import ctypes

_PR_CAP_AMBIENT, _RAISE, _LOWER = 47, 2, 3
_CAP_NET_RAW = 13

# looked up beforehand: a child that is being started must do little
_prctl = getattr(ctypes.CDLL(None), "prctl", None)
if _prctl is not None:
    _prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]


def keep_back() -> None:
    """What this thread starts from now on does not get it; we still have it to give."""
    _ambient(_LOWER)


def hand_on() -> None:
    """What this process becomes has it; for a child, before its program begins."""
    _ambient(_RAISE)


def _ambient(change: int) -> None:
    if _prctl is not None:
        _prctl(_PR_CAP_AMBIENT, change, _CAP_NET_RAW, 0, 0)      # refused: there is none to give
