"""Any valid questionnaire, any events, cut and resumed anywhere: what a patient may rely on.

The call ends; only enabled questions are asked; an answer that was given is never lost, and only
the patient's own correction takes its place; no answer stands that was not given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from followup.questionnaires.definition import Control, Item, ItemType
from followup.questionnaires.enablement import enabled_items
from followup.questionnaires.values import each, scalar
from followup.responses.models import GivenBy
from ivr.conversation import Phase, State, remaining, resume
from ivr.conversation.actions import (
    CheckAgent,
    End,
    Escalate,
    Listen,
    Mark,
    RecordMessage,
    StoreAnswer,
)
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
from ivr.conversation.keys import ACCEPTED
from ivr.conversation.speech import hears
from ivr.understanding import is_risky
from tests.followup.questionnaires.strategies import any_questionnaire
from tests.ivr.conversation.driver import CONTEXT, Call
from tests.ivr.conversation.patient import TYPED, Patient, patients
from tests.ivr.conversation.test_properties import longest, read

DIGITS = st.sampled_from("0123456789*#")
CONFIDENCE = st.sampled_from([0.0, 0.3, 0.59, 0.6, 0.95, 1.0])
NONSENSE = st.sampled_from(["", "天气", "没有", "是的", "一样", "没有了", "有点", "不知道",
                            "第一个", "有三十八度五", "没有不对有"]) | st.text(max_size=8)
MESSAGES = st.sampled_from([MessageRecorded("m.wav", 5000), MessageRecorded("", 0),
                            MessageRecorded("m.wav", 300)])
STRAY = st.sampled_from([Started(), TimedOut(), AgentJoined(), NoAgent(), AgentChecked(True),
                         AgentChecked(False), MessageRecorded("m.wav", 5000)])


class Conversation(RuleBasedStateMachine):
    """One patient's follow-up, over as many calls as it takes."""

    call: Call
    patient: Patient
    denied: set[str]             # choices read back and called wrong

    @initialize(raw=any_questionnaire(), patient=patients)
    def a_call_is_answered(self, raw: dict[str, Any], patient: Patient) -> None:
        self.patient, self.denied = patient, set()
        self.call = Call(read(raw))
        self.check(Started(), 0, {})

    # --- what happens -------------------------------------------------------------------------

    @rule(key=DIGITS)
    def presses_any_key(self, key: str) -> None:
        self.send(Key(key))

    @rule(data=st.data())
    def presses_a_key_that_was_offered(self, data: st.DataObject) -> None:
        item = self.call.state.item
        keys = ["1", "2"] if item is None else [
            *item.answer_keys, *filter(None, map(item.key_for, Control)), "1", "2"]
        self.send(Key(data.draw(st.sampled_from(keys))))

    @rule()
    def answers_as_asked(self) -> None:
        for event in self.patient.acts(self.call):
            self.send(event)

    @rule(number=st.sampled_from(["3", "38*5", "385", "20260301", "99", "0"]), end=st.booleans())
    def types_a_number(self, number: str, end: bool) -> None:
        for key in number + ("#" if end else ""):
            self.send(Key(key))

    @rule(data=st.data(), confidence=CONFIDENCE)
    def says_what_may_be_said(self, data: st.DataObject, confidence: float) -> None:
        grammar = hears(self.call.state)
        if grammar is not None and grammar.phrases:
            self.send(Spoken(data.draw(st.sampled_from(grammar.phrases)), confidence))

    @rule(words=NONSENSE, confidence=CONFIDENCE)
    def says_anything(self, words: str, confidence: float) -> None:
        self.send(Spoken(words, confidence))

    @rule()
    def is_silent(self) -> None:
        self.send(TimedOut())

    @rule(message=MESSAGES)
    def speaks_a_message(self, message: MessageRecorded) -> None:
        self.send(message)

    @rule(free=st.booleans())
    def an_agent_is_free_or_not(self, free: bool) -> None:
        if isinstance(self.call.last[-1], CheckAgent):
            self.send(AgentChecked(free))
        elif isinstance(self.call.last[-1], Escalate):
            self.send(AgentJoined() if free else NoAgent())

    @rule(event=STRAY)
    def something_happens_out_of_place(self, event: Event) -> None:
        self.send(event)

    @rule()
    def the_process_is_replaced(self) -> None:
        """The state goes to JSON and back."""
        self.call.state = State.from_json(self.call.state.to_json(), self.call.questionnaire)

    @rule()
    def the_line_is_cut_and_the_patient_called_again(self) -> None:
        self.send(HungUp())
        stored = dict(self.call.stored)
        self.call = Call(self.call.questionnaire, answers=stored, open=self.call.open)
        self.denied = set()
        self.check(Started(), 0, stored)

    # --- what holds ---------------------------------------------------------------------------

    def send(self, event: Event) -> None:
        had, before, state = len(self.call.done), dict(self.call.stored), self.call.state
        self.call.send(event)
        after = self.call.state
        if state.phase is Phase.REVIEWING and state.link_id == after.link_id \
                and after.phase is Phase.ASKING and not after.adding:
            self.denied.add(after.link_id or "")
        self.check(event, had, before, state)

    def check(self, event: Event, had: int, before: Mapping[str, Any],
              state: State | None = None) -> None:
        call, new = self.call, self.call.done[had:]
        went_back = state is not None and call.state.backs > state.backs
        known = {**before}
        for action in new:
            if isinstance(action, StoreAnswer):
                item = call.questionnaire.item(action.link_id)
                self.fits(item, action)
                self.was_given(item, action, event, state)
                if action.supersedes:
                    assert item.identity or call.state.backs or action.link_id in self.denied \
                        or self.goes_with_no_other(item, action), "overwritten unasked"
                kept = each(known[action.link_id])[:action.position] \
                    if action.link_id in known else ()
                assert len(kept) == action.position
                known[action.link_id] = {"answer": [*kept, action.value]}
            if isinstance(action, Mark) and action.kind == "question":
                enabled = {item.link_id for item in enabled_items(call.questionnaire, {
                    **call.state.answers})}
                assert action.link_id in enabled, "asked, not enabled"
                answered = action.link_id in call.state.answers
                assert not answered or went_back or action.link_id in call.state.open
        assert before.keys() <= call.stored.keys()
        for link_id, value in call.stored.items():
            assert each(value) == each(known[link_id])

    @staticmethod
    def goes_with_no_other(item: Item, action: StoreAnswer) -> bool:
        return any(option.exclusive and option.value == action.value for option in item.options)

    @staticmethod
    def fits(item: Item, action: StoreAnswer) -> None:
        """It is an answer to that question."""
        assert item.is_question
        assert action.position < item.max_answers
        plain: Any = scalar(action.value)
        if item.type in TYPED:
            assert item.minimum is None or item.minimum <= plain
            assert item.maximum is None or plain <= item.maximum
        elif item.type.is_message or "valueAttachment" in action.value:
            assert item.type.is_message or item.type is ItemType.OPEN_CHOICE
        else:
            assert action.value in [option.value for option in item.options]

    @staticmethod
    def was_given(item: Item, action: StoreAnswer, event: Event, state: State | None) -> None:
        """The patient gave it: not silence, not a value of ours, not one mishearing."""
        assert state is not None, "an answer before anything was said"
        if action.heard == ACCEPTED:
            assert isinstance(event, Key)
        if isinstance(event, TimedOut):
            assert action.given_by is GivenBy.KEY
            assert state.keys
        if action.given_by is GivenBy.MESSAGE:
            assert isinstance(event, MessageRecorded)
        if action.given_by is GivenBy.VOICE and is_risky(item, action.value):
            assert " / " in action.heard or isinstance(event, Key) or (
                isinstance(event, HungUp) and action.hit), "a red flag on one recognition"

    @invariant()
    @precondition(lambda self: hasattr(self, "call"))
    def what_is_known_is_what_is_stored(self) -> None:
        identity = self.call.questionnaire.identity
        asked_anew = {identity.link_id} if identity else set()
        for link_id, value in self.call.stored.items():
            assert link_id in asked_anew or self.call.state.answers[link_id] == value
        for link_id, value in self.call.state.answers.items():
            values = each(value)
            item = self.call.questionnaire.item(link_id)
            assert len(values) <= item.max_answers
            if item.type.has_options and item.repeats:
                plain = [str(one) for one in values if "valueAttachment" not in one]
                assert len(plain) == len(set(plain))
            alone = [option.value for option in item.options if option.exclusive]
            assert len(values) == 1 or not any(one in alone for one in values)
        assert set(self.call.state.open) == set(self.call.open)

    @invariant()
    @precondition(lambda self: hasattr(self, "call"))
    def it_could_be_taken_up_from_what_is_stored(self) -> None:
        call, identity = self.call, self.call.questionnaire.identity
        again = resume(call.questionnaire, CONTEXT, call.stored, call.open)
        known = replace(again, answers={**again.answers, **call.stored})  # once identified anew
        assert [item.link_id for item in remaining(known)
                if item.link_id not in call.state.skipped and not item.identity] == [
            item.link_id for item in remaining(replace(call.state, answers=call.stored))
            if not item.identity]
        assert identity is None or identity in remaining(again)
        assert again.findings == tuple(hit for hit in call.state.findings
                                       if hit.link_id in again.answers)

    @invariant()
    @precondition(lambda self: hasattr(self, "call"))
    def it_ends_once_and_waits_for_something_until_then(self) -> None:
        ends = {(each.outcome, each.complete) for each in self.call.done if isinstance(each, End)}
        assert len(ends) <= 1
        if self.call.state.phase is Phase.ENDED:
            assert ends
        elif self.call.state.phase is not Phase.TALKING:
            assert isinstance(self.call.last[-1],
                              Listen | RecordMessage | CheckAgent | Escalate)

    def teardown(self) -> None:
        if not hasattr(self, "call"):
            return
        for _ in range(longest(self.call.questionnaire)):
            if self.call.state.phase in (Phase.ENDED, Phase.TALKING):
                break
            wait = self.call.last[-1]
            self.send(AgentChecked(False) if isinstance(wait, CheckAgent) else
                      NoAgent() if isinstance(wait, Escalate) else TimedOut())
        else:
            raise AssertionError("the call does not end in silence")
        self.send(HungUp())
        assert self.call.end is not None


Conversation.TestCase.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large,
                           HealthCheck.filter_too_much])
TestConversation = Conversation.TestCase
