"""What has come of one flow, over all of its runs."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.ivr.plan import Window, percentile


@dataclass
class Climbed:
    """One climb: when and how it ended and why, every window of it."""

    busy_cores: float                        # of the machine, by others, before it began
    at_s: float = 0.0                        # it ended
    held: int | None = None                  # None: not even the first number
    broke_at: int | None = None              # None: not within the plan's limits
    why: str | None = None                   # it broke
    windows: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Metered:
    """Processors at the measured load."""

    calls: float
    late_calls: int
    cores: dict[str, float]


@dataclass
class Result:
    """What came of one flow."""

    call_s: float                            # of a call from its first sound to its end
    broke_at: int | None = None              # while the load grew; None: not within the limits
    windows: list[dict[str, Any]] = field(default_factory=list)      # while the load grew
    climbs: list[Climbed] = field(default_factory=list)
    metered: list[Metered] = field(default_factory=list)
    digit_ms: list[float] = field(default_factory=list)
    completed: int = 0
    wrong: int = 0                           # calls that ended, but not as they should
    errors: list[str] = field(default_factory=list)

    @property
    def held(self) -> int | None:
        """The median of its climbs; None: no number of calls."""
        found = [climb.held for climb in self.climbs if climb.held is not None]
        return round(statistics.median(found)) if found else None

    @property
    def measured_calls(self) -> int:
        """At the measured load, on average."""
        return round(statistics.fmean(each.calls for each in self.metered)) if self.metered else 0

    @property
    def cores(self) -> dict[str, float]:
        """At the measured load, on average."""
        return {name: round(statistics.fmean(each.cores[name] for each in self.metered), 4)
                for name in (self.metered[0].cores if self.metered else ())}

    def cpu_s_per_call(self) -> dict[str, float]:
        """Processor seconds of one call from its beginning to its end."""
        if not self.measured_calls:
            return {}
        return {name: round(cores * self.call_s / self.measured_calls, 4)
                for name, cores in self.cores.items()}

    def as_json(self) -> dict[str, Any]:
        """The flow's table."""
        return {"held": self.held, "broke_at": self.broke_at, "windows": self.windows,
                "climbs": [asdict(climb) for climb in self.climbs],
                "measured_at_calls": self.measured_calls,
                "measured_late_calls": sum(each.late_calls for each in self.metered),
                "cores": self.cores, "cpu_s_per_call": self.cpu_s_per_call(),
                "call_s": self.call_s,
                "digit_to_prompt_ms": {"p50": percentile(self.digit_ms, 0.5),
                                       "p99": percentile(self.digit_ms, 0.99),
                                       "samples": len(self.digit_ms)},
                "completed": self.completed, "wrong": self.wrong}


def told(window: Window, alive: int, least: int) -> dict[str, Any]:
    """A window, for whoever reads the result."""
    tally = window.tally
    return {"calls": alive, "least": least, "talking": round(tally.talking, 1),
            "heard": tally.calls, "late_calls": tally.late_calls,
            "late_packets": tally.late_packets, "failures": window.failures,
            "answers": tally.answers, "due": tally.due, "good": window.good, "why": window.why}
