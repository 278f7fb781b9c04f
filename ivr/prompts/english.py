"""Numbers, dates and times as English says them."""

from __future__ import annotations

from datetime import date

LONG = 6         # digits from which a number is a code, read digit by digit
_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
         "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
         "nineteen")
_TENS = ("_", "_", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
           "October", "November", "December")
_SIZES = ((10 ** 9, "billion"), (10 ** 6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth",
             "eight": "eighth", "nine": "ninth", "twelve": "twelfth"}


class English:
    """Reads numbers as people say them on the telephone."""

    to = " to "

    def number(self, text: str, measured: bool = False, counted: bool = False) -> str:
        """``38.5`` -> thirty-eight point five; six digits and more one by one, unless counted."""
        if text.startswith("-"):
            return "minus " + self.number(text[1:], counted=counted)
        whole, _, fraction = text.partition(".")
        tail = " point " + self.digits(fraction) if fraction else ""
        if (len(whole) >= LONG and not counted) or (len(whole) > 1 and whole[0] == "0"):
            return self.digits(whole) + tail
        return _whole(int(whole)) + tail

    def digits(self, text: str, dialled: bool = False) -> str:
        """One by one."""
        return " ".join(_ONES[int(digit)] for digit in text)

    def year(self, text: str) -> str:
        """``2026`` -> twenty twenty-six, ``2005`` -> two thousand and five."""
        century, rest = divmod(int(text), 100)
        if century % 10 == 0 and rest < 10:
            return _whole(int(text))
        if rest == 0:
            return f"{_whole(century)} hundred"
        return f"{_whole(century)} {'oh ' if rest < 10 else ''}{_whole(rest)}"

    def date(self, day: date, year: bool = False) -> str:
        """The twenty-fifth of November, twenty twenty-six."""
        named = f"the {ordinal(day.day)} of {_MONTHS[day.month - 1]}"
        return f"{named}, {self.year(str(day.year))}" if year else named

    def clock(self, hour: int, minute: int) -> str:
        """``15:30`` -> three thirty in the afternoon."""
        if minute == 0 and hour in (0, 12, 24):
            return "noon" if hour == 12 else "midnight"
        part = "in the morning" if hour < 12 else "in the afternoon" if hour < 18 \
            else "in the evening"
        rest = "o'clock" if minute == 0 else f"oh {_whole(minute)}" if minute < 10 \
            else _whole(minute)
        return f"{_whole((hour - 1) % 12 + 1)} {rest} {part}"

    def degrees(self, text: str) -> str:
        """``38.5`` -> thirty-eight point five degrees."""
        return self.number(text) + (" degree" if text == "1" else " degrees")

    def ordinal(self, number: int) -> str:
        """``2`` -> second."""
        return ordinal(number)

    def fraction(self, part: int, whole: int) -> str:
        """``3``, ``4`` -> three quarters."""
        named = {2: "half", 4: "quarter"}.get(whole) or ordinal(whole)
        return f"{_whole(part)} {named}{'s' if part > 1 else ''}"

    def over(self, upper: str, lower: str) -> str:
        """Of blood pressure: one hundred and twenty over eighty."""
        return f"{self.number(upper)} over {lower}"

    def with_unit(self, text: str, unit: str) -> str:
        """``5`` milligrams -> five milligrams, ``1`` -> one milligram."""
        return f"{self.number(text)} {unit.replace('s', '', 1) if text == '1' else unit}"

    def percent(self, text: str) -> str:
        """``20`` -> twenty percent."""
        return self.number(text) + " percent"


def ordinal(number: int) -> str:
    """``25`` -> twenty-fifth."""
    head, dash, last = _whole(number).rpartition("-")
    if last in _ORDINALS:
        return head + dash + _ORDINALS[last]
    return head + dash + (last[:-1] + "ieth" if last.endswith("y") else last + "th")


def _whole(number: int) -> str:
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    size, word = next((size, word) for size, word in _SIZES if number >= size)
    head, rest = divmod(number, size)
    joint = " and " if 0 < rest < 100 else " " if rest else ""
    return f"{_whole(head)} {word}{joint}{_whole(rest) if rest else ''}"
