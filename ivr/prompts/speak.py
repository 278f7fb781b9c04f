"""Texts as they are to be read aloud: variables filled in, numbers in words.

Values that were filled in as names stand between two invisible marks (Unicode isolates), so that
a voice can read a name as a name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from pypinyin import Style, lazy_pinyin, load_phrases_dict

from ivr.prompts.prompt import Value

NAME_START, NAME_END = "\u2068", "\u2069"
HANZI = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_NAME = re.compile(f"{NAME_START}([^{NAME_END}]*){NAME_END}")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_DIGITS_ZH = "零一二三四五六七八九"
_LONG = 6        # digits from which a number is a code, read digit by digit
_ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
         "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
         "nineteen"]
_TENS = ["_", "_", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September",
           "October", "November", "December"]
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

    Raises KeyError naming a variable that is missing.
    """
    found = {name: _value(name, value, language) for name, value in variables.items()}
    text = template.format_map(found)
    if language == "en":
        text = HANZI.sub(lambda chinese: latin(chinese[0]), text)
        return _NUMBER.sub(lambda number: english_number(number[0]), text)
    return _NUMBER.sub(lambda number: chinese_number(number[0]), text)


def plain(text: str) -> str:
    """``text`` without the marks around names."""
    return text.replace(NAME_START, "").replace(NAME_END, "")


def _value(name: str, value: Value, language: str) -> str:
    if isinstance(value, date):
        return english_date(value) if language == "en" else chinese_date(value)
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if name == "name":
        shown = latin_name(str(value)) if language == "en" else str(value)
        return f"{NAME_START}{shown}{NAME_END}"
    return str(value)


# --- Chinese ---------------------------------------------------------------------------------

def chinese_number(text: str) -> str:
    """``38.5`` -> 三十八点五; six digits and more are read one by one."""
    whole, _, fraction = text.partition(".")
    tail = "点" + _by_digit(fraction) if fraction else ""
    if len(whole) >= _LONG or (len(whole) > 1 and whole[0] == "0"):
        return _by_digit(whole) + tail
    return _chinese_whole(int(whole)) + tail


def chinese_date(day: date) -> str:
    """二零二六年三月五日."""
    return (f"{_by_digit(str(day.year))}年{_chinese_whole(day.month)}月"
            f"{_chinese_whole(day.day)}日")


def _by_digit(digits: str) -> str:
    return "".join(_DIGITS_ZH[int(digit)] for digit in digits)


def _chinese_whole(number: int) -> str:
    if number < 10:
        return _DIGITS_ZH[number]
    if 10 <= number < 20:
        return "十" + (_DIGITS_ZH[number - 10] if number > 10 else "")
    for size, word in ((10_000, "万"), (1000, "千"), (100, "百"), (10, "十")):
        if number >= size:
            head, rest = divmod(number, size)
            if not rest:
                return _chinese_whole(head) + word
            gap = "零" if rest * 10 < size else ""
            inner = "一" if size >= 100 and 10 <= rest < 20 else ""     # 一百一十
            return _chinese_whole(head) + word + gap + inner + _chinese_whole(rest)
    raise AssertionError(number)


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


# --- English ---------------------------------------------------------------------------------

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


def english_number(text: str) -> str:
    """``38.5`` -> thirty-eight point five; six digits and more are read one by one."""
    whole, _, fraction = text.partition(".")
    tail = " point " + " ".join(_ONES[int(digit)] for digit in fraction) if fraction else ""
    if len(whole) >= _LONG or (len(whole) > 1 and whole[0] == "0"):
        return " ".join(_ONES[int(digit)] for digit in whole) + tail
    return _english_whole(int(whole)) + tail


def english_date(day: date) -> str:
    """March 5, 2026."""
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


def _english_whole(number: int) -> str:
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    size, word = (1000, "thousand") if number >= 1000 else (100, "hundred")
    head, rest = divmod(number, size)
    return f"{_english_whole(head)} {word}" + (f" {_english_whole(rest)}" if rest else "")
