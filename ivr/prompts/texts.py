"""Every text that can be said: the catalogue's and the questionnaires', by prompt id."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from followup.questionnaires.checks import variables
from followup.questionnaires.definition import Control, Item, Questionnaire, Texts
from followup.questionnaires.scales import key_range
from ivr.prompts.errors import UnknownPrompt
from ivr.prompts.prompt import keys_id, question_id

_FOLDER = Path(__file__).with_name("catalogue")
# what is put into other texts and has no sound of its own
FRAGMENTS = frozenset({"press-key", "press-number", "other-answer", "key-star", "key-hash",
                       "pick-several", "control-repeat", "control-person", "control-back"})
WRITTEN_AS = {"yue": "zh"}     # whose words serve where a questionnaire has none of its own


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """The fragments of a language, by id; UnknownPrompt when there are none."""
    try:
        return {name: str(text) for name, text in
                tomllib.loads((_FOLDER / f"{language}.toml").read_text("utf-8")).items()}
    except FileNotFoundError:
        raise UnknownPrompt(f"no prompts for the language {language}") from None


def questionnaire_texts(questionnaire: Questionnaire) -> dict[tuple[str, str], str]:
    """(prompt id, language) -> text with braces, of every item."""
    found = {}
    for item in questionnaire.order:
        for language in questionnaire.languages:
            spoken = item.prompt.get(language) or item.text.get(language, "")
            keys = keys_text(item, language)
            if keys:
                found[keys_id(questionnaire, item), language] = keys
                if not item.prompt.get(language):
                    spoken = f"{_closed(spoken, language)} {keys}"
            if spoken:
                found[question_id(questionnaire, item), language] = spoken
    return found


def _closed(text: str, language: str) -> str:
    """A text with an end, at which a voice pauses."""
    if text.rstrip().endswith(tuple(".,:;!?…。，：；！？、")):
        return text
    return text.rstrip() + ("." if language == "en" else "。")


def key_name(key: str, language: str) -> str:
    """A key of the telephone as it is called."""
    names = {"*": "key-star", "#": "key-hash"}
    return catalogue(language)[names[key]] if key in names else key


def keys_text(item: Item, language: str) -> str:
    """Every option of an item with its key: "Yes: press 1. No: press 2."; "" without options.

    Then how several are chosen, and what other keys do where they are not the usual ones.
    """
    if not item.is_question:
        return ""
    fragments = catalogue(language)
    offers: list[tuple[Texts, str]] = [(option.text, option.keys[0]) for option in item.options]
    if item.other_key:
        offers.append(({language: fragments["other-answer"]}, item.other_key))
    told = [fragments["press-key"].format(option=text.get(language, ""), key=key)
            for text, key in offers]
    if (ends := key_range(item)) is not None:
        told = [fragments["press-number"].format(low=ends[0], high=ends[1])]
    if item.repeats and offers:
        told.append(fragments["pick-several"].format(
            key=key_name(item.key_for(Control.END), language)))
    told += [fragments[f"control-{control}"].format(key=key_name(key, language))
             for control, key in item.controls.items() if key and control is not Control.END]
    return " ".join(map(_escape, told))


def _escape(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def fillers(template: str) -> set[str]:
    """The variables of a text."""
    return variables(template)
