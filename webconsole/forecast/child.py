"""One variant of a forecast, a simulated day after the other, in a process of its own.

``python -m webconsole.forecast.child`` reads ``{"scenario": …, "calls": …, "days": …}`` and writes
a JSON line a day as it is done, so that whoever has no more time takes the days that are there.
"""

from __future__ import annotations

import json
import os
import sys

from dialer.pacing import Knowledge, Pacer
from dialer.simulator.day import Day
from dialer.simulator.draws import Draws
from dialer.simulator.outlook import look_ahead, terms_of
from dialer.simulator.scenario import scenario_of

PRACTICE, PRACTICE_SEED = 600, 1_000_003     # calls from which the pacing learns beforehand
NICE = 15                                    # calls go first on this machine


def main() -> None:
    """Until all days are done."""
    os.nice(NICE)
    asked = json.load(sys.stdin)
    scenario = scenario_of(asked["scenario"])
    knowledge = Knowledge()
    Day(scenario, Pacer(terms_of(scenario), knowledge), Draws(scenario, PRACTICE_SEED, 0),
        list_length=PRACTICE).run()
    for day in range(int(asked["days"])):
        outlook = look_ahead(scenario, days=1, seed=day + 1, calls=int(asked["calls"]),
                             knowledge=knowledge)
        sys.stdout.write(json.dumps({name: band[1] for name, band in outlook.bands.items()})
                         + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
