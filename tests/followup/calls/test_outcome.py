"""The disposition of an attempt from what the wire and the conversation tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followup.calls.models import Disposition
from followup.calls.outcome import settle


@pytest.mark.parametrize(("cause", "disposition"), [
    (17, Disposition.BUSY), (19, Disposition.NO_ANSWER), (16, Disposition.NO_ANSWER),
    (21, Disposition.REJECTED), (1, Disposition.INVALID_NUMBER), (34, Disposition.CONGESTION),
    (None, Disposition.CONGESTION), (0, Disposition.CONGESTION), (99, Disposition.CONGESTION)])
def test_an_unanswered_call_is_told_by_its_cause(cause: int | None,
                                                 disposition: Disposition) -> None:
    assert settle(answered=False, outcome=None, cause=cause) is disposition


@given(st.sampled_from(Disposition), st.booleans(), st.none() | st.integers(0, 127))
def test_what_the_conversation_came_to_outranks_the_wire(outcome: Disposition, answered: bool,
                                                         cause: int | None) -> None:
    assert settle(answered=answered, outcome=outcome, cause=cause) is outcome


@pytest.mark.parametrize(("rang", "disposition"), [(False, Disposition.CONGESTION),
                                                   (True, Disposition.NO_ANSWER)])
def test_a_time_out_is_the_gateways_only_when_nothing_rang(rang: bool,
                                                           disposition: Disposition) -> None:
    assert settle(answered=False, outcome=None, cause=18, sip_code=408, rang=rang) is disposition


def test_an_answered_call_whose_conversation_wrote_nothing_failed_on_our_side() -> None:
    assert settle(answered=True, outcome=None, cause=16) is Disposition.FAILED
