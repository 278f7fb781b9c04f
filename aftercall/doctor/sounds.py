"""Checks of what patients hear: the sounds that Asterisk needs, prompts left out, the voices."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from aftercall.doctor.result import Result, fail, ok, warn
from aftercall.provision.asterisk import SUITE
from aftercall.provision.debtree import READY_MARK
from aftercall.provision.espeak import OLDEST, find_espeak
from aftercall.provision.paths import cache_dir
from followup.secrets import read_secrets
from followup.settings import Settings
from ivr.prompts.alarms import Alarms
from ivr.prompts.files import SoundFiles
from ivr.prompts.fixed import ANNOUNCEMENTS, CONNECTING
from ivr.prompts.voice import EspeakVoice

NAMED = 5                    # alarms that are told one by one


def sounds(settings: Settings) -> Result:
    """What Asterisk says by itself is there, and no call had to do without a prompt."""
    fixed = (*ANNOUNCEMENTS, f"hold/{CONNECTING}")
    missing = [f"{language}/{name}" for language in settings.prompts.languages for name in fixed
               if not SoundFiles.has(settings.sounds_dir / language / f"{name}.wav")]
    if missing:
        return fail("sounds", f"missing or empty: {', '.join(missing)}",
                    "`aftercall up` renders them; until then callers hear a tone")
    skipped = list(Alarms(settings.sounds_dir / "skipped"))
    if skipped:
        newest = sorted(skipped, key=lambda alarm: alarm.at, reverse=True)
        told = "; ".join(f"{alarm.language}/{alarm.prompt_id} ({alarm.why})"
                         for alarm in newest[:NAMED])
        more = f" and {len(newest) - NAMED} more" if len(newest) > NAMED else ""
        return warn("sounds", f"left out of calls, last at {newest[0].at:%Y-%m-%d %H:%M} UTC: "
                    f"{told}{more}", "record them (`aftercall prompts add`), or mend the voice; "
                    "an alarm ends when its prompt is heard again")
    rendered = sum(1 for _ in settings.sounds_dir.rglob("*.wav"))
    recorded = ", ".join(f"{language}: {_recorded(settings.human_prompts_dir / language)}"
                         for language in settings.prompts.languages)
    return ok("sounds", f"{rendered} files; recorded by people: {recorded}")


def voice(settings: Settings) -> Result:
    """Who speaks which language. Nothing is asked of a provider: that may cost money."""
    chosen = settings.voice
    languages = settings.prompts.languages
    if chosen.kind == "espeak":
        return ok("voice", f"espeak-ng for {', '.join(languages)}")
    host = urlsplit(chosen.url).netloc
    secrets = read_secrets(settings.data_dir)
    key = chosen.key.get_secret_value() or (secrets.voice.get_secret_value() if secrets else "")
    if chosen.needs_key and not key:
        return fail("voice", f"{host} needs a key, and there is none",
                    "set AFTERCALL_VOICE__KEY, or the line `voice` in secrets.toml; until then "
                    "espeak-ng speaks")
    names = "names stay here" if chosen.names_locally else "patients' names are sent there"
    seen = f"{host} for {', '.join(chosen.voices)}; {names}"
    others = [language for language in languages if language not in chosen.voices]
    if others:
        return warn("voice", f"{seen}; espeak-ng for {', '.join(others)}",
                    "name a voice of the provider in voice.voices, or leave it so")
    return ok("voice", seen)


def synthesis(settings: Settings) -> Result:
    """espeak-ng is there, new enough, and has a voice for each language."""
    todo = "install espeak-ng 1.50 or newer, or run `make demo` once, which fetches it"
    if (cache_dir() / f"debian-{SUITE}" / READY_MARK).exists():
        found = find_espeak(lambda _: None)
        return _voices(found.argv, found.version, settings)
    # no find_espeak here: it would begin to download
    binary = shutil.which("espeak-ng")
    if binary is None:
        return fail("speech synthesis", "espeak-ng is neither on PATH nor in the cache", todo)
    version = re.search(r"(\d+)\.(\d+)", _told((binary, "--version")))
    if version is None or (int(version[1]), int(version[2])) < OLDEST:
        return fail("speech synthesis", f"{binary} is too old to read pinyin", todo)
    return _voices((binary,), version[0], settings)


def _voices(argv: Sequence[str], version: str, settings: Settings) -> Result:
    there = set(_told((*argv, "--voices")).split())
    mute = [language for language in settings.prompts.languages
            if EspeakVoice.VOICES.get(language) not in there]
    if mute:
        return fail("speech synthesis", f"espeak-ng {version} has no voice for {', '.join(mute)}",
                    "install the whole espeak-ng-data, or record every prompt of the language")
    return ok("speech synthesis",
              f"espeak-ng {version} speaks {', '.join(settings.prompts.languages)}")


def _told(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=5).stdout


def _recorded(folder: Path) -> int:
    return sum(1 for _ in folder.rglob("*.wav"))
