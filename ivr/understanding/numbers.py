"""Numbers as people say them, in Chinese and English: reading them, and the ways to say one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

_CN = {digit: value for value, digits in enumerate(
    ("零〇", "一幺壹", "二两兩俩", "三仨", "四", "五", "六", "七", "八", "九")) for digit in digits}
_CN_DIGITS = "零一二三四五六七八九"
_RUN = re.compile(r"[零〇一幺壹二两兩俩三仨四五六七八九十百千万萬亿億廿卅\d.点點度半]+"
                  r"(?:[個个]半)?")
_ANY_DIGIT = re.compile(r"[零〇一幺壹二两兩俩三仨四五六七八九十百廿卅\d]")
_SPLIT_POINT = re.compile(r"(?:[点點]儿?|度[点點])(?=[零〇一幺二两兩三四五六七八九\d])")
MOST_DIGITS = 10             # below, two digits are told one by one
A_LITTLE = ("一点", "一點", "万一", "萬一")        # no number
BEYOND = ("thousand", "thousands", "million")      # from here on numbers are typed
AFTER_ONE = "下直般些样樣会會定"  # nor is the 一 of 等一下
_PART = re.compile(
    r"(?P<whole>[^点點度半個个.]+)"
    r"(?:(?:[点點.](?P<point>[零〇一幺二两兩三四五六七八九\d]+)度?)"
    r"|(?:度(?P<degree>[零〇一幺二两兩三四五六七八九\d]{1,2}))|(?P<half>度?[個个]?半)|度)?$")
_PLACES = re.compile(
    r"(?:(?P<hundreds>[一二两兩三四五六七八九]?)(?P<hundred>百))?(?P<zero>零)?"
    r"(?:(?P<tens>[一二三四五六七八九]?)(?P<ten>十)|(?P<short>[廿卅]))?"
    r"(?P<units>[一二两兩三四五六七八九])?(?P<rest>[零一二两兩三四五六七八九]*)$")

_EN = {word: value for value, word in enumerate((
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen"))} | {"oh": 0, "nought": 0}
_EN_TENS = {word: 10 * value for value, word in enumerate((
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), start=2)}
_EN_WORDS = {**_EN, **_EN_TENS}
_TIMES_AS = {"once": "one", "twice": "two", "thrice": "three", "half a dozen": "six",
             "a dozen": "twelve", "a couple of": "two couple", "a couple": "two couple"}
_TIMES = re.compile(r"\b(?:" + "|".join(_TIMES_AS) + r")\b")
_DIGITS = re.compile(r"\d+(\.\d+)?$")


def read(text: str, language: str, decimals: int) -> tuple[list[Decimal], str]:
    """The numbers in ``text`` (normal form), and the text without them.

    A stretch that looks like a number and is none gives two, so that nobody picks one of them.
    """
    return _english(text, decimals) if language == "en" else _chinese(text, decimals)


def is_pointed(text: str, language: str) -> bool:
    """Whether a point is told where a number has one: "thirty-eight five" may be two numbers."""
    return language != "en" or "." in text or not {"point", "half"}.isdisjoint(text.split())


def is_spelt(text: str, language: str) -> bool:
    """Whether three digits are told one by one: 三八五, "three eight five"."""
    if language == "en":
        return bool(re.search(rf"(?:\b(?:{'|'.join(_EN)})\b ?){{3}}", text)) \
            and "hundred" not in text
    return bool(re.search(r"(?<![百十点點])[零〇一幺二三四五六七八九\d]{3}(?![百十点點度])", text))


def words(language: str) -> tuple[str, ...]:
    """The words that numbers are made of."""
    if language == "en":
        return (*_EN_WORDS, "hundred", "point", "half")
    return (*_CN_DIGITS, *"两十百度半", "點" if language == "yue" else "点")


# --- Chinese ---------------------------------------------------------------------------------

def _chinese(text: str, decimals: int) -> tuple[list[Decimal], str]:
    found: list[Decimal] = []
    rest: list[str] = []
    place = 0
    text = _SPLIT_POINT.sub("点", text.replace("百分之", ""))        # 三十八点儿五
    for match in _RUN.finditer(text):
        run = match[0]
        if not _ANY_DIGIT.search(run) or run in A_LITTLE \
                or (run == "一" and text[match.end():match.end() + 1] in tuple(AFTER_ONE)):
            continue
        rest.append(text[place:match.start()])
        place = match.end()
        if two := either(run):
            found += two
            continue
        number = chinese_number(run, decimals)
        found += [number] if number is not None else [Decimal(-1), Decimal(-2)]
    rest.append(text[place:])
    return found, "".join(rest)


def either(run: str) -> list[Decimal]:
    """两三, 五六, 三五: one or the other, and not 23; none where a run is no such thing."""
    digits = run.removesuffix("度")
    if len(digits) != 2 or not all(digit in _CN for digit in digits):
        return []
    one, other = (_CN[digit] for digit in digits)
    rough = "两" in digits or "兩" in digits or digits == "三五" or 0 < one == other - 1
    return [Decimal(one), Decimal(other)] if rough else []


def chinese_number(run: str, decimals: int = 0) -> Decimal | None:
    """三十八度五, 三八点五, 幺二零, 一百二, 38度5 … as a number; None when it is not one."""
    match = _PART.match(run)
    if match is None:
        return None
    whole, extra = _whole(match["whole"])
    if whole is None:
        return None
    fraction = _digits(match["point"] or match["degree"] or "")
    if match["half"]:
        fraction = "5"
    if extra:                              # 三十八五
        if fraction or match["degree"] or not decimals or len(extra) > decimals \
                or int(extra[0]) == whole % 10 + 1:              # 三十六七: 36 to 37
            return None
        fraction = extra
    return Decimal(f"{whole}.{fraction}") if fraction else Decimal(whole)


def _digits(text: str) -> str:
    return "".join(str(_CN.get(char, char)) for char in text)


def _whole(text: str) -> tuple[int | None, str]:
    """The whole part, and digits that were said after it without a point."""
    if re.fullmatch(r"\d+", text):
        return int(text), ""
    if all(char in _CN or char.isdigit() for char in text):
        return int(_digits(text)), ""
    match = _PLACES.match(text)
    if match is None:
        return None, ""
    hundreds = 0
    if match["hundred"]:                   # 百四 is said for 一百四
        hundreds = _CN[match["hundreds"]] if match["hundreds"] else 1
    tens = {"廿": 2, "卅": 3}.get(match["short"] or "", 0)
    if match["ten"]:
        tens = _CN[match["tens"]] if match["tens"] else 1
    units = _CN[match["units"]] if match["units"] else 0
    if hundreds and match["units"] and not (match["ten"] or match["short"] or match["zero"]):
        tens, units = units, 0             # 一百二
        if match["rest"]:
            return None, ""
    return hundreds * 100 + tens * 10 + units, _digits(match["rest"])


# --- English ---------------------------------------------------------------------------------

def _english(text: str, decimals: int) -> tuple[list[Decimal], str]:
    words = _TIMES.sub(lambda match: _TIMES_AS[match[0]], text.replace("-", " ")).split()
    found: list[Decimal] = []
    rest: list[str] = []
    place = 0
    while place < len(words):
        if words[place] in BEYOND:             # never its first digit alone
            found += [Decimal(-1), Decimal(-2)]
            place += 1
            continue
        number, length = _english_at(words[place:], decimals)
        if length:
            found.append(number)
            place += length
        else:
            rest.append(words[place])
            place += 1
    return found, " ".join(rest)


def _english_at(words: list[str], decimals: int) -> tuple[Decimal, int]:
    """The number at the start of ``words`` and how many of them it takes; 0 for none."""
    if _DIGITS.match(words[0]):
        return Decimal(words[0]), 1
    whole, used = _spelt_out(words) or _english_whole(words)
    if not used:
        return Decimal(0), 0
    rest = words[used:]
    if rest[:3] == ["and", "a", "half"]:
        return Decimal(whole) + Decimal("0.5"), used + 3
    if rest[:1] == ["point"]:
        digits = _digit_words(rest[1:])
        if digits:
            return Decimal(f"{whole}.{digits}"), used + 1 + len(digits)
    digit = _digit_words(rest)
    if decimals and whole >= MOST_DIGITS and len(digit) == 1 and rest[1:2] != ["point"]:
        return Decimal(f"{whole}.{digit}"), used + 1             # thirty-eight five
    return Decimal(whole), used


def _digit_words(words: list[str]) -> str:
    """The digits that ``words`` begin with, said one by one."""
    digits = ""
    for word in words:
        if word not in _EN or _EN[word] > 9:
            break
        digits += str(_EN[word])
    return digits


def _spelt_out(words: list[str]) -> tuple[int, int] | None:
    """One four zero, three eight point five: digit by digit. Two alone may be two numbers."""
    digits = _digit_words(words)
    if not digits or digits[0] == "0":
        return None
    spelt = len(digits) == 3 or (len(digits) == 2 and words[2:3] == ["point"])
    return (int(digits), len(digits)) if spelt else None


def _english_whole(words: list[str]) -> tuple[int, int]:
    place = total = 0
    if words[:2] == ["a", "hundred"]:
        total, place = 100, 2
    elif words[0] == "hundred":
        total, place = 100, 1
    elif words[0] in _EN and words[1:2] == ["hundred"]:
        total, place = _EN[words[0]] * 100, 2
    elif 1 <= _EN.get(words[0], 0) <= 9 and words[1:2] and (
            words[1] in _EN_TENS or 10 <= _EN.get(words[1], 0) <= 19):
        total, place = _EN[words[0]] * 100, 1          # one forty, one fifteen
    if place and words[place:place + 1] == ["and"] and words[place + 1:place + 2] \
            and words[place + 1] in _EN_WORDS:
        place += 1
    if words[place:] and words[place] in _EN_TENS:
        total += _EN_TENS[words[place]]
        place += 1
        if words[place:] and 1 <= _EN.get(words[place], 0) <= 9:
            total += _EN[words[place]]
            place += 1
    elif words[place:] and words[place] in _EN and not (place and _EN[words[place]] == 0):
        total += _EN[words[place]]
        place += 1
    return total, place


# --- saying them -----------------------------------------------------------------------------

def ways(number: Decimal, language: str, degrees: bool = False) -> Iterator[str]:
    """How people say a number; ``degrees``: it is a temperature."""
    whole, _, fraction = f"{number:f}".partition(".")
    fraction = fraction.rstrip("0")
    if language == "en":
        yield from _english_ways(int(whole), fraction)
    else:
        yield from _chinese_ways(int(whole), fraction, "點" if language == "yue" else "点", degrees)


def _english_ways(whole: int, fraction: str) -> Iterator[str]:
    spoken = english_whole(whole)
    if fraction:
        yield f"{spoken} point {' '.join(_name(digit) for digit in fraction)}"
        if fraction == "5":
            yield f"{spoken} and a half"
        return
    yield spoken
    hundreds, rest = divmod(whole, 100)
    if hundreds and rest >= 10:
        yield f"{_name(hundreds)} {english_whole(rest)}"               # one forty
        yield spoken.replace(" and ", " ")
    if hundreds == 1:
        yield spoken.replace("one hundred", "a hundred", 1)


def _chinese_ways(whole: int, fraction: str, point: str, degrees: bool) -> Iterator[str]:
    spoken = chinese_whole(whole)
    by_digit = "".join(_CN_DIGITS[int(digit)] for digit in str(whole))
    if fraction:
        said = "".join(_CN_DIGITS[int(digit)] for digit in fraction)
        yield f"{spoken}{point}{said}"
        yield f"{by_digit}{point}{said}"
        if degrees:
            yield f"{spoken}度{said}"
            yield f"{spoken}{point}{said}度"
            if fraction == "5":
                yield f"{spoken}度半"
        return
    yield spoken
    if degrees:
        yield f"{spoken}度"
    if whole >= 100:
        if whole % 10 == 0 and whole % 100:
            yield spoken.removesuffix("十")                            # 一百四
        if spoken.startswith("二百"):
            yield f"两{spoken[1:]}"
        yield by_digit.replace("一", "幺")


def chinese_whole(number: int) -> str:
    """0..999 in Chinese."""
    hundreds, rest = divmod(number, 100)
    tens, units = divmod(rest, 10)
    said = f"{_CN_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        said += ("" if tens == 1 and not hundreds else _CN_DIGITS[tens]) + "十"
    elif hundreds and units:
        said += "零"
    return said + (_CN_DIGITS[units] if units or not number else "")


def english_whole(number: int) -> str:
    """0..999 in English."""
    hundreds, rest = divmod(number, 100)
    parts = [f"{_name(hundreds)} hundred"] if hundreds else []
    if rest or not hundreds:
        if hundreds:
            parts.append("and")
        tens = rest // 10 * 10
        if rest < 20:
            parts.append(_name(rest))
        else:
            parts.append(next(word for word, value in _EN_TENS.items() if value == tens))
            if rest % 10:
                parts.append(_name(rest % 10))
    return " ".join(parts)


def _name(number: int | str) -> str:
    return next(word for word, value in _EN.items() if value == int(number))
