"""Texts as they are to be read aloud: variables filled in, numbers in words.

Values that were filled in as names stand between two invisible marks (Unicode isolates), so that
a voice can read a name as a name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal

from pypinyin import Style, lazy_pinyin, load_phrases_dict

from ivr.prompts.numerals import READERS, read_figures
from ivr.prompts.prompt import Value

NAME_START, NAME_END = "\u2068", "\u2069"
HANZI = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_NAME = re.compile(f"{NAME_START}([^{NAME_END}]*){NAME_END}")
# surnames that are read otherwise than the same character in a word
SURNAMES = {
    "单": "shan4", "仇": "qiu2", "解": "xie4", "任": "ren2", "曾": "zeng1", "区": "ou1",
    "查": "zha1", "朴": "piao2", "盖": "ge3", "华": "hua4", "翟": "zhai2", "覃": "qin2",
    "乐": "yue4", "缪": "miao4", "燕": "yan1", "那": "na1", "召": "shao4", "员": "yun4",
    "尉迟": "yu4 chi2", "万俟": "mo4 qi2", "宁": "ning4", "纪": "ji3", "令狐": "ling2 hu2",
    "洗": "xian3", "冼": "xian3", "晟": "cheng2", "重": "chong2", "种": "chong2", "折": "she2",
}
# words of medicine that the dictionary does not know
load_phrases_dict({"胸闷": [["xiōng"], ["mèn"]], "憋闷": [["biē"], ["mèn"]]})


def fill(template: str, variables: Mapping[str, Value], language: str) -> str:
    """``template`` with its braces filled, ready for a voice of ``language``.

    A date is said without its year, with it as ``{name:year}`` and when it is an answer that is
    read back (``{value}``). Raises KeyError naming a variable
    that is missing, ValueError for a format that does not exist.
    """
    text = template.format_map({name: _value(name, value, language)
                                for name, value in variables.items()})
    if language == "en":
        text = HANZI.sub(lambda chinese: latin(chinese[0]), text)
    return read_figures(text, language)


def plain(text: str) -> str:
    """``text`` without the marks around names."""
    return text.replace(NAME_START, "").replace(NAME_END, "")


class _Day(str):
    """A date in words, which a template may ask for with its year."""

    __slots__ = ("with_year",)
    with_year: str

    def __format__(self, how: str) -> str:
        return self.with_year if how == "year" else super().__format__(how)


def _value(name: str, value: Value, language: str) -> str:
    reader = READERS[language]
    if isinstance(value, date):
        day = _Day(reader.date(value, year=name == "value"))
        day.with_year = reader.date(value, year=True)
        return day
    if isinstance(value, time):
        return reader.clock(value.hour, value.minute)
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if name == "name":
        shown = latin_name(str(value)) if language == "en" else str(value)
        return f"{NAME_START}{shown}{NAME_END}"
    return str(value)


# --- Mandarin's sounds --------------------------------------------------------------------------

def pinyin(text: str) -> str:
    """Toned pinyin of a Chinese text with its punctuation, e.g. ``nin2 hao3, ``."""
    parts: list[str] = []
    position = 0
    for found in _NAME.finditer(text):
        parts += _syllables(text[position:found.start()])
        parts += name_pinyin(found[1])
        position = found.end()
    parts += _syllables(text[position:])
    joined = " ".join(parts)
    for mark, ascii_mark in ((",", ","), ("\uff0c", ","), ("、", ","), ("。", "."),
                             ("\uff1f", "?"), ("\uff01", "!"), ("\uff1a", ","),
                             ("\uff1b", ";"), ("“", ""), ("”", "")):
        joined = joined.replace(mark, ascii_mark)
    return re.sub(r"\s+([,.?!;])", r"\1", joined)


def _syllables(text: str) -> list[str]:
    # ü as v: the voice takes ü for a foreign letter
    return lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True,
                       tone_sandhi=True, v_to_u=False)


def name_pinyin(name: str) -> list[str]:
    """Syllables of a person's name; surnames with a reading of their own get it."""
    for length in (2, 1):
        if len(name) > length and (reading := SURNAMES.get(name[:length])):
            return [*reading.split(), *_syllables(name[length:])]
    return _syllables(name)


# --- Chinese in English -----------------------------------------------------------------------

def latin(chinese: str) -> str:
    """Chinese characters as plain pinyin: 和安 -> ``He an``."""
    return " ".join(lazy_pinyin(chinese, v_to_u=True)).capitalize()


def latin_name(name: str) -> str:
    """张三丰 -> ``Zhang Sanfeng``; a name in Latin letters stays as it is."""
    if not HANZI.fullmatch(name):
        return name
    syllables = [re.sub(r"\d", "", syllable).replace("v", "u") for syllable in name_pinyin(name)]
    first = 2 if name[:2] in SURNAMES else 1
    return " ".join(part.capitalize() for part in ("".join(syllables[:first]),
                                                   "".join(syllables[first:])) if part)
