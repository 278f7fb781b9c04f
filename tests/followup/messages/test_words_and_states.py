"""What a message says, costs and becomes, without any provider."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from followup.message_settings import MessageSettings
from followup.messages.acs import canonical_query, sign
from followup.messages.states import (
    CHECKED_FOR,
    Fate,
    MessageState,
    after,
    next_check,
    wait_before_again,
)
from followup.messages.wording import (
    WrongWord,
    check,
    fill,
    parts,
    signed,
    variables,
    wants_no_more,
)
from tests.fakes.sms import KEY_ID, REPLY, SECRET, SIGN_NAME, TEMPLATES

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def test_a_template_is_filled_and_never_again_looked_at() -> None:
    assert variables(REPLY) == ("hospital", "name", "number", "content")
    said = fill(REPLY, {"hospital": "和安医院", "name": "王秀英", "number": "C000001",
                        "content": "${name}已处理"})
    assert said == "和安医院：王秀英您好，关于您反映的事项（C000001）：${name}已处理。退订回T"
    assert "${content}" in fill(REPLY, {"name": "王"})


@pytest.mark.parametrize(("typed", "wrong"), [
    ("已处理", None), ("", WrongWord.MISSING), ("  ", WrongWord.MISSING),
    ("长" * 31, WrongWord.TOO_LONG), ("两\n行", WrongWord.LINES), ("零\u200b宽", WrongWord.LINES),
    ("【别的医院】", WrongWord.BRACKETS)])
def test_what_is_typed_is_held_against_the_template(typed: str, wrong: WrongWord | None) -> None:
    faults = check(REPLY, {"content": typed}, {"content": 30})
    assert faults == ({"content": wrong} if wrong else {})


@pytest.mark.parametrize(("length", "count"), [(4, 1), (70, 1), (71, 2), (134, 2), (135, 3)])
def test_parts_are_counted_as_chinese_networks_do(length: int, count: int) -> None:
    text = signed("院", "字" * (length - 3))
    assert (len(text), parts(text)) == (length, count)


@pytest.mark.parametrize(("reply", "stops"), [
    ("T", True), ("td", True), ("ＴＤ", True), (" 退订。", True), ("退订！", True), ("Stop", True),
    ("谢谢", False), ("请不要退订我的预约", False), ("TT", False), ("", False)])
def test_who_wants_no_more_is_understood_and_nobody_else(reply: str, stops: bool) -> None:
    assert wants_no_more(reply) is stops


fates = st.lists(st.sampled_from(Fate), max_size=8)


@given(st.sampled_from([MessageState.SENDING, MessageState.SENT, MessageState.UNSURE]), fates)
def test_receipts_in_any_order_and_number_never_lead_back_to_the_queue(
        state: MessageState, told: list[Fate]) -> None:
    for fate in told:
        before, state = state, after(state, fate)
        assert state not in (MessageState.QUEUED, MessageState.SENDING) or state is before
        if before is MessageState.DELIVERED:
            assert state is MessageState.DELIVERED
    if Fate.DELIVERED in told:
        assert state is MessageState.DELIVERED
    assert after(state, told[-1]) is state if told else True


def test_nothing_said_of_a_message_that_was_not_handed_over_moves_it() -> None:
    for fate in Fate:
        assert after(MessageState.QUEUED, fate) is MessageState.QUEUED


@given(st.integers(0, 5000))
def test_a_message_is_asked_about_ever_more_rarely_and_not_for_ever(minutes: int) -> None:
    moment = START + timedelta(minutes=minutes)
    asked = next_check(START, moment)
    assert (asked is None) == (moment - START >= CHECKED_FOR)
    assert asked is None or asked > moment


def test_trying_again_waits_ever_longer_up_to_an_hour() -> None:
    waits = [wait_before_again(attempts) for attempts in range(1, 12)]
    assert waits == sorted(waits)
    assert waits[0] >= timedelta(minutes=1)
    assert waits[-1] == timedelta(hours=1)


def test_the_signature_is_the_one_of_the_providers_own_example() -> None:
    query = canonical_query({"RegionId": "cn-shanghai",
                             "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"})
    headers = sign(host="ecs.cn-shanghai.aliyuncs.com", action="RunInstances",
                   version="2014-05-26", query=query, key_id="YourAccessKeyId",
                   secret="YourAccessKeySecret", nonce="3156853299f313e23d1673dc12e1703d",
                   moment=datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC))
    assert headers["Authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;"
        "x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0")


def test_what_is_signed_is_escaped_as_the_provider_wants_it() -> None:
    assert canonical_query({"b": "a b*~/", "a": "王"}) == "a=%E7%8E%8B&b=a%20b%2A~%2F"


GOOD = {"access_key_id": KEY_ID, "access_key_secret": SECRET, "sign_name": SIGN_NAME,
        "templates": TEMPLATES}


@pytest.mark.parametrize(("change", "told"), [
    ({"endpoint": "http://dysmsapi.aliyuncs.com"}, "expected https"),
    ({"templates": [{**TEMPLATES[1], "text": "${内容}"}]}, r"found \$\{内容\}"),
    ({"templates": [{**TEMPLATES[1], "text": "【院】好"}]}, "without 【】"),
    ({"templates": [TEMPLATES[0], TEMPLATES[0]]}, "each code once"),
    ({"templates": [{**TEMPLATES[1], "labels": {"content": "内容"}}]}, "variables of the text"),
    ({"window_start": "20:00", "window_end": "08:00"}, "window_end")])
def test_settings_that_cannot_work_are_refused(change: dict[str, object], told: str) -> None:
    assert MessageSettings.model_validate(GOOD).valid_hours == 24
    with pytest.raises(ValidationError, match=told):
        MessageSettings.model_validate({**GOOD, **change})
