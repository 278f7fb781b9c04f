"""When to call back, as people say it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.understanding import When, when, when_grammar


@pytest.mark.parametrize(("language", "said", "meant"), [
    ("zh", "一个小时以后", When(after_min=60)), ("zh", "半小时后", When(after_min=30)),
    ("zh", "二十分钟后", When(after_min=20)), ("zh", "明天", When(days=1)),
    ("zh", "下午三点半", When(minute=930)), ("zh", "三点", When(minute=900)),
    ("zh", "上午十点", When(minute=600)), ("zh", "晚上八点一刻", When(minute=1215)),
    ("zh", "明天上午九点二十分", When(days=1, minute=560)), ("zh", "十五点三十", When(minute=930)),
    ("zh", "今晚八点", When(minute=1200)), ("yue", "今晚八點", When(minute=1200)),
    ("zh", "明晚七点半", When(days=1, minute=1170)), ("zh", "明早", When(days=1, minute=540)),
    ("zh", "后天下午三点", When(days=2, minute=900)), ("zh", "后天", When(days=2)),
    ("en", "tonight at eight", When(minute=1200)), ("yue", "聽晚", When(days=1, minute=1140)),
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


@given(st.sampled_from(["zh", "yue", "en"]), st.text(max_size=40))
def test_any_text_is_a_time_or_none(language: str, text: str) -> None:
    found = when(language, text)
    assert found is None or found.minute is None or 0 <= found.minute < 24 * 60


@pytest.mark.parametrize("language", ["zh", "yue", "en"])
def test_what_is_listened_for_is_understood(language: str) -> None:
    phrases = when_grammar(language).phrases
    assert len(phrases) > 50
    assert all(when(language, phrase) for phrase in phrases)
