"""When to call back, as people say it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.understanding import When, make_some_times, time_phrases, when, when_grammar


@pytest.mark.parametrize(("language", "said", "meant"), [
    ("zh", "一个小时以后", When(after_min=60)), ("zh", "半小时后", When(after_min=30)),
    ("zh", "二十分钟后", When(after_min=20)), ("zh", "明天", When(days=1)),
    ("zh", "下午三点半", When(minute=930)), ("zh", "三点", When(minute=900)),
    ("zh", "上午十点", When(minute=600)), ("zh", "晚上八点一刻", When(minute=1215)),
    ("zh", "明天上午九点二十分", When(days=1, minute=560)), ("zh", "十五点三十", When(minute=930)),
    ("zh", "今晚八点", When(days=0, minute=1200)), ("yue", "今晚八點", When(days=0, minute=1200)),
    ("zh", "明晚七点半", When(days=1, minute=1170)),
    ("zh", "明早", When(days=1, minute=540, until=660)),
    ("zh", "后天下午三点", When(days=2, minute=900)), ("zh", "后天", When(days=2)),
    ("en", "tonight at eight", When(days=0, minute=1200)),
    ("yue", "聽晚", When(days=1, minute=1140, until=1320)),
    ("en", "the day after tomorrow", When(days=2)),
    ("zh", "慢一点", None), ("zh", "大声一点", None), ("zh", "晚一点再打", None),
    ("zh", "一点半", When(minute=810)),
    ("zh", "三点 不对 四点", When(minute=960)), ("en", "three, no wait, four", When(minute=960)),
    ("zh", "下午两三点", When(minute=840)), ("zh", "两三个小时后", When(after_min=120)),
    ("en", "two or three in the afternoon", When(minute=840)),
    ("en", "a quarter to nine", When(minute=525)), ("en", "ten to three", When(minute=890)),
    ("en", "quarter past nine in the evening", When(minute=1275)),
    ("zh", "二十五点", None), ("zh", "随便", None),
    ("yue", "聽日下晝三點", When(days=1, minute=900)),
    ("en", "in an hour", When(after_min=60)), ("en", "half an hour", When(after_min=30)),
    ("en", "in two hours", When(after_min=120)), ("en", "tomorrow", When(days=1)),
    ("en", "tomorrow morning at ten", When(days=1, minute=600)),
    ("en", "at three thirty pm", When(minute=930)), ("en", "half past four", When(minute=990)),
    ("en", "whenever you like", None)])
def test_times(language: str, said: str, meant: When | None) -> None:
    assert when(language, said) == meant


@pytest.mark.parametrize(("language", "said", "meant"), [
    ("zh", "中午十二点", When(minute=720)), ("zh", "中午十二点半", When(minute=750)),
    ("zh", "下午一点", When(minute=780)), ("zh", "傍晚六点", When(minute=1080)),
    ("zh", "夜里十点", When(minute=1320)), ("zh", "明早八点", When(days=1, minute=480)),
    ("zh", "晚上吧，八点", When(minute=1200)), ("zh", "下午大概三点", When(minute=900)),
    ("zh", "晚八点", When(minute=1200)), ("zh", "明天一早", When(days=1, minute=540, until=660)),
    ("yue", "晏晝兩點", When(minute=840)), ("yue", "朝早九點半", When(minute=570)),
    ("yue", "九點三個字", When(minute=555)), ("yue", "三點九", When(minute=945)),
    ("en", "at noon", When(minute=720)), ("en", "half past twelve", When(minute=750)),
    ("en", "quarter to four", When(minute=945)), ("en", "half four", When(minute=990)),
    ("en", "3 p.m.", When(minute=900)), ("en", "I am free at nine", When(minute=540))])
def test_the_hour_is_one_of_the_part_of_the_day_it_is_named_with(
        language: str, said: str, meant: When) -> None:
    assert when(language, said) == meant


@pytest.mark.parametrize(("language", "said"), [
    ("zh", "今晚一点"), ("zh", "今天晚上一点"), ("zh", "明天晚上一点"), ("zh", "凌晨三点"),
    ("zh", "晚上十二点"), ("zh", "夜里两点"), ("zh", "早上一点"), ("zh", "半夜"), ("zh", "零点"),
    ("yue", "今晚一點"), ("yue", "半夜兩點"), ("en", "tonight at one"), ("en", "midnight"),
    ("en", "12 am"), ("en", "one in the morning"), ("en", "half past twelve tonight")])
def test_an_hour_that_does_not_belong_there_and_the_dead_of_night_are_asked_again(
        language: str, said: str) -> None:
    assert when(language, said) is None


@pytest.mark.parametrize(("language", "said"), [
    ("zh", "大大后天"), ("zh", "上周五下午三点"), ("zh", "两三天以后"), ("zh", "五号下午三点"),
    ("zh", "下下周一"), ("zh", "周末"), ("zh", "下周"), ("zh", "星期一或者星期二"), ("zh", "今天"),
    ("zh", "二十天以后"), ("en", "last friday"), ("en", "next week"), ("en", "monday or tuesday"),
    ("en", "today"), ("yue", "上個禮拜三"),
    ("zh", "明天或者后天"), ("zh", "早上或者下午"), ("zh", "上午十点或者下午三点"),
    ("zh", "明天二十五点"), ("zh", "差五分三点"), ("zh", "下午吧，上午不行"),
    ("en", "two or five"), ("en", "between two and ten"), ("en", "morning or afternoon")])
def test_a_day_that_cannot_be_promised_and_two_times_are_none(language: str, said: str) -> None:
    assert when(language, said) is None


@pytest.mark.parametrize(("language", "said", "meant"), [
    ("zh", "上午不行，下午吧", When(minute=900, until=1080)),
    ("zh", "后天不行，明天吧", When(days=1)),
    ("zh", "今天没空，明天下午三点", When(days=1, minute=900)),
    ("zh", "下午三点行不行", When(minute=900)), ("zh", "不好意思，下午三点", When(minute=900)),
    ("zh", "三四点", When(minute=900)), ("yue", "朝早唔得，下晝啦", When(minute=900, until=1080)),
    ("en", "tomorrow is no good, the day after tomorrow", When(days=2))])
def test_what_will_not_do_is_not_what_was_meant(language: str, said: str, meant: When) -> None:
    assert when(language, said) == meant


@pytest.mark.parametrize(("language", "said", "meant"), [
    ("zh", "大后天", When(days=3)), ("zh", "三天以后", When(days=3)),
    ("yue", "大後日", When(days=3)),
    ("en", "in three days", When(days=3)), ("zh", "星期五下午三点", When(weekday=4, minute=900)),
    ("zh", "这周五", When(weekday=4, week=0)),
    ("zh", "下周一上午十点", When(weekday=0, week=1, minute=600)),
    ("zh", "下个星期三三点", When(weekday=2, week=1, minute=900)),
    ("zh", "星期天晚上七点", When(weekday=6, minute=1140)),
    ("zh", "明天星期五", When(days=1, weekday=4)),
    ("yue", "下個禮拜三下晝三點", When(weekday=2, week=1, minute=900)),
    ("yue", "禮拜三", When(weekday=2)), ("en", "monday at three", When(weekday=0, minute=900)),
    ("en", "next friday", When(weekday=4, week=1)),
    ("en", "this friday morning at ten", When(weekday=4, week=0, minute=600)),
    ("en", "monday of next week", When(weekday=0, week=1)),
    ("zh", "今天下午", When(days=0, minute=900, until=1080)),
    ("en", "this evening", When(days=0, minute=1140, until=1320)),
    ("zh", "今天下午三点", When(days=0, minute=900)),
    ("en", "today at three", When(days=0, minute=900))])
def test_days_to_come(language: str, said: str, meant: When) -> None:
    assert when(language, said) == meant


@pytest.mark.parametrize(("language", "said", "minutes"), [
    ("zh", "一个半小时以后", 90), ("zh", "两个半钟头", 150), ("zh", "一刻钟后", 15),
    ("zh", "一小时半", 90), ("yue", "個半鐘", 90), ("yue", "半個鐘", 30), ("yue", "三個鐘後", 180),
    ("en", "in an hour and a half", 90), ("en", "in a couple of hours", 120)])
def test_half_hours_are_counted(language: str, said: str, minutes: int) -> None:
    assert when(language, said) == When(after_min=minutes)


@given(st.sampled_from(["zh", "yue", "en"]), st.text(max_size=40))
def test_any_text_is_a_time_or_none(language: str, text: str) -> None:
    found = when(language, text)
    assert found is None or found.minute is None or 0 <= found.minute < 24 * 60


@pytest.mark.parametrize("language", ["zh", "yue", "en"])
def test_what_is_listened_for_is_understood(language: str) -> None:
    phrases = when_grammar(language).phrases
    assert len(phrases) > 50
    assert all(when(language, phrase) for phrase in phrases)


@pytest.mark.parametrize("language", ["zh", "yue", "en"])
def test_a_few_phrases_are_made_at_a_time_and_all_once(language: str,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    understood: list[str] = []

    def count(language: str, said: str) -> When | None:
        understood.append(said)
        return when(language, said)
    monkeypatch.setattr(time_phrases, "when", count)
    monkeypatch.setattr(time_phrases, "_making", {})
    steps, made = 0, 0
    while make_some_times(language) is None:
        steps += 1
        assert len(understood) - made <= time_phrases.FEW
        made = len(understood)
    assert steps > 50
    assert make_some_times(language) is when_grammar(language)
    assert len(understood) - made <= time_phrases.FEW
    assert {"zh": "星期五下午三点", "yue": "星期五下晝三點", "en": "friday at three"}[language] \
        in when_grammar(language).phrases


def test_an_hour_that_is_none_is_listened_for_and_not_heard_as_one_that_is() -> None:
    assert "晚上一点" in when_grammar("zh").decoys
    assert "one o'clock in the evening" in when_grammar("en").decoys
