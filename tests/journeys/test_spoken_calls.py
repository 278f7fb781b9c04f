"""Whole calls by voice, in English and in Mandarin: human words where there are some, else made.

They need the models for telephones and the recordings of ``../shared``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from followup.calls.models import AnsweredBy, Attempt, Disposition, EscalationState
from followup.responses.models import Answer, GivenBy, Severity
from simgateway.personas import Persona
from tests.journeys.hospital import Hospital, hospital, person, short_questionnaire

SHARED = Path(__file__).parents[3] / "shared"
MODELS = {"en": SHARED / "models" / "en-8k", "zh": SHARED / "models" / "zh-8k"}
LANGUAGES = tuple(MODELS)
pytestmark = [pytest.mark.journey, pytest.mark.timeout(400),
              pytest.mark.asyncio(loop_scope="module"),
              pytest.mark.skipif(not all(map(Path.is_dir, (*MODELS.values(), SHARED / "audio"))),
                                 reason="no speech models and recordings in ../shared")]

CODE = {"en": "8", "zh": "9"}                # the first digit of a persona's number

WORDS = {
    "en": {"me": "yes i am", "right": "that's right", "well": "very well", "bad": "bad",
           "normal": "thirty seven", "fever": "thirty nine", "little": "two", "much": "seven",
           "no": "not at all", "yes": "yes", "nurse": "a nurse please", "later": "call me later",
           "time": "tomorrow", "relative": "a relative", "nonsense": "bicycle restaurant"},
    "zh": {"me": "是我", "right": "没错", "well": "恢复得很好", "bad": "不好",
           "fever": "三十八点五", "little": "五", "much": "八", "no": "没有", "yes": "有",
           "nurse": "我要找护士", "later": "不方便", "time": "一个小时以后",
           "relative": "我是他女儿", "nonsense": "苹果超市汽车"}}
VALUES = {"en": {"fever": 39, "little": 2, "much": 7},
          "zh": {"fever": 38.5, "little": 5, "much": 8}}
HUMAN = {"en-little": "en/jackson-2-3.wav", "en-much": "en/jackson-7-3.wav"}


def by_voice(language: str, number: str, *steps: str) -> Persona:
    """A persona that speaks ``language``; ``right`` accepts what was read back."""
    said = [step if step.split()[0] in ("press", "wait", "hang", "say") else
            f"speak {language}-{step}" for step in steps]
    return person(CODE[language] + number, *said, language=language)


def people(language: str) -> dict[str, Persona]:
    """What patients do, by name."""
    def who(number: str, *steps: str) -> Persona:
        return by_voice(language, number, *steps)

    known = ("me", "right")
    # a synthetic voice's tenths of a degree are beyond the small Mandarin model: keyed there
    normal = ("normal", "right") if language == "en" else ("press 37#",)
    early = [f"{step} early" for step in normal]
    return {
        "well": who("1", *known, "well", "right", *normal, "little", "right", "no", "press 1"),
        "fever": who("2", *known, "bad", "right", "fever", "right", "much", "right", "press 2",
                     "say tone 4"),
        "breathless": who("3", *known, "well", "right", *normal, "little", "right", "yes",
                          "press 1", "say tone 4"),
        "leaves": who("4", *known, "wait 1", "hang up"),
        "later": who("5", "later", "right", "time", "right", "right"),
        "relative": who("9", "relative", "right", "time", "right", "right"),
        "nurse": who("6", "nurse", "nurse", "say tone 4"),
        "nonsense": who("7", "nonsense", "nonsense", "press 1", "well", "right", *normal,
                        "little", "right", "no", "press 1"),
        "early": who("8", "me early", "right early", "press 1 early", *early, "little early",
                     "right early", "no early", "press 1 early"),
    }


def questionnaire() -> dict[str, Any]:
    """The short one with more questions; what is heard is always read back."""
    resource = short_questionnaire("feeling", "wound-pain")
    for item in resource["item"]:
        if item["linkId"] in ("identity", "feeling"):
            item["extension"].append({"url": "urn:aftercall:confirm", "valueCode": "always"})
    return resource


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(shared_database_url: str) -> AsyncIterator[Hospital]:
    """A hospital that listens, after everybody has been called."""
    speech: dict[str, tuple[str, str] | Path] = {
        f"{language}-{name}": (language, text)
        for language in LANGUAGES for name, text in WORDS[language].items()}
    speech |= {name: SHARED / "audio" / file for name, file in HUMAN.items()}
    everybody = [one for language in LANGUAGES for one in people(language).values()]
    models = "".join(f'{language} = "{folder}"\n' for language, folder in MODELS.items())
    async with hospital(shared_database_url, everybody, agents=({}, {}, {}), speech=speech,
                        more_settings=f"hold_max_s = 20\n[speech]\nenabled = true\n"
                        f"[speech.models]\n{models}",
                        questionnaire=questionnaire(), languages=("zh", "en")) as place:
        await place.call(*((one, 0) for one in everybody), seconds=300)
        yield place


async def of(place: Hospital, language: str, name: str) -> tuple[Attempt, dict[str, Answer]]:
    """The one call to a persona, and what was kept of it."""
    [attempt] = await place.attempts_of(people(language)[name])
    return attempt, await place.answers_in(attempt)


def plain(answers: dict[str, Answer]) -> dict[str, object]:
    """linkId to the value, a coding by its code."""
    values = {link_id: next(iter(answer.value.values())) for link_id, answer in answers.items()}
    return {link_id: value["code"] if isinstance(value, dict) else value
            for link_id, value in values.items()}


def all_well(language: str) -> dict[str, object]:
    """What who is well comes to."""
    return {"identity": "self", "feeling": "good", "temperature": 37,
            "wound-pain": VALUES[language]["little"], "breathlessness": False}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_whole_questionnaire_is_spoken_and_only_the_red_flag_wants_a_key(place: Hospital,
                                                               language: str) -> None:
    attempt, answers = await of(place, language, "well")
    assert plain(answers) == all_well(language)
    by_key = {"temperature"} if language == "zh" else set()
    assert {link_id for link_id, answer in answers.items()
            if answer.given_by is not GivenBy.VOICE} == by_key
    assert all(answer.heard and 0 < answer.confidence <= 1 for answer in answers.values())
    assert attempt.disposition is Disposition.COMPLETED


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_fever_that_was_spoken_of_brings_a_nurse(place: Hospital, language: str) -> None:
    attempt, answers = await of(place, language, "fever")
    told = VALUES[language]
    assert plain(answers) == {"identity": "self", "feeling": "bad", "temperature": told["fever"],
                              "wound-pain": told["much"], "breathlessness": False}
    assert answers["temperature"].given_by is GivenBy.VOICE
    assert attempt.disposition is Disposition.ESCALATED
    alert = await place.alert(attempt)
    assert alert and alert.severity is Severity.ABNORMAL


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_red_flag_said_and_confirmed_by_key_brings_a_nurse_at_once(
        place: Hospital, language: str) -> None:
    attempt, answers = await of(place, language, "breathless")
    assert plain(answers)["breathlessness"] is True
    assert answers["breathlessness"].given_by is GivenBy.VOICE
    assert attempt.disposition is Disposition.ESCALATED
    alert = await place.alert(attempt)
    assert alert and alert.severity is Severity.CRITICAL


@pytest.mark.parametrize("language", LANGUAGES)
async def test_who_hangs_up_keeps_what_was_said(place: Hospital, language: str) -> None:
    attempt, answers = await of(place, language, "leaves")
    assert plain(answers) == {"identity": "self"}
    assert (attempt.disposition, attempt.hangup_point) == (Disposition.PARTIAL, "temperature"
                                                           if "feeling" in answers else "feeling")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_who_has_no_time_names_another(place: Hospital, language: str) -> None:
    attempt, _ = await of(place, language, "later")
    assert attempt.disposition is Disposition.CALL_BACK
    assert attempt.call_back_at and attempt.call_back_at > attempt.committed_at


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_relative_is_asked_for_a_time_and_told_nothing(place: Hospital,
                                                               language: str) -> None:
    attempt, answers = await of(place, language, "relative")
    assert (attempt.disposition, attempt.answered_by) == (Disposition.CALL_BACK,
                                                          AnsweredBy.RELATIVE)
    assert plain(answers) == {"identity": "relative"}
    assert attempt.call_back_at


@pytest.mark.parametrize("language", LANGUAGES)
async def test_who_asks_for_a_nurse_gets_one(place: Hospital, language: str) -> None:
    attempt, _ = await of(place, language, "nurse")
    assert attempt.disposition is Disposition.ESCALATED
    [escalation] = await place.escalations(attempt)
    assert escalation.state is EscalationState.BRIDGED


@pytest.mark.parametrize("language", LANGUAGES)
async def test_words_that_mean_nothing_lead_to_the_keys_and_on(place: Hospital,
                                                               language: str) -> None:
    attempt, answers = await of(place, language, "nonsense")
    assert plain(answers) == all_well(language)
    assert answers["identity"].given_by is GivenBy.KEY
    assert answers["feeling"].given_by is GivenBy.VOICE
    assert attempt.disposition is Disposition.COMPLETED


@pytest.mark.parametrize("language", LANGUAGES)
async def test_who_talks_over_the_prompts_is_heard(place: Hospital, language: str) -> None:
    attempt, answers = await of(place, language, "early")
    assert plain(answers) == all_well(language)
    assert attempt.disposition is Disposition.COMPLETED
