"""The policies that are compared, and how each is made for a scenario."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.pacing.simple import Erlang, FixedLines, Ratio
from bench.pacing.vicidial import Variant, Vicidial
from dialer.pacing import Pacer
from dialer.simulator.day import Handoff, Policy
from dialer.simulator.outlook import terms_of
from dialer.simulator.scenario import Scenario

Make = Callable[[Scenario], Policy]


@dataclass(frozen=True)
class Contender:
    """A policy of the table. With several ``makers`` the best is chosen in hindsight, which
    favours it. ``keeps`` its knowledge from one day to the next."""

    name: str
    makers: tuple[Make, ...]
    keeps: bool = False
    handoff: Handoff = "elastic"


def aftercall(scenario: Scenario) -> Policy:
    """The live pacing, with nothing learned yet."""
    return Pacer(terms_of(scenario))


def _vicidial(*variants: Variant) -> tuple[Make, ...]:
    return tuple(lambda scenario, v=variant: Vicidial(v) for variant in variants)


def _ratio(ratio: float) -> tuple[Make, ...]:
    return (lambda scenario: Ratio(ratio),)


def _fixed(scenario_lines: int) -> tuple[Make, ...]:
    return tuple(lambda scenario, n=lines: FixedLines(n) for lines in range(1, scenario_lines + 1))


BEST = tuple(Variant(method, ready_only, target) for method in ("hard", "tapered", "average")
             for ready_only in (False, True) for target in (-1.0, 0.0, 1.0))

PREDICTIVE = (
    Contender("progressive", _ratio(1.0)),
    Contender("ratio_1_5", _ratio(1.5)),
    Contender("ratio_1_67", _ratio(1.67)),
    Contender("vicidial_hard", _vicidial(Variant("hard"))),
    Contender("vicidial_tapered", _vicidial(Variant("tapered"))),
    Contender("vicidial_average", _vicidial(Variant("average"))),
    Contender("vicidial_best", _vicidial(*BEST)),
    Contender("erlang", (Erlang,)),
    Contender("aftercall", (aftercall,), keeps=True),
)


def contenders(scenario: Scenario) -> tuple[Contender, ...]:
    """Who is compared on a scenario."""
    if scenario.mode == "predictive":
        return PREDICTIVE
    fixed = _fixed(scenario.lines)
    return (Contender("fixed_immediate", fixed, handoff="immediate"),
            Contender("fixed_elastic", fixed),
            Contender("aftercall", (aftercall,), keeps=True))
