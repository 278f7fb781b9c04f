"""Numbers, dates and times as Mandarin and Cantonese say them."""

from __future__ import annotations

from datetime import date

LONG = 6         # digits from which a number is a code, read digit by digit
_PLAIN = "零一二三四五六七八九"
# before these two of something is 两: of things, times, days, but not of a date or a floor
MEASURES = ("个|個|次|天|周|週|年|小时|小時|钟头|鐘頭|分钟|分鐘|分(?!之)|秒|位|片|粒|颗|種|种|遍|"
            "条|條|杯|点|點|支|瓶|盒|倍|口|顿|餐|针|針|星期|礼拜|禮拜|晚|步|家|间|間|句|项|項|题|題|"
            "岁|歲|人|名|件|张|張|包|袋|碗|勺|滴|根|块|塊|双|雙")


class Chinese:
    """Reads numbers as ``language`` does: ``zh`` in simplified, ``yue`` in traditional script."""

    to = "到"

    def __init__(self, language: str) -> None:
        mandarin = language == "zh"
        self._point, self._minus = ("点", "负") if mandarin else ("點", "負")
        self._pair = "两" if mandarin else "兩"
        self._dialled_one = "幺" if mandarin else "一"
        self._day = "日" if mandarin else "號"
        self._half = "半"
        self._minute = "分"
        self._ten_thousand = "万" if mandarin else "萬"
        self._hundred_million = "亿" if mandarin else "億"
        self._thousands_of_two = "两" if mandarin else "二"     # 两千, but 二千 in Cantonese
        self._parts = ((5, "凌晨"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上")) \
            if mandarin else ((5, "凌晨"), (12, "朝早"), (13, "中午"), (18, "下晝"), (24, "夜晚"))

    def number(self, text: str, measured: bool = False, counted: bool = False) -> str:
        """``38.5`` -> 三十八点五. ``measured``: of things, so that 2 is 两.

        Six digits and more, unless ``counted``, and what begins with a zero are read one by one.
        """
        if text.startswith("-"):
            return self._minus + self.number(text[1:], counted=counted)
        whole, _, fraction = text.partition(".")
        tail = self._point + _one_by_one(fraction) if fraction else ""
        if (len(whole) >= LONG and not counted) or (len(whole) > 1 and whole[0] == "0"):
            return self.digits(whole) + tail
        if measured and whole == "2" and not tail:
            return self._pair
        return self._whole(int(whole)) + tail

    def digits(self, text: str, dialled: bool = False) -> str:
        """One by one; in what is dialled Mandarin says 幺 for one."""
        spoken = _one_by_one(text)
        day = len(text) == 8 and text.startswith(("19", "20"))
        if dialled or (len(text) > LONG and not day):
            spoken = spoken.replace("一", self._dialled_one)
        return spoken

    def year(self, text: str) -> str:
        """``2026`` before 年."""
        return _one_by_one(text)

    def date(self, day: date, year: bool = False) -> str:
        """十一月二十五日, or 二零二六年十一月二十五日."""
        named = f"{_one_by_one(str(day.year))}年" if year else ""
        return f"{named}{self._whole(day.month)}月{self._whole(day.day)}{self._day}"

    def clock(self, hour: int, minute: int) -> str:
        """下午三点半, 上午九点零五分; 24:00 is 晚上十二点."""
        part = next(word for until, word in self._parts if min(hour, 23) < until)
        twelve = hour if hour <= 12 else hour - 12
        hours = self._pair if twelve == 2 else self._whole(twelve)
        if minute == 0:
            rest = ""
        elif minute == 30:
            rest = self._half
        else:
            rest = ("零" if minute < 10 else "") + self._whole(minute) + self._minute
        return f"{part}{hours}{self._point}{rest}"

    def degrees(self, text: str) -> str:
        """``-5`` -> 零下五度."""
        below = text.startswith("-")
        return ("零下" if below else "") + self.number(text.removeprefix("-")) + "度"

    def percent(self, text: str) -> str:
        """``20`` -> 百分之二十."""
        return "百分之" + self.number(text)

    def ordinal(self, number: int) -> str:
        """``2`` -> 第二."""
        return "第" + self._whole(number)

    def fraction(self, part: int, whole: int) -> str:
        """``1``, ``2`` -> 二分之一."""
        return f"{self._whole(whole)}分之{self._whole(part)}"

    def over(self, upper: str, lower: str) -> str:
        """Of blood pressure: 一百二十、八十."""
        return f"{self.number(upper)}、{lower}"

    def with_unit(self, text: str, unit: str) -> str:
        """``5``, 毫克 -> 五毫克; 华氏度 has the number within it."""
        number = self.number(text)
        return f"{unit[:-1]}{number}度" if unit.endswith("氏度") else number + unit

    def _whole(self, number: int) -> str:
        if number < 10:
            return _PLAIN[number]
        if number < 20:
            return "十" + (_PLAIN[number - 10] if number > 10 else "")
        for size, word in ((100_000_000, self._hundred_million), (10_000, self._ten_thousand),
                           (1000, "千"), (100, "百"), (10, "十")):
            if number >= size:
                head, rest = divmod(number, size)
                first = self._thousands_of_two if head == 2 and size >= 1000 \
                    else self._whole(head)
                if not rest:
                    return first + word
                gap = "零" if rest * 10 < size else ""
                inner = "一" if size >= 100 and 10 <= rest < 20 else ""     # 一百一十
                return first + word + gap + inner + self._whole(rest)
        raise AssertionError(number)


def _one_by_one(digits: str) -> str:
    return "".join(_PLAIN[int(digit)] for digit in digits)
