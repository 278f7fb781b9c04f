"""In part: 吃了一半 holds the words of having taken it, and is not that.

Words of part beside an option's name mean the option that is itself in part (吃了一部分), where
there is one, and it is read back; else nothing that can be kept.
"""

from __future__ import annotations

import re

from followup.questionnaires.definition import Item, ItemType, Option
from ivr.understanding.lexicon import Lexicon
from ivr.understanding.meaning import Answered, Meaning, Unclear
from ivr.understanding.reading import names

# nothing was left out: 一次没忘, "never missed one"
_IN_FULL = re.compile(r"(?:[没不未]|没有|不会|从[没不]|冇|唔會|從來冇)(?:忘|漏|唔記得)|"
                      r"\b(?:never|not|haven't|don't|didn't) (?:miss|skip|forg)\w*")


def weighed(item: Item, words: Lexicon, said: str, meant: Meaning) -> Meaning:
    """``meant`` of ``said`` (normal form), unless that is more than what was said."""
    if not isinstance(meant, Answered) or item.repeats or item.identity \
            or not item.type.has_options or item.type is ItemType.BOOLEAN:
        return meant
    option = item.option_of(meant.value)
    if option is None or said in names(option, words.language) \
            or not _is_part(said, words) or _names_part(option, words):
        return meant
    partial = [each for each in item.options if _names_part(each, words)]
    return Answered(partial[0].value, certain=False) if len(partial) == 1 else Unclear("ambiguous")


def _names_part(option: Option, words: Lexicon) -> bool:
    return any(_is_part(name, words) for name in names(option, words.language))


def _is_part(said: str, words: Lexicon) -> bool:
    said = _IN_FULL.sub("", said)
    if words.by_word:
        return any(f" {word} " in f" {said} " for word in words.partial)
    return any(word in said for word in words.partial)
