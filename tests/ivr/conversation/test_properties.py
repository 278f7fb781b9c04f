"""What holds for any valid questionnaire and whatever happens on the line."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, cycle
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from followup.questionnaires.definition import Questionnaire
from followup.questionnaires.enablement import enabled_items
from followup.questionnaires.fhir import load_questionnaire
from ivr.conversation import Phase, begin, remaining, resume
from ivr.conversation.actions import (
    CheckAgent,
    End,
    Escalate,
    Listen,
    Mark,
    RecordMessage,
    StoreAnswer,
)
from ivr.conversation.entry import MAX_KEYS
from ivr.conversation.events import (
    AgentChecked,
    AgentJoined,
    Event,
    HungUp,
    Key,
    MessageRecorded,
    NoAgent,
    Spoken,
    Started,
    TimedOut,
)
from ivr.conversation.flow import MAX_MISSES, MAX_REPEATS
from tests.followup.questionnaires.build import any_questionnaire
from tests.ivr.conversation.driver import CONTEXT, Call

WORDS = st.sampled_from(["", "有", "没有", "是的", "不对", "第一个", "三", "三十八度五",
                         "再说一遍", "上一题",
                         "我听不懂", "英语", "不要再打了", "转人工", "天气"])
SPOKEN = st.builds(Spoken, WORDS, st.sampled_from([0.2, 0.9]))
LISTENED = st.sampled_from([*map(Key, "0123456789*#"), TimedOut()]) | SPOKEN
KEYS = st.sampled_from("0123456789*#").map(Key)
RECORDED = st.sampled_from([MessageRecorded("m.wav", 5000), MessageRecorded("", 0)])
SENSIBLE: dict[type, st.SearchStrategy[Event]] = {
    # on some lines the patient tends to press what is asked for, so that calls get far
    Listen: st.one_of(KEYS, st.sampled_from("123#").map(Key), st.just(TimedOut()), SPOKEN),
    RecordMessage: st.one_of(RECORDED, KEYS),
    CheckAgent: st.booleans().map(AgentChecked),
    Escalate: st.sampled_from([AgentJoined(), NoAgent()]),
}
ANYTHING = st.one_of(KEYS, RECORDED, SPOKEN, st.booleans().map(AgentChecked), st.sampled_from(
    [Started(), TimedOut(), AgentJoined(), NoAgent()]))
FEW = settings(max_examples=100, deadline=None,
               suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


class Watched(Call):
    """A call in which every question must be enabled, and unanswered unless it is gone back to."""

    def send(self, event: Event) -> None:
        had, backs = len(self.done), self.state.backs if self.done else 0
        super().send(event)
        went_back = self.state.backs > backs
        for action in self.done[had:]:
            if isinstance(action, Mark) and action.kind == "question":
                known = {**self.state.answers}
                enabled = [item.link_id for item in enabled_items(self.questionnaire, known)]
                assert action.link_id in enabled, f"{action.link_id} asked, not enabled"
                assert (action.link_id in known) <= went_back, f"{action.link_id} asked again"
            if isinstance(action, StoreAnswer):
                assert self.questionnaire.item(action.link_id).is_question


def longest(questionnaire: Questionnaire) -> int:
    """More events than the most stubborn patient can need."""
    per_item = (MAX_MISSES + MAX_REPEATS + 4) * (MAX_KEYS + 2)
    return len(questionnaire.order) * per_item + 20


@FEW
@given(any_questionnaire(), st.data())
def test_every_call_ends_asks_only_what_is_enabled_and_can_be_cut_and_resumed(
        raw: dict[str, Any], data: st.DataObject) -> None:
    questionnaire = load_questionnaire(raw)
    call = Watched(questionnaire)
    for _ in range(data.draw(st.integers(0, 40))):
        if call.state.phase in (Phase.ENDED, Phase.TALKING):
            break
        call.send(data.draw(SENSIBLE[type(call.last[-1])]))
        resumed_asks_the_same(call)
    call.send(HungUp())
    assert len({each.outcome for each in call.done if isinstance(each, End)}) == 1


@FEW
@given(any_questionnaire(), st.lists(LISTENED, min_size=1, max_size=3),
       st.lists(LISTENED, min_size=1, max_size=2), RECORDED)
def test_whatever_is_done_over_and_over_the_call_comes_to_its_end(
        raw: dict[str, Any], first: list[Event], stubborn: list[Event], message: Event) -> None:
    questionnaire = load_questionnaire(raw)
    call = Watched(questionnaire)
    heard = chain(first, cycle(stubborn))
    for _ in range(longest(questionnaire)):
        if call.state.phase is Phase.ENDED:
            break
        wait = call.last[-1]
        call.send(next(heard) if isinstance(wait, Listen) else
                  AgentChecked(False) if isinstance(wait, CheckAgent) else
                  NoAgent() if isinstance(wait, Escalate) else message)
    assert call.end is not None


def resumed_asks_the_same(call: Call) -> None:
    identity = call.questionnaire.identity
    again = resume(call.questionnaire, CONTEXT, call.stored)
    known = replace(again, answers={**again.answers, **call.stored})   # once identified anew
    assert [item.link_id for item in remaining(known)
            if item.link_id not in call.state.skipped and not item.identity] == [
        item.link_id for item in remaining(call.state) if not item.identity]
    if identity:      # who answers is asked in each call
        assert identity in remaining(again)
    stored = {link_id: value for link_id, value in call.stored.items()
              if not (identity and link_id == identity.link_id)}
    assert again.answers == stored
    # findings are known again from the answers alone
    assert {hit.link_id for hit in again.findings} == {
        hit.link_id for hit in call.state.findings if hit.link_id in again.answers}


@FEW
@given(any_questionnaire(), st.lists(ANYTHING | st.just(HungUp()), max_size=60))
def test_events_out_of_place_change_no_answer_and_break_nothing(
        raw: dict[str, Any], events: list[Event]) -> None:
    call = Watched(load_questionnaire(raw))
    for event in events:
        call.send(event)


@FEW
@given(any_questionnaire(), st.data())
def test_a_call_cut_again_and_again_reaches_the_end_and_keeps_each_answer(
        raw: dict[str, Any], data: st.DataObject) -> None:
    questionnaire = load_questionnaire(raw)
    stored: dict[str, Any] = {}
    for _ in range(6):
        call = Watched(questionnaire, answers=stored)
        for _ in range(data.draw(st.integers(0, 25))):
            if call.state.phase in (Phase.ENDED, Phase.TALKING):
                break
            call.send(data.draw(SENSIBLE[type(call.last[-1])]))
        call.send(HungUp())
        identity = questionnaire.identity
        corrected = {each.link_id for each in call.done
                     if isinstance(each, StoreAnswer) and each.supersedes}
        for link_id, value in stored.items():
            assert call.stored[link_id] == value or link_id in corrected
            assert link_id not in corrected or call.state.backs or (
                identity and link_id == identity.link_id)
        stored = dict(call.stored)


@FEW
@given(any_questionnaire())
def test_begin_is_resume_without_answers(raw: dict[str, Any]) -> None:
    questionnaire = load_questionnaire(raw)
    assert begin(questionnaire, CONTEXT) == resume(questionnaire, CONTEXT, {})
