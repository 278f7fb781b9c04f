"""What a message says: templates with variables, and how many parts it is sent in. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum

OURS = ("name", "hospital", "number")        # variables that are filled in, not typed
LENGTH = 35                                  # of a typed one, where its template says nothing
TEXT_MOST = 500                              # characters of a template
ONE_PART, OF_SEVERAL = 70, 67                # characters, the signature's included
_VARIABLE = re.compile(r"\$\{([A-Za-z][A-Za-z0-9_]{0,30})\}")
_STRAY = re.compile(r"\$?\{[^{}\s]{0,40}\}?|\}")           # braces that belong to no variable
_STOP = frozenset({"t", "td", "tui", "stop", "unsubscribe", "退", "退订", "拒收", "r"})


class WrongText(StrEnum):
    """What may be wrong with the text of a template."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    VARIABLE = "variable"        # braces that are no ${variable}
    SIGNS = "signs"              # a character that is none to read
    BRACKETS = "brackets"


class WrongWord(StrEnum):
    """What may be wrong with what was typed for a variable."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    LINES = "lines"              # a line's end, or another character that is none to read
    BRACKETS = "brackets"        # 【】 belong to the signature alone


def variables(text: str) -> tuple[str, ...]:
    """The variables of a template, each once, in the order of the text."""
    return tuple(dict.fromkeys(_VARIABLE.findall(text)))


def wrong_text(text: str) -> tuple[WrongText, str] | None:
    """What is wrong with a template's text, and the piece of it; None: nothing is."""
    if not text.strip():
        return WrongText.MISSING, ""
    if len(text) > TEXT_MOST:
        return WrongText.TOO_LONG, ""
    if stray := _STRAY.search(_VARIABLE.sub("", text)):
        return WrongText.VARIABLE, stray[0]
    if set(text) & set("【】"):
        return WrongText.BRACKETS, ""
    hidden = [char for char in text if unicodedata.category(char)[0] == "C" and char != "\n"]
    return (WrongText.SIGNS, f"U+{ord(hidden[0]):04X}") if hidden else None


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables filled in; what has no value stays to be seen as it is."""
    return _VARIABLE.sub(lambda found: values.get(found[1]) or found[0], text)


def check(text: str, typed: Mapping[str, str],
          lengths: Mapping[str, int]) -> dict[str, WrongWord]:
    """What is wrong with the typed variables of a template, by variable; nothing: all is well."""
    faults: dict[str, WrongWord] = {}
    for name in variables(text):
        value = typed.get(name, "")
        if name in OURS:
            continue
        if not value.strip():
            faults[name] = WrongWord.MISSING
        elif len(value) > lengths.get(name, LENGTH):
            faults[name] = WrongWord.TOO_LONG
        elif any(unicodedata.category(char)[0] == "C" for char in value):
            faults[name] = WrongWord.LINES
        elif set(value) & set("【】"):
            faults[name] = WrongWord.BRACKETS
    return faults


def signed(sign_name: str, text: str) -> str:
    """As it stands on the patient's phone."""
    return f"【{sign_name}】{text}"


def parts(text: str) -> int:
    """In how many parts Chinese networks send a signed text, each of which is paid."""
    return 1 if len(text) <= ONE_PART else -(-len(text) // OF_SEVERAL)


def wants_no_more(reply: str) -> bool:
    """Does somebody who answers this want no messages any more?"""
    plain = unicodedata.normalize("NFKC", reply).casefold()
    word = "".join(char for char in plain if char.isalnum())
    return word in _STOP
