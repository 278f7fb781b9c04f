"""A sample is what its method promises, and the same again from the same seed."""

from __future__ import annotations

import random
import uuid
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from followup.spotchecks.risk import Doubt, Facts, Risk, assess
from followup.spotchecks.sampling import Stratum, allocate, draw, draw_by_risk, stratum, twice

SEEDS = st.integers(0, 2 ** 31 - 1)
SIZES = st.dictionaries(st.text(max_size=5), st.integers(0, 400), max_size=12)


def members(sizes: dict[str, int]) -> dict[str, list[uuid.UUID]]:
    numbers = iter(range(sum(sizes.values())))
    return {name: [uuid.UUID(int=next(numbers)) for _ in range(size)]
            for name, size in sizes.items()}


def strata(sizes: dict[str, int], seed: int, most: int = 1000) -> dict[str, Stratum]:
    return {name: stratum(those, seed, most) for name, those in members(sizes).items()}


@given(SIZES, st.integers(0, 600))
def test_shares_match_the_strata(sizes: dict[str, int], wanted: int) -> None:
    given_ = allocate(sizes, wanted)
    total = sum(sizes.values())
    wanted = min(wanted, total)
    assert sum(given_.values()) == wanted
    assert all(0 <= given_[name] <= size for name, size in sizes.items())
    there = [name for name, size in sizes.items() if size]
    if wanted >= len(there):
        assert all(given_[name] for name in there)
    exact = {name: wanted * size / total if total else 0 for name, size in sizes.items()}
    lifted = [name for name in there if exact[name] < 1]
    for name in there:                     # within one of the exact share, but for what is lifted
        if name not in lifted and not (lifted and given_[name] < exact[name]):
            assert abs(given_[name] - exact[name]) < 1
    for name in there:                     # the larger stratum never gives less
        for other in there:
            if sizes[name] > sizes[other]:
                assert given_[name] >= given_[other] - 1


def test_what_is_over_goes_to_the_largest_remainders() -> None:
    # 10 of 100: 5.2, 3.3, 1.5 -> 5, 3, 1, and one over for the remainder .5
    assert allocate({"a": 52, "b": 33, "c": 15}, 10) == {"a": 5, "b": 3, "c": 2}
    # 4 of 100: 3.88, .08, .04 -> each small one gets its one, from the large one
    assert allocate({"a": 97, "b": 2, "c": 1}, 4) == {"a": 2, "b": 1, "c": 1}
    # fewer than there are strata: the largest go first
    assert allocate({"a": 10, "b": 9, "c": 1}, 2) == {"a": 1, "b": 1, "c": 0}
    assert allocate({}, 5) == {}


@given(SIZES, st.integers(0, 600), SEEDS, st.randoms(use_true_random=False))
def test_one_seed_gives_one_sample_in_whatever_order_the_members_come(
        sizes: dict[str, int], wanted: int, seed: int, dice: random.Random) -> None:
    there = members(sizes)
    drawn = draw(strata(sizes, seed), wanted)
    shuffled = {name: stratum(dice.sample(those, len(those)), seed, wanted)
                for name, those in reversed(there.items())}
    assert drawn == draw(shuffled, wanted)
    assert len({each.attempt_id for each in drawn}) == len(drawn)
    assert Counter(each.stratum for each in drawn) == Counter(
        {name: count for name, count in allocate(sizes, wanted).items() if count})
    assert all(each.attempt_id in there[each.stratum] for each in drawn)


@given(SEEDS)
def test_another_seed_gives_another_sample(seed: int) -> None:
    assert draw(strata({"": 500}, seed), 20) != draw(strata({"": 500}, seed + 1), 20)


def test_everybody_has_the_same_chance() -> None:
    times = Counter[uuid.UUID]()
    for seed in range(2000):
        times.update(each.attempt_id for each in draw(strata({"": 20}, seed), 5))
    # 500 expected of each, deviation 19.4: five of them are never exceeded by chance
    assert len(times) == 20
    assert all(abs(count - 500) < 97 for count in times.values())


@given(st.dictionaries(st.integers(0, 199), st.integers(1, 120), max_size=60),
       st.integers(0, 150), SEEDS)
def test_the_most_doubtful_come_first_and_others_fill_up(
        scores: dict[int, int], wanted: int, seed: int) -> None:
    population = [uuid.UUID(int=number) for number in range(200)]
    doubtful = {uuid.UUID(int=number): Risk(score, ((Doubt.SHORT, 3),))
                for number, score in scores.items()}
    first = stratum(population, seed, 2 * wanted)
    drawn = draw_by_risk(doubtful, first, wanted, seed)
    assert drawn == draw_by_risk(dict(reversed(doubtful.items())), first, wanted, seed)
    assert len(drawn) == len({each.attempt_id for each in drawn}) == wanted
    taken = [each.risk.score for each in drawn]
    assert taken == sorted(taken, reverse=True)
    left = [risk.score for each, risk in doubtful.items()
            if each not in {one.attempt_id for one in drawn}]
    assert not left or max(left) <= min(taken, default=120)
    assert all(each.risk.reasons for each in drawn if each.risk.score)


@given(st.integers(0, 300), st.integers(0, 100), SEEDS)
def test_a_share_is_checked_twice(size: int, percent: int, seed: int) -> None:
    drawn = draw(strata({"": size}, seed), size)
    both = twice(drawn, percent, seed)
    assert both == twice(drawn, percent, seed)
    assert both <= {each.attempt_id for each in drawn}
    assert len(both) - size * percent / 100 < 1
    assert len(both) >= size * percent / 100


def test_the_reasons_of_a_risk_are_kept_with_their_numbers() -> None:
    risk = assess(Facts(talk_s=7.9, unsure=3, disagreeing=2, overridden=1, findings_alone=2))
    assert risk.reasons == ((Doubt.NOT_ESCALATED, 2), (Doubt.DISAGREEING, 2),
                            (Doubt.OVERRIDDEN, 1), (Doubt.SHORT, 7), (Doubt.UNSURE, 3))
    assert risk.score == 50 + 30 + 25 + 20 + 20
    assert assess(Facts(talk_s=95, unsure=1)) == Risk(0, ())


@given(st.builds(Facts, st.floats(0, 600), st.integers(0, 9), st.integers(0, 9),
                 st.integers(0, 9), st.integers(0, 9)))
def test_one_more_reason_never_makes_a_call_less_doubtful(facts: Facts) -> None:
    more = Facts(facts.talk_s, facts.unsure + 1, facts.disagreeing + 1, facts.overridden + 1,
                 facts.findings_alone + 1)
    assert assess(more).score >= assess(facts).score
    assert bool(assess(facts).score) == bool(assess(facts).reasons)
