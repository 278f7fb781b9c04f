"""Which of a patient's numbers is called next."""

from __future__ import annotations

import uuid

import pytest

from followup.calls.models import Disposition as How
from followup.campaigns.numbers import Number, NumberOrder, Try, choose

OWN = Number("+8613800138000")
SECOND = Number("+8613800138001", uuid.uuid4())
DAUGHTER = Number("+8613800138002", uuid.uuid4(), own=False)
ALL = [OWN, SECOND, DAUGHTER]


def tries(*made: tuple[Number, How]) -> list[Try]:
    return [Try(number.number, how) for number, how in made]


@pytest.mark.parametrize(("made", "next_one"), [
    ((), OWN),
    (((OWN, How.BUSY),), OWN),
    (((OWN, How.BUSY), (OWN, How.NO_ANSWER)), SECOND),
    (((OWN, How.INVALID_NUMBER),), SECOND),
    (((OWN, How.INVALID_NUMBER), (SECOND, How.VOICEMAIL), (SECOND, How.REJECTED)), DAUGHTER),
    # somebody was reached, or nobody's telephone rang: that is not in vain
    (((OWN, How.NO_ANSWER), (OWN, How.PARTIAL), (OWN, How.CALL_BACK)), OWN),
    (((OWN, How.NO_ANSWER), (OWN, How.CONGESTION), (OWN, How.NOT_PLACED)), OWN),
    (((OWN, How.BUSY),) * 2 + ((SECOND, How.BUSY),) * 2 + ((DAUGHTER, How.BUSY),) * 2, OWN),
    (tuple((each, How.INVALID_NUMBER) for each in ALL), None)])
def test_the_next_number_comes_after_an_invalid_one_or_two_calls_in_vain(
        made: tuple[tuple[Number, How], ...], next_one: Number | None) -> None:
    assert choose(ALL, tries(*made)) == next_one


def test_a_number_that_the_network_does_not_know_is_not_called() -> None:
    known = Number(OWN.number, invalid=True)
    assert choose([known, DAUGHTER], []) == DAUGHTER
    assert choose([known], []) is None


def test_a_campaign_may_keep_to_the_patients_own_numbers() -> None:
    made = tries((OWN, How.INVALID_NUMBER), (SECOND, How.INVALID_NUMBER))
    assert choose(ALL, made, NumberOrder.OWN_ONLY) is None
    assert choose(ALL, made[:1], NumberOrder.OWN_ONLY) == SECOND
    assert choose(ALL, made[:1], NumberOrder.FIRST_ONLY) is None


def test_a_corrected_number_is_called_though_the_old_one_was_invalid() -> None:
    corrected = Number("+8613800138009")
    assert choose([corrected], tries((OWN, How.INVALID_NUMBER))) == corrected
