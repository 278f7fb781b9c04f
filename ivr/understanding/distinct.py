"""Which answers may be the opposite of what was said, with a syllable misheard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rapidfuzz import fuzz

from followup.questionnaires.definition import Item, ItemType
from ivr.understanding.lexicon import LONGEST, Lexicon, cut, lexicon, normal
from ivr.understanding.meaning import Answered
from ivr.understanding.reading import echoes_of, in_usual_words, names, sound_of, understand

ALIKE = 60.0                 # of 100: from here on one may be misheard for the other


def is_distinct(item: Item, language: str, text: str) -> bool:
    """Whether no words for another answer sound like ``text`` or hold it: 呼吸正常 is, 没有 is not.

    What is not may be the opposite of what was said, with a syllable lost or added.
    """
    if item.is_numbered:                   # one digit is easily heard for another
        return False
    words = lexicon(language)
    said = normal(text[:LONGEST])
    meant = understand(item, language, said)
    if not isinstance(meant, Answered) or not meant.certain:
        return False
    others = {name for option in item.options if option.value != meant.value
              for name in names(option, language)}
    if item.type is ItemType.BOOLEAN:
        if not in_usual_words(item, words, said).plain:
            return False                   # by an echo: 吃了 and 没吃 differ by a "not"
        echoed = echoes_of(item, language)
        others |= words.no | echoed.no if meant.value["valueBoolean"] else words.yes | echoed.yes
    sounds = [sound_of(name, words) for name in others]
    return any(not any(fuzz.ratio(sound, other) >= ALIKE or _holds(sound, other)
                       or _holds(other, sound) for other in sounds)
               for sound in (sound_of(word, words) for word in _answering(item, words, said)
                             if not _turns_round(word, words)))


def _answering(item: Item, words: Lexicon, said: str) -> list[str]:
    """The words of an answer without those around it, which make no difference to be heard."""
    known = {**dict.fromkeys(words.around, ""),
             **dict.fromkeys((words.yes | words.no) - words.hums, "answer"),
             **{name: "answer" for option in item.options
                for name in names(option, words.language)}}
    return [word for word, kind in cut(said, known, words.by_word) if kind] or [said]


def _turns_round(word: str, words: Lexicon) -> bool:
    """Whether one syllable more or less makes it its opposite: 没有这种情况, 不喘, 有一点."""
    return not words.by_word and (word.startswith(tuple(words.negators)) or any(
        word.startswith(yes) and f"{negator}{yes}" in words.no
        for yes in words.yes for negator in words.negators))


def _holds(longer: str, shorter: str) -> bool:
    """Whether the one is the other with a syllable or two more."""
    return f" {shorter} " in f" {longer} " and longer.count(" ") - shorter.count(" ") <= 2


def is_risky(item: Item, value: Mapping[str, Any]) -> bool:
    """Whether a misheard "no" would turn this answer into its opposite, and a rule cares.

    So it is for yes/no and choices with rules; numbers have no opposite, and are read back.
    """
    return item.type.has_options and bool(item.rules) and not item.is_numbered
