"""No call waits for a voice: what calls say was rendered before the first one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from followup.questionnaires.definition import Questionnaire
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE
from ivr.conversation.actions import CheckAgent, Escalate, Listen, Say, SetLanguage
from ivr.conversation.events import (
    AgentChecked,
    Event,
    Key,
    MessageRecorded,
    NoAgent,
    Spoken,
    TimedOut,
)
from ivr.prompts import Prompt, campaign_prompts
from ivr.prompts.speak import fill
from ivr.prompts.texts import catalogue, questionnaire_texts
from tests.followup.questionnaires.build import choice, item, ours, questionnaire, standard
from tests.followup.questionnaires.strategies import any_questionnaire
from tests.ivr.conversation.driver import CONTEXT, Call
from tests.ivr.conversation.patient import Patient, patients
from tests.ivr.conversation.test_properties import talk

PEOPLE = [(CONTEXT.name, CONTEXT.department), ("王芳", "心内科")]
SYMPTOMS = choice("symptoms", "abcd", "open-choice", repeats=True,
                  extension=[ours("other-key", valueString="7")])
WORDS = st.sampled_from(["", "选a", "选a和选b", "选c和选a", "pick a and pick b", "是的", "不对",
                         "三", "三十八度五", "没有了", "一样", "再说一遍", "上一题", "我听不懂",
                         "转人工"])
EVENTS = st.sampled_from([*map(Key, "0123456789*#"), TimedOut()]) | st.builds(
    Spoken, WORDS, st.sampled_from([0.2, 0.9]))


ANY = settings(max_examples=60, deadline=None,
               suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


class Texts:
    """What is said of a questionnaire, as text: a sound file is named by it."""

    def __init__(self, loaded: Questionnaire) -> None:
        self.of_items = questionnaire_texts(loaded)
        self.ready = {self.of(prompt, prompt.language)
                      for prompt in campaign_prompts(loaded, CONTEXT.hospital, PEOPLE)}

    def of(self, prompt: Prompt, language: str) -> tuple[str, str]:
        language = prompt.language or language
        template = self.of_items.get((prompt.id, language)) or catalogue(language)[prompt.id]
        return language, fill(template, prompt.variables, language)

    def late(self, call: Call) -> list[str]:
        """Ids of prompts that this call would have to render, in the order they are said."""
        found, language = [], call.questionnaire.languages[0]
        for action in call.done:
            if isinstance(action, SetLanguage):
                language = action.language
            found += [prompt.id for prompt in getattr(action, "prompts", ())
                      if self.of(prompt, language) not in self.ready and not without_end(prompt)]
        return found


def without_end(prompt: Prompt) -> bool:
    """A day that is read back, which no questionnaire made here has bounds for."""
    return prompt.id in ("read-back", "heard") and isinstance(prompt.variables["value"], date)


@ANY
@given(any_questionnaire(), st.lists(EVENTS, min_size=1, max_size=40))
def test_whatever_the_patient_does_nothing_is_rendered_during_the_call(
        raw: dict[str, Any], heard: list[Event]) -> None:
    call = Call(load_questionnaire(raw, stored=True))
    for event in heard:
        if call.end is not None:
            break
        wait = call.last[-1]
        call.send(event if isinstance(wait, Listen) else
                  AgentChecked(False) if isinstance(wait, CheckAgent) else
                  NoAgent() if isinstance(wait, Escalate) else MessageRecorded("m.wav", 5000))
    assert Texts(call.questionnaire).late(call) == []


@ANY
@given(any_questionnaire(), patients, st.lists(st.integers(1, 12), max_size=5))
def test_nor_when_all_is_answered_in_calls_that_are_cut_and_taken_up_again(
        raw: dict[str, Any], patient: Patient, cuts: list[int]) -> None:
    loaded = load_questionnaire(raw, stored=True)
    texts, call = Texts(loaded), Call(loaded)
    for events in (*cuts, 200):
        talk(call, patient, events)
        assert texts.late(call) == []
        call = Call(loaded, answers=call.stored, open=call.open)


@pytest.mark.parametrize("keys", ["1", "21", "4213", "7", "172", "3#", "4321#2", "12#1"])
def test_options_are_ready_in_whatever_order_and_number_they_are_chosen(keys: str) -> None:
    loaded = load_questionnaire(questionnaire(SYMPTOMS, item("last", "boolean")))
    first = Call(loaded)
    for key in keys:
        first.play(key)
        if key == "7":
            first.play("spoke")
    texts = Texts(loaded)
    assert texts.late(first) == []
    if first.open:
        again = Call(loaded, answers=first.stored, open=first.open)
        assert "picked-before" in again.said
        assert texts.late(again) == []


def test_options_said_in_one_breath_are_ready_too() -> None:
    loaded = load_questionnaire(questionnaire(SYMPTOMS, item("last", "boolean")))
    call = Call(loaded)
    call.send(Spoken("选c和选a和选b", 0.2))
    assert call.said == ["heard"]
    assert Texts(loaded).late(call) == []


def test_a_date_between_two_near_days_is_ready() -> None:
    when = item("when", "date", extension=[standard("minValue", valueDate="2026-11-01"),
                                           standard("maxValue", valueDate="2026-12-31"),
                                           ours("confirm", valueCode="always")])
    loaded = load_questionnaire(questionnaire(when, item("last", "boolean")))
    call = Call(loaded)
    call.send(Spoken("二零二六年十二月三十一号", 0.2))
    assert call.said == ["heard"]
    assert {Texts(loaded).of(prompt, "zh") for action in call.last
            if isinstance(action, Say) for prompt in action.prompts} <= Texts(loaded).ready


def test_every_temperature_in_fahrenheit_is_ready_where_that_is_usual() -> None:
    loaded = load_questionnaire(POST_DISCHARGE.read_bytes())
    texts, english = Texts(loaded), replace(CONTEXT, language="en")
    for tenths in (932, 933, 986, 1000, 1013, 1093, 1094):
        call = Call(loaded, english).play("1", "1", f"{tenths // 10}*{tenths % 10}#")
        assert call.said == ["converted"]
        assert {texts.of(prompt, "en") for action in call.last if isinstance(action, Say)
                for prompt in action.prompts} <= texts.ready


def test_of_very_many_options_no_more_than_a_machine_can_prepare() -> None:
    many = choice("many", "abcdefgh", repeats=True)
    named = [prompt for prompt in campaign_prompts(
        load_questionnaire(questionnaire(many)), CONTEXT.hospital, PEOPLE)
        if prompt.id == "picked-more" and prompt.language == "zh"]
    assert len(named) == 63
    assert str(named[-1].variables["value"]).count("、") < 3       # the smaller sets come first


def test_what_the_sample_asks_is_prepared_in_each_of_its_languages() -> None:
    loaded = load_questionnaire(POST_DISCHARGE.read_bytes())
    ready = {(prompt.id, prompt.language)
             for prompt in campaign_prompts(loaded, CONTEXT.hospital, PEOPLE)}
    plain = {"voicemail", "year-wrong", "any-more", "reach-when", "stop-calling",
             "goodbye-identity"}
    assert {(name, language) for name in plain for language in loaded.languages} <= ready
