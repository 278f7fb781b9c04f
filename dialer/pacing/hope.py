"""The chance that an agent will be free before a patient's hold is over. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dialer.pacing.durations import Durations


def talks_like(seen: Sequence[float]) -> Durations:
    """How long agents talk: what is usual, and then what was seen, oldest first."""
    talk = Durations.lognormal(120.0, 1.0)
    for seconds in seen:
        talk.see(seconds)
    return talk


def hope(talking: Sequence[float], returning: Sequence[float], ahead: int, left: float,
         wrap_up_s: float, talk: Durations) -> float:
    """The chance that more than ``ahead`` agents become free within ``left`` seconds.

    ``talking``: seconds that agents have talked so far, their wrap-up of ``wrap_up_s`` to follow;
    ``returning``: seconds after which others are back from it.
    """
    ages = np.array(list(talking), dtype=np.float64)
    done = talk.below(ages)
    then = talk.below(ages + max(0.0, left - wrap_up_s))
    chances = [float(one) for one in np.clip((then - done) / np.maximum(1 - done, 1e-9), 0.0, 1.0)]
    chances += [1.0 if seconds <= left else 0.0 for seconds in returning]
    freed = np.array([1.0])                      # by number of agents, exactly
    for chance in chances:
        freed = np.convolve(freed, [1 - chance, chance])
    return float(freed[ahead + 1:].sum())
