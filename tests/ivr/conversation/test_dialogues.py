"""Many calls with patients who want another time, or answer, over a line that mishears."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

import pytest

from followup.rules import evaluate
from ivr.conversation.events import Event, HungUp, Key, Spoken, TimedOut
from ivr.conversation.state import CONFIDENT, Phase
from tests.ivr.conversation.driver import CONTEXT, SAMPLE, Call

CALLS = 150
ZH = ("", "一", "两", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
EN = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
      "twelve")
DAYS = {"zh": ("今天", "明天", "后天", "星期", "下星期", "上午", "下午", "晚上", "点"),
        "yue": ("今日", "聽日", "後日", "禮拜", "下個禮拜", "上晝", "下晝", "夜晚", "點")}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
YES = {"zh": ("是的", "对", "嗯对的"), "yue": ("係", "啱"), "en": ("yes", "yes that's right")}
NO = {"zh": ("不是", "不对"), "yue": ("唔係", "唔啱"), "en": ("no", "that's wrong")}
MISHEARD = {"四": "十", "十": "四", "下午": "上午", "上午": "下午", "明天": "后天", "下晝": "上晝",
            "聽日": "後日", "three": "four", "tomorrow": "today", "afternoon": "morning"}


def hours_of(random: Random, today: date) -> dict[str, str]:
    """Two weeks from ``today``, some days of which are closed."""
    return {(today + timedelta(days=ahead)).isoformat(): "08:00-20:00"
            for ahead in range(15) if random.random() < 0.8}


def spoken_time(random: Random, language: str, now: datetime) -> tuple[str, datetime]:
    """A day and an hour in words, and which moment that is: by another way than the engine's."""
    hour, half = random.randrange(8, 23), random.random() < 0.3
    ahead = random.randrange(0, 14 - now.weekday())
    day = now.date() + timedelta(days=ahead)
    next_week = ahead + now.weekday() >= 7
    at = datetime.combine(day, time(hour, 30 if half else 0))
    short = (hour - 1) % 12 + 1
    if language == "en":
        named = ("today", "tomorrow", "the day after tomorrow")[ahead] if ahead < 3 else \
            f"{'next' if next_week else 'this'} {WEEKDAYS[day.weekday()]}"
        part = "in the morning" if hour < 12 else "in the afternoon" if hour < 18 else \
            "in the evening"
        return f"{named} at {'half past ' if half else ''}{EN[short]} {part}", at
    *near, week, next_one, morning, afternoon, evening, point = DAYS[language]
    named = near[ahead] if ahead < 3 else \
        f"{next_one if next_week else week}{'一二三四五六日'[day.weekday()]}"
    part = morning if hour < 12 else afternoon if hour < 18 else evening
    spoken = ZH[short].replace("两", "兩") if language == "yue" else ZH[short]
    return f"{named}{part}{spoken}{point}{'半' if half else ''}", at


def start(random: Random, language: str, now: datetime) -> Call:
    questionnaire = SAMPLE if language != "yue" else replace(
        SAMPLE, languages=(*SAMPLE.languages, "yue"))
    context = replace(CONTEXT, language=language, now=now.isoformat(),
                      hours=hours_of(random, now.date()))
    return Call(questionnaire, context).play("3")


def any_moment(random: Random) -> datetime:
    return datetime(2026, 11, 23, 9) + timedelta(      # noqa: DTZ001  local
        days=random.randrange(7), minutes=random.randrange(0, 650))


def told(call: Call) -> str:
    return call.said[1] if len(call.said) > 1 else call.said[0]


@pytest.mark.parametrize("language", ["zh", "yue", "en"])
def test_each_day_and_hour_is_read_back_as_what_was_said_or_told_why_not(language: str) -> None:
    random = Random(7)
    for _ in range(CALLS):
        now = any_moment(random)
        call, (words, at) = start(random, language, now), spoken_time(random, language, now)
        call.send(Spoken(words))
        hours = call.state.context.hours
        expected = "time-past" if at <= now else "day-closed" \
            if at.date().isoformat() not in hours else "call-back-at" \
            if 8 <= at.hour < 20 else "time-closed"
        assert told(call) == expected, (words, now, call.said)
        if expected == "call-back-at":
            call.send(Spoken(YES[language][0]))
            assert call.end and call.end.call_back == at, (words, now)


