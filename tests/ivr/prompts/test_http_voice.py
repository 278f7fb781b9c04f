"""A voice far away, over real HTTP: asked as the settings say, and put up with on its bad days."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from followup.voice_settings import VoiceSettings
from ivr.prompts import Prompt, PromptBook, decoding
from ivr.prompts import http_voice as module
from ivr.prompts.errors import VoiceError
from ivr.prompts.http_voice import HttpVoice
from ivr.prompts.speak import fill
from tests.fakes.tts import Provider, provider
from tests.ivr.prompts.sounds import measure, tone
from tests.ivr.prompts.test_book import SAMPLE, ToneVoice

HEADERS = {"Authorization": "Bearer {key}", "X-Voice": "{voice}/{language}"}


@pytest.fixture
def far() -> Iterator[Provider]:
    with provider() as far:
        yield far


def voice_at(far: Provider, key: str = "s3cret", **more: Any) -> HttpVoice:
    settings = VoiceSettings(**{"kind": "http", "url": far.url, "headers": HEADERS,
                                "voices": {"zh": "xiaoyan", "en": "amy"}, "timeout_s": 2, **more})
    return HttpVoice(settings, key, backoff_s=0.01)


def test_what_the_settings_say_is_sent_and_a_sound_comes_back(far: Provider) -> None:
    voice = voice_at(far, body={
        "input": {"text": "{text}"}, "voice": {"name": "{voice}", "lang": "{language}-CN"},
        "audio": ["wav", {"rate": "{rate}", "speed": "{speed}"}], "raw": 16000})
    text = fill("请问您是{name}吗？体温38.5度", {"name": "{key}"}, "zh")
    heard = measure(voice.speak(text, "zh", 120))
    assert heard.seconds == pytest.approx(0.5, abs=0.01)
    [asked] = far.seen
    # in words, without the marks around a name; braces in what is said mean nothing
    assert asked.body == {
        "input": {"text": "请问您是{key}吗？体温三十八点五度"},
        "voice": {"name": "xiaoyan", "lang": "zh-CN"},
        "audio": ["wav", {"rate": 120, "speed": 0.8}], "raw": 16000}
    assert asked.headers["X-Voice"] == "xiaoyan/zh"


def test_a_form_with_the_key_in_it_and_base64_in_json(far: Provider) -> None:
    far.as_json = True
    voice = voice_at(far, send="form", audio_field="result.0.audio",
                     body={"tex": "{text}", "tok": "{key}", "spd": "{rate}", "ctp": 1})
    assert measure(voice.speak("您好", "zh", 150)).seconds > 0.4
    assert far.seen[0].body == {"tex": "您好", "tok": "s3cret", "spd": "150", "ctp": "1"}


@pytest.mark.parametrize("fault", [429, 500, 503, "cut"])
def test_what_may_pass_is_tried_again(far: Provider, fault: object) -> None:
    far.faults = [fault, fault]
    assert voice_at(far).speak("您好", "zh", 150)
    assert len(far.seen) == 3


def test_a_pause_that_is_asked_for_is_kept(far: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(module.asyncio, "sleep", sleep)
    far.headers = {"Retry-After": "3"}
    far.faults = [429, 503]
    assert voice_at(far).speak("您好", "zh", 150)
    far.headers = {"Retry-After": "86400"}
    far.faults = [429]
    assert voice_at(far).speak("您好", "zh", 150)
    assert pauses == [3.0, 3.0, module.LONGEST_PAUSE_S]


@pytest.mark.parametrize(("faults", "message", "asked"), [
    ([503] * 3, "answers 503", 3), ([429] * 3, "answers 429", 3), ([400], "answers 400", 1),
    ([401], "the key is not accepted", 1), (["redirect"], "somewhere else; correct voice.url", 1),
    (["slow"] * 3, "does not answer within 0.3 s", 3),
    (["drip"] * 3, "does not answer within 0.3 s", 3), (["cut"] * 3, "cannot be reached", 3)])
def test_a_failure_is_told_without_what_was_said(
        far: Provider, faults: list[object], message: str, asked: int) -> None:
    far.faults = list(faults)
    with pytest.raises(VoiceError, match=message) as told:
        voice_at(far, timeout_s=0.3).speak("请问您是张三吗", "zh", 150)
    assert len(far.seen) == asked
    assert "127.0.0.1" in told.value.message
    assert "张三" not in told.value.message
    assert "s3cret" not in told.value.message


def test_a_wrong_key_and_a_missing_one(far: Provider) -> None:
    with pytest.raises(VoiceError, match="answers 401: the key is not accepted"):
        voice_at(far, key="other").speak("您好", "zh", 150)
    for key in ("", "two\nlines"):
        with pytest.raises(VoiceError, match="needs a key"):
            voice_at(far, key=key).speak("您好", "zh", 150)
    assert len(far.seen) == 1


@pytest.mark.parametrize("answer", [
    b"", b"<html>Not a sound</html>", tone()[:60], b"RIFF" + bytes(50)])
def test_an_answer_that_is_no_sound_is_refused(far: Provider, answer: bytes) -> None:
    far.sound = answer
    with pytest.raises(VoiceError, match="its answer"):
        voice_at(far).speak("您好", "zh", 150)


def test_an_answer_without_the_field_is_refused(far: Provider) -> None:
    for path in ("audio", "result.0.sound", "result.7.audio", "result.audio", "result.0.audio.x"):
        far.as_json = True
        with pytest.raises(VoiceError, match=f"without a sound in base64 at {path}"):
            voice_at(far, audio_field=path).speak("您好", "zh", 150)
    far.as_json = False
    with pytest.raises(VoiceError, match="without a sound in base64"):
        voice_at(far, audio_field="result.0.audio").speak("您好", "zh", 150)


def test_an_answer_without_end_is_cut_off(far: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1_000_000)
    far.sound = tone(seconds=80)
    with pytest.raises(VoiceError, match="more than 1 MB"):
        voice_at(far).speak("您好", "zh", 150)


def test_a_format_that_needs_ffmpeg_says_so(far: Provider,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "find_ffmpeg", lambda: None)
    far.sound = b"ID3" + bytes(500)
    with pytest.raises(VoiceError, match="MP3 needs ffmpeg"):
        voice_at(far).speak("您好", "zh", 150)


def test_nobody_listening_is_told() -> None:
    with provider() as gone:
        pass
    with pytest.raises(VoiceError, match="cannot be reached"):
        voice_at(gone, retries=0).speak("您好", "zh", 150)


def test_a_provider_that_stays_ill_is_left_alone_for_a_while(
        far: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    far.faults = [400] * 100
    voice = voice_at(far)
    for _ in range(10):
        with pytest.raises(VoiceError, match="answers 400"):
            voice.speak("您好", "zh", 150)
    assert len(far.seen) == module.PATIENCE
    far.faults = []
    clock = module.time.monotonic() + module.REST_S + 1
    monkeypatch.setattr(module.time, "monotonic", lambda: clock)
    assert voice.speak("您好", "zh", 150)
    far.faults = [400]
    with pytest.raises(VoiceError):
        voice.speak("您好", "zh", 150)
    assert voice.speak("您好", "zh", 150), "one failure is no illness"


def test_another_voice_makes_other_files_and_another_key_does_not(far: Provider) -> None:
    name = voice_at(far).name
    assert voice_at(far, key="other").name == name
    assert voice_at(far, voices={"zh": "xiaoyan", "en": "joe"}).name != name
    assert voice_at(far, body={"text": "{text}", "pitch": 2}).name != name


def test_a_campaign_is_prepared_with_the_provider_down_and_mended_when_it_is_back(
        far: Provider, tmp_path: Path) -> None:
    local = ToneVoice()
    book = PromptBook(tmp_path / "sounds", tmp_path / "human", voice_at(far), local=local)
    book.learn(SAMPLE)
    prompts = [Prompt("goodbye", {}, "zh"), Prompt("fallback", {}, "en"),
               Prompt("post-discharge/identity", {"name": "张三"}, "zh")]
    far.faults = [503] * 6
    done = book.prepare(prompts)
    assert done.rendered == 3
    assert [fault.partition("/")[0] for fault in done.faults] == [
        f"the voice at {far.url.split('/')[2]} answers 503; the voice on this machine speaks "
        "instead"]
    assert book.prepare(prompts).faults == []
    assert measure(book.render(prompts[0])).seconds == pytest.approx(0.5, abs=0.05)
    assert not any("张三" in str(asked.body) for asked in far.seen)


# --- settings ----------------------------------------------------------------------------------

GOOD = {"kind": "http", "url": "https://tts.example/v1", "voices": {"zh": "x"}}


@pytest.mark.parametrize(("wrong", "told"), [
    ({"url": ""}, "url: expected the provider's address"),
    ({"url": "http://tts.example/v1"}, "expected https"),
    ({"url": "https://user:word@tts.example/v1"}, "url"), ({"url": "ftp://tts.example"}, "url"),
    ({"voices": {}}, "voices: expected a voice a language"), ({"voices": {"fr": "x"}}, "voices.fr"),
    ({"body": {"input": "text"}}, 'expected "{text}" somewhere'),
    ({"body": {"input": "{text}{nmae}"}}, "found {nmae}"),
    ({"headers": {"X": "{password}"}}, "found {password}"),
    ({"headers": {"X-A": "a\r\nX-B: b"}}, "one line"),
    ({"headers": {"X A": "a"}}, "a header's name"),
    ({"send": "form", "body": {"a": {"b": "{text}"}}}, "plain values when send is form"),
    ({"audio_field": "a..b"}, "audio_field"), ({"retries": 9}, "retries"),
    ({"timeout_s": 0}, "timeout_s"), ({"colour": "red"}, "colour")])
def test_wrong_settings_are_told_by_name(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        VoiceSettings(**{**GOOD, **wrong})
    assert told in str(refused.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:5000/tts", "http://10.1.2.3/tts",
                                 "http://localhost:8000", "https://tts.example"])
def test_a_voice_within_the_hospital_needs_no_tls(url: str) -> None:
    assert VoiceSettings(**{**GOOD, "url": url}).url == url
