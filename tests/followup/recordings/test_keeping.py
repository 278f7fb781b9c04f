"""What a set of rules comes to, before it is set."""

from __future__ import annotations

import uuid

from followup.calls.models import Disposition
from followup.recordings.keeping import EVERYTHING, Batch, forecast, preview, rule_of

WARD, OTHER = uuid.uuid4(), uuid.uuid4()
DONE, REFUSED = Disposition.COMPLETED, Disposition.REFUSED


def batch(age: int, count: int = 1, *, campaign: uuid.UUID = WARD,
          outcome: Disposition | None = DONE, needed: bool = False) -> Batch:
    return Batch(campaign, outcome, age, needed, count)


def test_the_rule_that_says_most_of_a_call_counts() -> None:
    rules = {EVERYTHING: 1, (None, DONE): 2, (WARD, None): 3, (WARD, DONE): 4}
    told = []
    while rules:
        key = rule_of(rules, WARD, DONE)
        assert key is not None
        told.append(rules.pop(key))
    assert told == [4, 3, 2, 1]
    assert rule_of({(WARD, DONE): 4}, OTHER, DONE) is None
    assert rule_of({(WARD, DONE): 4}, WARD, None) is None


def test_each_horizon_counts_what_is_over_by_then() -> None:
    told = forecast([batch(400, 2), batch(335, 3), batch(280), batch(10), batch(0)],
                    {EVERYTHING: 365}, None)
    assert (told.count, told.going, told.first_in_days) == (8, (2, 5, 6, 8), 0)


def test_without_a_rule_the_settings_file_counts_and_without_both_nothing_goes() -> None:
    batches = [batch(50), batch(50, campaign=OTHER)]
    assert forecast(batches, {(WARD, None): 60}, 20).going == (1, 2, 2, 2)
    assert forecast(batches, {EVERYTHING: 60}, 20).going[0] == 0, "a rule goes before the file"
    told = forecast(batches, {}, None)
    assert (told.going, told.first_in_days) == ((0, 0, 0, 0), None)


def test_what_is_held_or_belongs_to_a_case_never_goes() -> None:
    told = forecast([batch(999, 4, needed=True), batch(999)], {EVERYTHING: 1}, None)
    assert (told.count, told.needed, told.going[0]) == (5, 4, 1)


def test_a_preview_is_about_what_the_rule_has_or_gets_and_nothing_else() -> None:
    batches = [batch(40, 5), batch(40, 7, outcome=REFUSED), batch(40, 9, campaign=OTHER)]
    rules = {EVERYTHING: 30, (None, REFUSED): 90}
    told = preview(batches, rules, None, (WARD, None), 60)
    assert (told.before.count, told.before.going[0]) == (12, 5)
    assert (told.after.count, told.after.going) == (12, (0, 12, 12, 12))
    gone = preview(batches, rules, None, (None, REFUSED), None)
    assert (gone.before.going[0], gone.after.going[0], gone.after.count) == (0, 7, 7)
