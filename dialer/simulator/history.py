"""A scenario from what has been recorded: the next day will go as the last ones went."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from dialer.simulator.scenario import Scenario, scenario_of
from followup.errors import InvalidInput
from followup.settings import Settings
from followup.views.telephone import TelephoneHistory

ENOUGH = 50            # calls; of talks and unanswered ones, fewer than 10 tell nothing yet
FEW = 10
SHORT_S = 10.0         # an unanswered call that ends sooner was busy or rejected


def scenario_from(history: TelephoneHistory, settings: Settings) -> Scenario:
    """Chances and times from the history; agents, lines and hours from the settings."""
    answered, unanswered = history.rang_answered, history.rang_unanswered
    calls = len(answered) + len(unanswered)
    if calls < ENOUGH or len(answered) < FEW:
        expected = f"at least {ENOUGH} ended calls, {FEW} of them answered"
        raise InvalidInput(f"history: expected {expected}; there are {calls} and {len(answered)}",
                           field="history", expected=expected)
    if not settings.agents:
        raise InvalidInput("agents: expected at least one agent in the settings", field="agents",
                           expected="at least one agent in the settings")
    dialer, talks = settings.dialer, history.talked
    ring_mean = min(60.0, max(1.0, statistics.fmean(answered)))
    short = [seconds for seconds in unanswered if seconds < SHORT_S]
    long = [seconds for seconds in unanswered if seconds >= SHORT_S]
    longest = max(ring_mean * 1.5, statistics.fmean(long) if long else float(dialer.ring_timeout_s))
    handle = statistics.fmean(talks) if len(talks) >= FEW else 180.0
    opens, closes = (time.hour + time.minute / 60 for time in (
        dialer.window_start, dialer.window_end))
    return scenario_of({
        "name": f"{calls} calls", "mode": "ivr_first", "agents": len(settings.agents),
        "lines": settings.trunk.channels, "hours": closes - opens,
        "answer_probability": min(0.98, max(0.02, len(answered) / calls)),
        "ring_mean_s": ring_mean, "ring_shape": min(50.0, max(0.5, _variation(answered) ** -2)),
        "ring_cut_s": longest, "ringout_s": longest,
        "fail_share": len(short) / len(unanswered) if unanswered else 0.0,
        "fail_s": max(1.0, statistics.fmean(short)) if short else 4.0,
        "handle_mean_s": max(5.0, handle) + dialer.wrap_up_s,
        "handle_cv": min(3.0, _variation(talks)) if len(talks) >= FEW else 0.8,
        "ivr_mean_s": min(3600.0, max(5.0, statistics.fmean(history.asked))),
        "escalation_share": min(1.0, max(0.005, history.escalated / len(answered)))},
        "history")


def _variation(values: Sequence[float]) -> float:
    """Standard deviation by mean."""
    mean = statistics.fmean(values)
    spread = statistics.pstdev(values)
    return max(0.05, spread / mean) if mean > 0 and math.isfinite(spread) else 1.0
