"""The real espeak-ng, measured; and its failures, told."""

from __future__ import annotations

import stat
from decimal import Decimal
from pathlib import Path

import pytest

from aftercall.provision.espeak import find_espeak
from ivr.prompts import EspeakVoice, Prompt, PromptBook
from ivr.prompts.errors import VoiceError
from tests.ivr.prompts.sounds import measure


@pytest.fixture(scope="module")
def argv() -> tuple[str, ...]:
    return find_espeak(lambda _: None).argv


@pytest.mark.parametrize("language", ["zh", "en", "yue"])
def test_what_is_heard_is_right_for_the_telephone(
        argv: tuple[str, ...], language: str, tmp_path: Path) -> None:
    book = PromptBook.create(tmp_path / "sounds", tmp_path / "human", argv)
    short = measure(book.render(Prompt("goodbye-wrong-person"), language))
    long = measure(book.render(Prompt("fallback"), language))
    for heard in (short, long):
        assert (heard.rate, heard.channels, heard.width) == (8000, 1, 2)
        assert -20 < heard.loudness < -16
        assert heard.peak < 0.95
        assert max(heard.edges_ms) < 300
    assert 0.8 < short.seconds < 6
    assert short.seconds * 1.5 < long.seconds < 20


def test_numbers_are_really_spoken(argv: tuple[str, ...], tmp_path: Path) -> None:
    book = PromptBook.create(tmp_path / "sounds", tmp_path / "human", argv)
    one, many = (measure(book.render(Prompt("read-back", {"value": Decimal(value)}), "zh"))
                 for value in ("5", "1234.5"))
    assert many.seconds > one.seconds + 1


def test_mandarin_is_not_spelt_out_letter_by_letter(argv: tuple[str, ...]) -> None:
    voice = EspeakVoice(argv)
    # a syllable of Mandarin takes a fraction of a second, spelt-out pinyin far more
    heard = measure(voice.speak("请按井号键确认您的体温", "zh", 150))
    assert 1.0 < heard.seconds < 0.6 * 11


@pytest.mark.parametrize(("script", "message"), [
    ("echo no such voice >&2; exit 1", "no such voice"), ("exit 3", "exit code 3"),
    ("exit 0", "could not speak zh")])
def test_a_voice_that_fails_says_why(tmp_path: Path, script: str, message: str) -> None:
    program = tmp_path / "espeak"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(VoiceError, match=message):
        EspeakVoice([str(program)]).speak("您好", "zh", 150)


def test_a_voice_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match="cannot be started: No such file"):
        EspeakVoice([str(tmp_path / "none")]).speak("您好", "zh", 150)


def test_a_language_without_a_voice_is_named(argv: tuple[str, ...]) -> None:
    with pytest.raises(VoiceError, match="fr"):
        EspeakVoice(argv).speak("bonjour", "fr", 150)
