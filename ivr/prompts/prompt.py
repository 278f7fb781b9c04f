"""One thing to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal

from followup.questionnaires.definition import Item, Questionnaire
from followup.questionnaires.link_ids import as_name

Value = str | int | Decimal | date | time


@dataclass(frozen=True)
class Prompt:
    """A text of the catalogue or of a questionnaire, by id, and what fills its braces.

    ``language`` is set where it differs from the one that the call is in.
    """

    id: str
    variables: Mapping[str, Value] = field(default_factory=dict)
    language: str = ""


def hospital_in(names: Mapping[str, str], language: str) -> str:
    """The hospital's name in a language; where it has none there, any."""
    return names.get(language) or next(iter(names.values()), "")


def question_id(questionnaire: Questionnaire, item: Item) -> str:
    """Id of an item's own prompt, e.g. ``post-discharge/temperature``; also a file's name."""
    return f"{questionnaire.slug}/{as_name(item.link_id)}"


UNRECORDED_KEY = "7"


def unrecorded_key(item: Item) -> str:
    """The key that refuses the recording, at the question who has answered; "" elsewhere."""
    taken = {*item.answer_keys, *item.controls.values()}
    return UNRECORDED_KEY if item.identity and UNRECORDED_KEY not in taken else ""


def keys_id(questionnaire: Questionnaire, item: Item) -> str:
    """Id of the prompt that names an item's keys slowly, e.g. ``post-discharge/feeling~keys``."""
    return question_id(questionnaire, item) + "~keys"
