"""I1-I4: how an attempt in doubt is judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dialer.evidence import CallStory
from dialer.verdict import Adopt, Facts, Settle, Wait, judge
from followup.calls.models import AttemptState, Disposition

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
SETTLE = timedelta(seconds=15)
AGES = st.floats(0, 3600).map(lambda seconds: timedelta(seconds=seconds))
MOMENTS = AGES.map(lambda age: NOW - age)
STORIES = st.builds(CallStory, st.none() | MOMENTS, st.none() | MOMENTS, st.none() | MOMENTS,
                    st.none() | st.integers(0, 127))
FACTS = st.builds(
    Facts, moment=st.just(NOW),
    state=st.sampled_from([s for s in AttemptState if s is not AttemptState.ENDED]),
    committed_at=MOMENTS, outcome=st.none() | st.sampled_from(Disposition),
    channel_state=st.none() | st.sampled_from(["Up", "Ringing", "Down", "Dialing"]),
    story=st.none() | STORIES, node_up_since=st.none() | MOMENTS)


def facts(**changes: object) -> Facts:
    known: dict[str, object] = {
        "moment": NOW, "state": AttemptState.COMMITTED, "committed_at": NOW - timedelta(minutes=1),
        "outcome": None, "channel_state": None, "story": CallStory(),
        "node_up_since": NOW - timedelta(days=1), **changes}
    return Facts(**known)  # type: ignore[arg-type]


@given(FACTS)
def test_a_live_channel_is_always_adopted(one: Facts) -> None:
    verdict = judge(one, SETTLE)
    assert isinstance(verdict, Adopt) == (one.channel_state is not None)


@given(FACTS)
def test_nothing_is_settled_before_the_settle_time_or_without_the_node(one: Facts) -> None:
    if one.channel_state is None and (one.node_up_since is None
                                      or NOW - one.committed_at < SETTLE):
        assert judge(one, SETTLE) == Wait()


@given(FACTS)
def test_i1_never_placed_is_said_only_when_the_silence_is_proof(one: Facts) -> None:
    verdict = judge(one, SETTLE)
    if verdict == Settle(Disposition.NOT_PLACED, None, "never received"):
        assert one.channel_state is None
        assert one.state is AttemptState.COMMITTED
        assert one.story is not None and one.story.started_at is None
        assert one.story.ended_at is None
        assert one.node_up_since is not None and one.node_up_since <= one.committed_at
        assert NOW - one.committed_at >= SETTLE
    elif isinstance(verdict, Settle):
        assert verdict.disposition is not Disposition.NOT_PLACED or one.outcome is not None


@given(FACTS)
def test_i3_every_attempt_ends_once_it_is_old_enough(one: Facts) -> None:
    old = NOW - 4 * SETTLE - timedelta(seconds=1)
    if one.channel_state is None and one.node_up_since and one.committed_at < old \
            and not (one.story and one.story.ended_at and one.story.ended_at > old):
        assert isinstance(judge(one, SETTLE), Settle)


def test_the_record_tells_the_outcome() -> None:
    start = NOW - timedelta(seconds=50)
    busy = CallStory(start, None, start + timedelta(seconds=2), 17)
    assert judge(facts(story=busy), SETTLE) == Settle(Disposition.BUSY, 17, "cel")
    talked = CallStory(start, start, start + timedelta(seconds=9), 16)
    assert judge(facts(story=talked, outcome=Disposition.PARTIAL), SETTLE) == \
        Settle(Disposition.PARTIAL, 16, "cel")
    assert judge(facts(story=talked), SETTLE) == Settle(Disposition.FAILED, 16, "cel")


def test_a_conversation_that_has_just_ended_may_still_write_its_outcome() -> None:
    start = NOW - timedelta(seconds=50)
    just = CallStory(start, start, NOW - timedelta(seconds=1), 16)
    assert judge(facts(story=just), SETTLE) == Wait()


def test_a_node_that_was_restarted_leaves_the_decision_to_a_person() -> None:
    up = NOW - timedelta(seconds=20)
    verdict = judge(facts(node_up_since=up), SETTLE)
    assert isinstance(verdict, Settle) and verdict.disposition is Disposition.UNKNOWN


def test_without_a_record_nobody_dials_again() -> None:
    verdict = judge(facts(story=None), SETTLE)
    assert isinstance(verdict, Settle) and verdict.disposition is Disposition.UNKNOWN


def test_an_originate_that_asterisk_took_but_never_started_is_congestion() -> None:
    verdict = judge(facts(state=AttemptState.SENT), SETTLE)
    assert isinstance(verdict, Settle) and verdict.disposition is Disposition.CONGESTION