@dataclass
class Line:
    """What the patient says, and what is heard of it: ``flips`` yes and no, and hours."""

    random: Random
    language: str
    flips: float
    turned: bool = False                     # a no was heard as a yes

    def heard(self, said: str) -> Spoken:
        confidence = self.random.choice((0.3, 0.9, 0.9, 0.95))
        if self.random.random() < 0.1:
            return Spoken("", confidence)
        if self.random.random() < self.flips:
            if said in NO[self.language]:
                self.turned = self.turned or confidence >= CONFIDENT
                return Spoken(YES[self.language][0], confidence)
            if said in YES[self.language]:
                return Spoken(NO[self.language][0], confidence)
            for one, other in MISHEARD.items():
                if one in said:
                    return Spoken(said.replace(one, other, 1), confidence)
        return Spoken(said, confidence)


def bargain(call: Call, line: Line, random: Random, now: datetime) -> Iterator[Event]:
    """The patient until the call ends: wants a time, answers what is read back by what it is."""
    words, wanted = spoken_time(random, line.language, now)
    while call.end is None:
        whim = random.random()
        if whim < 0.05:
            yield HungUp()
        elif whim < 0.15:
            yield TimedOut()
        elif call.state.phase is not Phase.CONFIRMING_TIME:
            words, wanted = spoken_time(random, line.language, now)
            if whim < 0.75:
                yield line.heard(words)
            else:                                            # or by keys: the next such hour
                wanted = datetime.combine(now.date(), wanted.time())
                wanted += timedelta(days=wanted <= now)
                yield from [*map(Key, f"{wanted:%H%M}"), TimedOut()]
        elif datetime.fromisoformat(call.state.named) == wanted:
            yield Key("1") if whim < 0.4 else line.heard(random.choice(YES[line.language]))
        elif whim < 0.4:
            yield Key("2")
        else:
            yield line.heard(random.choice([*NO[line.language], words]))


def said_yes(event: Event | None, language: str, again: bool) -> bool:
    """By key, or in words; ``again``: a yes that was hardly heard will do."""
    return event == Key("1") or (isinstance(event, Spoken) and event.text in YES[language]
                                 and (again or event.confidence >= CONFIDENT))


@pytest.mark.parametrize("language", ["zh", "yue", "en"])
@pytest.mark.parametrize("flips", [0.0, 0.3])
def test_no_time_is_kept_that_was_not_agreed_on(language: str, flips: float) -> None:
    random, kept = Random(11), 0
    for _ in range(CALLS):
        now = any_moment(random)
        call, line = start(random, language, now), Line(random, language, flips)
        before, last = call.state, None
        patient = bargain(call, line, random, now)
        for event in patient:
            if call.end is None:
                before, last = call.state, event
                call.send(event)
        assert call.end is not None
        at = call.end.call_back
        if at is None:
            continue
        kept += 1
        assert said_yes(last, language, bool(before.misses)) or (before.keys and (
            isinstance(last, TimedOut | HungUp) or before.misses)), (last, before.phase)
        assert at.isoformat(timespec="minutes") == before.named
        assert at > now and at.date().isoformat() in before.context.hours and 8 <= at.hour < 20
    assert kept > CALLS // 10


TRUTHS: dict[str, dict[bool, tuple[str, ...]]] = {
    "zh": {True: ("有", "有点喘", "胸闷", "是的"), False: ("没有", "不喘", "呼吸正常", "没有啊")},
    "en": {True: ("yes", "a little", "short of breath"),
           False: ("no", "none", "breathing is fine")}}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_red_flag_turns_round_by_one_misheard_answer(language: str) -> None:
    """Each way to say yes or no is once heard as each way to say the opposite."""
    item = SAMPLE.item("breathlessness")
    for truth, ways in TRUTHS[language].items():
        for said in ways:
            for heard in TRUTHS[language][not truth]:
                for seed in range(4):
                    stored = flagged(language, truth, said, heard, Random(seed))
                    assert stored is None or bool(evaluate(item, stored)) == truth, (said, heard)


def flagged(language: str, truth: bool, said: str, heard: str,
            random: Random) -> dict[str, Any] | None:
    """What is stored, when the first answer is misheard and the patient then is clear."""
    call = Call(context=replace(CONTEXT, language=language))
    call.play("1", "1", "36*8#", "2#", "1")
    assert call.state.link_id == "breathlessness"
    call.send(Spoken(heard, random.choice((0.5, 0.9))))
    for _ in range(6):
        if call.end is not None or call.state.link_id != "breathlessness":
            break
        if call.state.phase is Phase.CONFIRMING:
            right = (call.state.value or {}).get("valueBoolean") is truth
            call.send(random.choice([Key("1" if right else "2"), Spoken(said, 0.9), Spoken(
                random.choice((YES if right else NO)[language]), 0.9), TimedOut()]))
        else:
            call.send(random.choice([Key("1" if truth else "2"), Spoken(said, 0.9), TimedOut()]))
    return dict(call.stored["breathlessness"]) if "breathlessness" in call.stored else None
