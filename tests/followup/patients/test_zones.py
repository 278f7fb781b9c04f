"""Where a patient is, as far as the record or the number tells."""

from __future__ import annotations

import pytest

from followup.errors import InvalidInput
from followup.patients.models import Patient
from followup.patients.zones import zones_of


@pytest.mark.parametrize(("number", "timezone", "zones"), [
    ("+8613800138000", None, {"Asia/Shanghai"}),
    ("+8613800138000", "Europe/Berlin", {"Europe/Berlin"}),
    ("+16502530000", None, {"America/Los_Angeles"}),
    ("+882123456789", None, set()), ("nonsense", None, set())])
def test_the_record_goes_before_the_number(number: str, timezone: str | None,
                                           zones: set[str]) -> None:
    assert {zone.key for zone in zones_of(number, timezone)} == zones


def test_a_mobile_of_a_wide_country_may_be_in_any_of_its_zones() -> None:
    zones = {zone.key for zone in zones_of("+61412345678")}
    assert {"Australia/Perth", "Australia/Sydney"} <= zones


@pytest.mark.parametrize("name", ["Mars/Base", "../etc/passwd", "", "+08:00"])
def test_a_time_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Patient(timezone=name)
    assert caught.value.field == "timezone"
