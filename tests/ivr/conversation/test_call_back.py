"""Patients who want to be called another time. It is Tuesday, two in the afternoon."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ivr.conversation import Context, Phase, State
from ivr.conversation.events import Clock, Spoken
from ivr.conversation.speech import hears
from tests.ivr.conversation.driver import CONTEXT, SAMPLE, Call

HOURS = {f"2026-11-{day}": "08:00-20:00" for day in (24, 25, 26, 27, 30)} | {
    f"2026-12-0{day}": "08:00-20:00" for day in range(1, 5)}        # no weekend
WORKING = replace(CONTEXT, hours=HOURS)
ENGLISH = replace(WORKING, language="en", now="2026-11-24T16:00")


def asked(context: Context = WORKING) -> Call:
    """Whoever has answered wants another time."""
    return Call(context=context).play("3")


def say(call: Call, *words: str, confidence: float = 1.0) -> Call:
    for text in words:
        call.send(Spoken(text, confidence))
    return call


def agreed(call: Call) -> str | None:
    """The time that was agreed on: day and hour."""
    assert call.end is not None and call.outcome == "call_back"
    return f"{call.end.call_back:%d %H:%M}" if call.end.call_back else None


@pytest.mark.parametrize(("keys", "day", "at"), [
    ("1", "on-today", "24 15:00"), ("1#", "on-today", "24 15:00"),
    ("2#", "on-tomorrow", "25 14:00"), ("1530", "on-today", "24 15:30"),
    ("1530#", "on-today", "24 15:30"), ("930#", "on-tomorrow", "25 09:30")])
@pytest.mark.parametrize("accepts", ["1", "silence", "hangup"])
def test_the_keys_of_a_time_are_read_back_with_its_day_and_stand_unless_denied(
        keys: str, day: str, at: str, accepts: str) -> None:
    call = asked()
    assert call.said == ["call-back-when"]
    call.play(keys, *(["silence"] if keys[-1] != "#" else []))
    assert call.said == [day, "call-back-at", "time-right"]
    assert agreed(call.play(accepts)) == at


@pytest.mark.parametrize(("words", "at"), [
    (("silence",), None), (("hangup",), None), (("15", "hangup"), None),
    (("1", "hangup"), "24 15:00"), (("2561", "silence", "0915", "silence", "1"), "25 09:15"),
    (("99#", "77#"), None), (("*", "2#", "1"), "25 14:00"), (("12345678", "silence"), None),
    (("0005", "silence", "1530#", "#", "1"), "24 15:30")])
def test_a_time_that_cannot_be_is_asked_for_again_and_then_the_hospital_chooses(
        words: tuple[str, ...], at: str | None) -> None:
    assert agreed(asked().play(*words)) == at


@pytest.mark.parametrize(("said", "day", "at"), [
    ("一个小时以后", "on-today", "24 15:00"), ("两个小时以后", "on-today", "24 16:00"),
    ("明天下午三点半", "on-tomorrow", "25 15:30"), ("今天下午三点", "on-today", "24 15:00"),
    ("明天吧", "on-tomorrow", "25 14:00"), ("下午四点", "on-today", "24 16:00"),
    ("上午十点", "on-tomorrow", "25 10:00"), ("后天上午九点", "on-day-after", "26 09:00"),
    ("星期五上午十点", "on-friday", "27 10:00"), ("下周一", "on-next-monday", "30 14:00"),
    ("今晚七点", "on-today", "24 19:00"), ("大后天下午", "on-friday", "27 15:00"),
    ("星期二上午九点", "on-next-tuesday", "01 09:00"), ("明天星期三", "on-tomorrow", "25 14:00")])
@pytest.mark.parametrize("accepts", ["1", "#", "是的"])
def test_a_time_may_be_spoken_and_is_read_back_with_its_day(
        said: str, day: str, at: str, accepts: str) -> None:
    call = say(asked(), said)
    assert call.said == [day, "call-back-at", "time-right"]
    assert agreed(say(call, accepts) if accepts == "是的" else call.play(accepts)) == at


@pytest.mark.parametrize(("said", "day", "at"), [
    ("this friday at three", "on-friday", "27 15:00"), ("in two hours", "on-today", "24 18:00"),
    ("tonight", "on-today", "24 19:00"), ("this afternoon", "on-today", "24 16:30"),
    ("next monday at ten in the morning", "on-next-monday", "30 10:00"),
    ("tomorrow at ten", "on-tomorrow", "25 10:00"), ("at three", "on-tomorrow", "25 15:00")])
def test_the_same_in_english_at_four(said: str, day: str, at: str) -> None:
    call = say(asked(ENGLISH), said)
    assert call.said == [day, "call-back-at", "time-right"]
    assert agreed(say(call, "yes")) == at


@pytest.mark.parametrize(("now", "said", "told"), [
    ("24T16:00", "今天下午三点", ["on-today", "time-past"]),
    ("24T13:00", "今天上午十点", ["on-today", "time-past"]),
    ("27T09:00", "这周三下午三点", ["on-wednesday", "time-past"]),
    ("24T19:30", "两个小时以后", ["on-today", "time-closed", "calling-hours"]),
    ("24T10:00", "明天晚上九点", ["on-tomorrow", "time-closed", "calling-hours"]),
    ("24T10:00", "早上七点", ["on-tomorrow", "time-closed", "calling-hours"]),
    ("24T10:00", "星期六上午十点", ["on-saturday", "day-closed", "calling-hours"]),
    ("27T10:00", "明天", ["on-tomorrow", "day-closed", "calling-hours"])])
def test_a_time_that_is_over_or_at_which_we_do_not_call_is_told_so_and_another_is_asked_for(
        now: str, said: str, told: list[str]) -> None:
    call = say(asked(replace(WORKING, now=f"2026-11-{now}")), said)
    assert (call.said, call.outcome) == (told, None)
    assert hears(call.state) is not None
    say(call, "下周一上午十点")
    assert call.said == ["on-next-monday", "call-back-at", "time-right"]
    assert agreed(call.play("1")) == "30 10:00"


def test_keys_are_held_against_the_same_hours() -> None:
    call = asked().play("2130", "silence")
    assert call.said == ["on-today", "time-closed", "calling-hours"]
    assert call.play("#").outcome is None                 # out of habit
    assert agreed(call.play("1930", "silence", "1")) == "24 19:30"
    evening = asked(replace(WORKING, now="2026-11-24T19:20")).play("1#")
    assert evening.said == ["on-today", "time-closed", "calling-hours"]
    assert agreed(evening.play("hangup")) is None


def test_who_names_nothing_but_times_that_will_not_do_is_called_when_the_hospital_chooses() -> None:
    call = asked()
    for _ in range(20):
        if call.outcome is None:
            say(call, "星期天")
    assert agreed(call) is None


@pytest.mark.parametrize("after", [("silence", "silence"), ("hangup",), ("silence", "hangup")])
def test_a_time_that_was_only_heard_and_not_confirmed_does_not_count(
        after: tuple[str, ...]) -> None:
    call = say(asked(), "下午四点")
    call.play(after[0])
    assert call.outcome is not None or call.said[0] == "on-today"
    assert agreed(call.play(*after[1:])) is None


def test_what_is_neither_yes_nor_no_or_hardly_heard_confirms_no_time() -> None:
    for words, confidence in ((("天气", "天气"), 1.0), (("是的", "那个"), 0.4),
                              (("", ""), 1.0), (("下午四点", "", ""), 1.0)):
        call = say(asked(), "下午四点")
        assert agreed(say(call, *words, confidence=confidence)) is None, words
    unsure = say(say(asked(), "下午四点"), "是的", confidence=0.4)
    assert unsure.said == ["on-today", "call-back-at", "time-right"]
    assert agreed(say(unsure, "是的", confidence=0.4)) == "24 16:00"
    typed = say(asked().play("1530#"), "那个时候我要去买菜")
    assert typed.said == ["on-today", "call-back-at", "time-right"]


@pytest.mark.parametrize("denies", ["2", "不是"])
def test_a_time_that_was_misheard_can_be_put_right(denies: str) -> None:
    call = say(asked(), "六个小时以后" if denies == "2" else "下午五点")
    call = asked()
    say(call, "五个小时以后")
    call = call.play(denies) if denies == "2" else say(call, denies)
    assert call.said == ["not-understood", "call-back-when"]
    say(call, "两个小时以后", "三个小时以后")            # another one in place of a yes
    assert call.said == ["on-today", "call-back-at", "time-right"]
    assert agreed(call.play("1")) == "24 17:00"


def test_who_names_times_for_ever_comes_to_an_end_without_one() -> None:
    call = asked()
    for number in range(20):
        if call.outcome is None:
            say(call, f"下午{'三四五'[number % 3]}点")
    assert agreed(call) is None


def test_an_unclear_time_is_asked_for_again() -> None:
    assert say(asked(), "天气").said == ["not-understood", "call-back-when"]
    assert say(asked(), "今天").said == ["not-understood", "call-back-when"]
    assert say(asked(), "明天星期五").said == ["not-understood", "call-back-when"]


def test_the_clock_goes_on_in_the_call_and_a_resumed_one_has_a_new_time() -> None:
    call = asked()
    call.send(Clock("2026-11-24T14:20:30"))
    say(call, "一个小时以后")
    assert agreed(call.play("1")) == "24 15:25"
    over = say(asked(), "下午两点零五分")
    over.send(Clock("2026-11-24T14:06:00"))
    assert agreed(over.play("1")) is None                 # it has passed meanwhile


def test_what_was_kept_before_there_was_a_clock_can_be_read_and_asks_for_no_time() -> None:
    call = say(asked(), "下午四点")
    text = call.state.to_json()
    for new in ('"named": "2026-11-24T16:00", ', f'"now": "{CONTEXT.now}", '):
        assert new in text
        text = text.replace(new, "")
    older = State.from_json(text, SAMPLE)
    assert (older.phase, older.named, older.context.now) == (Phase.CONFIRMING_TIME, "", "")
    call.state = older
    assert agreed(call.play("1")) is None
    assert asked(replace(CONTEXT, now="")).outcome == "call_back"


def test_without_known_hours_any_time_to_come_will_do() -> None:
    assert agreed(asked(CONTEXT).play("2330", "silence", "1")) == "24 23:30"


@pytest.mark.parametrize(("words", "said", "language"), [
    ("请说英语", "call-back-when", "en"), ("等一下", "waiting", "zh"),
    ("慢一点", "call-back-when", "zh")])
def test_wishes_are_heard_where_a_time_is_asked_for(words: str, said: str, language: str) -> None:
    call = asked()
    grammar = hears(call.state)
    assert grammar and {"英语", "等一下", "星期五上午十点"} <= set(grammar.phrases)
    say(call, words)
    assert (call.said, call.state.language, call.outcome) == ([said], language, None)
    say(call, "明天" if language == "zh" else "tomorrow")
    assert agreed(call.play("1")) == "25 14:00"


def test_who_asks_for_a_moment_has_not_agreed_by_silence() -> None:
    call = say(asked().play("1530#"), "等一下").play("silence")
    assert call.said == ["on-today", "call-back-at", "time-right"]
    assert agreed(call.play("1")) == "24 15:30"


def test_every_day_of_two_weeks_has_a_name_and_no_day_has_two() -> None:
    from ivr.conversation.moment import name_of_day
    for first in range(7):
        now = datetime(2026, 11, 23, 12) + timedelta(days=first)       # noqa: DTZ001  local
        names = [name_of_day(now + timedelta(days=days), now) for days in range(14 - first)]
        assert all(names) and len(set(names)) == len(names), names
