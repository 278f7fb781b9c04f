"""The bench of pages opens every page of the console."""

from __future__ import annotations

from bench import pages
from bench.seed import plant
from followup.database.engine import Database


async def test_every_address_of_the_bench_is_answered(database: Database) -> None:
    await plant(database, 400)
    told = await pages.measure(database, times=1)
    # made of calls that were checked, of which so few patients have none
    of_checks = {route.path for route in pages.ROUTES if "/spot-checks/" in route.path
                 and "{id}" in route.path}
    assert set(told["failed"]) <= of_checks
    assert "/people/{id}" in told and "/recordings/{id}" in told and "/clips/{token}" in told
