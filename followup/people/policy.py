"""What a new password must be. Pure.

No rules of composition: length is what counts. What is easily guessed counts for nothing: the
user's and the hospital's names, common words, runs of the alphabet or the keyboard, repetitions,
years. What is left of a password without those must still be half of the length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from followup.errors import InvalidInput
from followup.settings import Settings

MAX_LENGTH = 200
_SHORTEST_NAME, _SHORTEST_RUN = 3, 4

# Commonly chosen passwords are these words with figures, signs and changed letters: whatever is
# made of them alone is common, so no list of millions is needed.
_ROOTS = (
    "password", "passwort", "passwd", "pass", "admin", "administrator", "root", "user", "guest",
    "login", "welcome", "letmein", "changeme", "secret", "master", "default", "test", "hello",
    "iloveyou", "sunshine", "princess", "monkey", "dragon", "football", "superman", "computer",
    "hospital", "clinic", "doctor", "nurse", "patient", "health", "medical", "aftercall",
    "spring", "summer", "autumn", "winter", "mima", "guanliyuan", "woaini", "wode", "nihao",
    "zhongguo", "china", "beijing", "shanghai", "yiyuan", "yisheng", "hushi", "huanzhe", "suifang",
    "jiankang", "密码", "医院", "医生", "护士", "患者", "随访", "健康", "管理员", "我爱你", "你好",
)
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./",
         "!@#$%^&*()", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "qazwsxedcrfvtgbyhnujmikolp",
         "一二三四五六七八九十")
_RUNS = (*_ROWS, *(row[::-1] for row in _ROWS))
_LOOKALIKES = str.maketrans("@4310$5!7", "aaeiossit")
_REPEATED = re.compile(r"(.)\1{2,}|(.{2,8}?)\2+", re.DOTALL)
_YEAR = re.compile(r"(19|20)\d\d([-./]?(0[1-9]|1[0-2])[-./]?([0-2]\d|3[01]))?")


class Weakness(StrEnum):
    """Why a password is not taken."""

    SHORT = "short"
    LONG = "long"
    NAME = "name"
    HOSPITAL = "hospital"
    COMMON = "common"
    SEQUENCE = "sequence"
    REPEATED = "repeated"
    USED = "used"                        # one of the last few: seen by whoever keeps them


class WeakPassword(InvalidInput):
    """The new password is not taken; ``weakness`` tells why."""

    id = "weak-password"

    def __init__(self, weakness: Weakness, policy: Policy) -> None:
        super().__init__(f"password: {_TOLD[weakness].format(policy=policy)}", field="password",
                         expected=f"{policy.min_length}-{MAX_LENGTH} characters, hard to guess")
        self.weakness = weakness


_TOLD = {
    Weakness.SHORT: "expected at least {policy.min_length} characters",
    Weakness.LONG: f"expected at most {MAX_LENGTH} characters",
    Weakness.NAME: "expected something else than the user's own name",
    Weakness.HOSPITAL: "expected something else than the hospital's name",
    Weakness.COMMON: "expected less common words",
    Weakness.SEQUENCE: "expected no runs of the alphabet, of figures or of the keyboard",
    Weakness.REPEATED: "expected no repetitions",
    Weakness.USED: "expected one that was not used before",
}


@dataclass(frozen=True)
class Policy:
    """The hospital's rules. ``history``: how many former passwords are not taken again."""

    min_length: int = 12
    history: int = 5
    hospital: tuple[str, ...] = ()

    def check(self, password: str, names: Iterable[str] = ()) -> None:
        """WeakPassword when a new password of the user with these ``names`` is not taken."""
        weakness = self.weakness(password, names)
        if weakness:
            raise WeakPassword(weakness, self)

    def weakness(self, password: str, names: Iterable[str] = ()) -> Weakness | None:
        """What is wrong with a new password; None when it may be taken."""
        if len(password) < self.min_length:
            return Weakness.SHORT
        if len(password) > MAX_LENGTH:
            return Weakness.LONG
        typed = password.lower()
        plain = typed if len(typed) == len(password) else password
        guessed: dict[int, Weakness] = {}        # place -> why it counts for nothing
        for weakness, places in (
                (Weakness.NAME, _words(plain, _forms(names))),
                (Weakness.HOSPITAL, _words(plain, _forms(self.hospital))),
                (Weakness.COMMON, _words(plain, _ROOTS)),
                (Weakness.REPEATED, _repetitions(plain)),
                (Weakness.SEQUENCE, _runs(plain)),
                (Weakness.COMMON, _years(plain))):
            for place in places:
                guessed.setdefault(place, weakness)
        if (len(password) - len(guessed)) * 2 >= self.min_length:
            return None
        reasons = list(guessed.values())
        return max(dict.fromkeys(reasons), key=reasons.count)


def policy_of(settings: Settings) -> Policy:
    """The policy that the settings ask for."""
    return Policy(settings.sign_in.password_min_length, settings.sign_in.password_history,
                  (settings.hospital, settings.hospital_en))


def _forms(names: Iterable[str]) -> set[str]:
    """Names as they are typed: as written, without blanks, in pinyin, and word by word."""
    from pypinyin import lazy_pinyin  # a large dictionary: for passwords alone

    forms: set[str] = set()
    for name in names:
        lower = name.lower().strip()
        pinyin = lazy_pinyin(lower)
        forms |= {lower, *re.split(r"[\s._-]+", lower), re.sub(r"[\s._-]+", "", lower),
                  "".join(pinyin)}
    return {form for form in forms
            if len(form) >= (2 if not form.isascii() else _SHORTEST_NAME)}


def _words(text: str, words: Iterable[str]) -> set[int]:
    places: set[int] = set()
    for form in {text, text.translate(_LOOKALIKES)}:
        for word in words:
            start = form.find(word)
            while start >= 0:
                places.update(range(start, start + len(word)))
                start = form.find(word, start + 1)
    return places


def _repetitions(text: str) -> set[int]:
    """All but the first of what is said again."""
    return {place for found in _REPEATED.finditer(text)
            for place in range(found.start() + len(found[1] or found[2]), found.end())}


def _runs(text: str) -> set[int]:
    """All but the first character of runs such as 4567, dcba or qwer."""
    places: set[int] = set()
    for start in range(len(text) - _SHORTEST_RUN + 1):
        piece = text[start:start + _SHORTEST_RUN]
        if any(piece in row for row in _RUNS):
            places.update(range(start + 1, start + _SHORTEST_RUN))
    return places


def _years(text: str) -> set[int]:
    return {place for found in _YEAR.finditer(text) for place in range(*found.span())}
