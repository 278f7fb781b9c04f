"""What holds for any valid questionnaire and whatever happens on the line."""

from __future__ import annotations

from itertools import chain, cycle
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from followup.questionnaires.definition import Questionnaire
from followup.questionnaires.fhir import load_questionnaire
from ivr.conversation import Phase, begin, resume
from ivr.conversation.actions import CheckAgent, Escalate, Listen
from ivr.conversation.events import (
    AgentChecked,
    Event,
    HungUp,
    Key,
    MessageRecorded,
    NoAgent,
    Spoken,
    TimedOut,
)
from ivr.conversation.flow import MAX_MISSES, MAX_REPEATS
from ivr.conversation.keys import MOST_KEYS
from tests.followup.questionnaires.strategies import any_questionnaire
from tests.ivr.conversation.driver import CONTEXT, Call
from tests.ivr.conversation.patient import Patient, patients

WORDS = st.sampled_from(["", "有", "没有", "是的", "不对", "第一个", "三", "三十八度五", "没有了",
                         "有三十八度五", "嗯没有谢谢", "没有不对有", "三十八度五不对三十七度",
                         "一样", "再说一遍", "上一题", "我听不懂", "英语", "不要再打了", "转人工",
                         "等一下", "不知道", "现在不方便", "星期五下午三点", "昨天", "明天",
                         "天气"])
SPOKEN = st.builds(Spoken, WORDS, st.sampled_from([0.2, 0.9]))
LISTENED = st.sampled_from([*map(Key, "0123456789*#"), TimedOut()]) | SPOKEN
RECORDED = st.sampled_from([MessageRecorded("m.wav", 5000), MessageRecorded("", 0)])
FEW = settings(max_examples=80, deadline=None,
               suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def read(raw: dict[str, Any]) -> Questionnaire:
    """Its shape is another test's business, and takes time."""
    return load_questionnaire(raw, stored=True)


def longest(questionnaire: Questionnaire) -> int:
    """More events than the most stubborn patient can need."""
    per_item = (MAX_MISSES + MAX_REPEATS + 8) * (MOST_KEYS + 2)
    return len(questionnaire.order) * per_item * 2 + 20


@FEW
@given(any_questionnaire(), st.lists(LISTENED, min_size=1, max_size=3),
       st.lists(LISTENED, min_size=1, max_size=2), RECORDED)
def test_whatever_is_done_over_and_over_the_call_comes_to_its_end(
        raw: dict[str, Any], first: list[Event], stubborn: list[Event], message: Event) -> None:
    call = Call(read(raw))
    heard = chain(first, cycle(stubborn))
    for _ in range(longest(call.questionnaire)):
        if call.state.phase is Phase.ENDED:
            break
        wait = call.last[-1]
        call.send(next(heard) if isinstance(wait, Listen) else
                  AgentChecked(False) if isinstance(wait, CheckAgent) else
                  NoAgent() if isinstance(wait, Escalate) else message)
    assert call.end is not None


def talk(call: Call, patient: Patient, events: int) -> int:
    """So many events at most, then the line is cut unless the call has ended; events left."""
    while events > 0 and call.end is None:
        for event in patient.acts(call):
            if events > 0 and call.end is None:
                call.send(event)
                events -= 1
    if call.end is None:
        call.send(HungUp())
    return events


@FEW
@given(any_questionnaire(), patients, st.lists(st.integers(1, 12), max_size=5))
def test_a_call_cut_anywhere_and_taken_up_again_comes_to_the_same_answers(
        raw: dict[str, Any], patient: Patient, cuts: list[int]) -> None:
    questionnaire = read(raw)
    whole = Call(questionnaire)
    assert talk(whole, patient, longest(questionnaire)), "the call does not end"
    part = Call(questionnaire)
    for cut in cuts:
        talk(part, patient, cut)
        part = Call(questionnaire, answers=part.stored, open=part.open)
    talk(part, patient, longest(questionnaire))
    assert part.stored == whole.stored
    assert part.open == whole.open
    assert part.outcome == whole.outcome


@FEW
@given(any_questionnaire())
def test_begin_is_resume_without_answers(raw: dict[str, Any]) -> None:
    questionnaire = read(raw)
    assert begin(questionnaire, CONTEXT) == resume(questionnaire, CONTEXT, {})
