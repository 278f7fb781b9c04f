"""What something said comes down to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from followup.questionnaires.units import Told


class Wish(StrEnum):
    """What a patient may ask for at any question instead of answering it."""

    REPEAT = "repeat"                  # "say that again"
    SLOWER = "slower"
    HELP = "help"                      # "I don't understand"
    WAIT = "wait"                      # "just a moment"
    SKIP = "skip"                      # "I don't know", "next question"
    BACK = "back"                      # the question before
    PERSON = "person"                  # "a nurse, please"
    NOT_NOW = "not-now"                # "I am busy, call later"
    STOP_CALLING = "stop-calling"      # "do not call me again"
    UNRECORDED = "unrecorded"          # "do not record this"
    LANGUAGE = "language"              # "English, please"
    HELLO = "hello"                    # "hello?", "are you there?"
    WHO = "who"                        # "who is this?"
    AWAY = "away"                      # whoever answers: "he is not here"
    DIED = "died"                      # "she has passed away"
    WRONG_NUMBER = "wrong-number"      # "you have the wrong number"


@dataclass(frozen=True)
class Answered:
    """An answer. ``value`` is FHIR value[x], within the item's range.

    ``certain``: the words are those of one answer, exactly. Else they were only near enough.
    ``told``: the number as it was said, where that was in another unit. ``beyond``: what was said
    beside it, which may be the answer to the next question ("yes, thirty-eight five"; 一百四九十).
    """

    value: Mapping[str, Any]
    certain: bool = True
    told: Told | None = None
    beyond: str = ""


@dataclass(frozen=True)
class Wished:
    """A wish; ``language`` goes with Wish.LANGUAGE."""

    wish: Wish
    language: str = ""


@dataclass(frozen=True)
class Unclear:
    """Neither. ``why``: nothing (no such words), ambiguous (two answers fit), out-of-range."""

    why: str = "nothing"


Meaning = Answered | Wished | Unclear
