"""The doctor tells which sounds and voices are missing, by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aftercall.doctor import Status
from aftercall.doctor import sounds as checks
from aftercall.provision.espeak import find_espeak
from followup.secrets import load_secrets
from followup.settings import Settings, load_settings
from ivr.prompts.alarms import Alarms
from tests.doctor.test_examination import give_sounds

FAR = {"kind": "http", "url": "https://tts.example/v1", "voices": {"zh": "x", "en": "y"},
       "headers": {"Authorization": "Bearer {key}"}}


def house(**more: Any) -> Settings:
    return load_settings(**more)


def test_a_sound_that_asterisk_needs_is_missed_by_language_and_name() -> None:
    settings = house(prompts={"languages": ["zh", "yue"]})
    give_sounds(settings)
    assert checks.sounds(settings).status is Status.OK
    (settings.sounds_dir / "yue" / "hold" / "connecting.wav").write_bytes(b"")
    result = checks.sounds(settings)
    assert result.status is Status.FAIL
    assert "yue/hold/connecting" in result.seen
    assert "zh/" not in result.seen


def test_prompts_that_calls_did_without_are_named() -> None:
    settings = house()
    give_sounds(settings)
    alarms = Alarms(settings.sounds_dir / "skipped")
    for number in range(7):
        alarms.raise_for(f"post-discharge/q{number}", "zh", "the voice is lost")
    result = checks.sounds(settings)
    assert result.status is Status.WARN
    assert "zh/post-discharge/q" in result.seen
    assert "(the voice is lost)" in result.seen
    assert "and 2 more" in result.seen
    for number in range(7):
        alarms.clear(f"post-discharge/q{number}", "zh")
    assert checks.sounds(settings).status is Status.OK


def test_recordings_are_counted_by_language() -> None:
    settings = house()
    give_sounds(settings)
    (settings.human_prompts_dir / "zh").mkdir(parents=True)
    (settings.human_prompts_dir / "zh" / "greeting.wav").write_bytes(b"x")
    assert "zh: 1, en: 0" in checks.sounds(settings).seen


def test_the_voice_is_named_with_what_it_is_told() -> None:
    assert checks.voice(house()).seen == "espeak-ng for zh, en"
    result = checks.voice(house(voice={**FAR, "key": "k"}))
    assert (result.status, result.seen) == (
        Status.OK, "tts.example for zh, en; names stay here")
    result = checks.voice(house(voice={**FAR, "key": "k", "names_locally": False}))
    assert "patients' names are sent there" in result.seen
    result = checks.voice(house(voice={**FAR, "key": "k"}, prompts={"languages": ["zh", "yue"]}))
    assert result.status is Status.WARN
    assert "espeak-ng for yue" in result.seen


def test_a_voice_without_its_key_fails_until_there_is_one() -> None:
    settings = house(voice=FAR)
    result = checks.voice(settings)
    assert result.status is Status.FAIL
    assert "AFTERCALL_VOICE__KEY" in result.what_to_do
    load_secrets(settings.data_dir)
    assert checks.voice(settings).status is Status.FAIL
    file = settings.data_dir / "secrets.toml"
    file.write_text(file.read_text().replace("[agents]", 'voice = "k"\n[agents]'))
    assert checks.voice(settings).status is Status.OK


def test_a_language_without_a_voice_is_named(tmp_path: Path,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    settings = house(prompts={"languages": ["zh", "en", "yue"]})
    find_espeak(lambda _: None)
    assert checks.synthesis(settings).seen.endswith("speaks zh, en, yue")
    program = tmp_path / "espeak-ng"
    program.write_text('#!/bin/sh\n[ "$1" = --voices ] && echo "2 en-us" || echo "eSpeak 1.51"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(checks, "cache_dir", lambda: tmp_path / "none")
    result = checks.synthesis(settings)
    assert result.status is Status.FAIL
    assert "has no voice for zh, yue" in result.seen
