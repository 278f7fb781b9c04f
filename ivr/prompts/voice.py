"""Voices: text to sound."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from ivr.prompts.errors import VoiceError
from ivr.prompts.speak import pinyin, plain


class Voice(Protocol):
    """A text-to-speech engine. Blocking: called from threads."""

    @property
    def name(self) -> str:
        """Changes whenever the same text would sound otherwise; part of the cache key."""

    def speaks(self, language: str) -> bool:
        """Whether it has a voice for this language at all."""

    def speak(self, text: str, language: str, words_per_minute: int) -> bytes:
        """``text`` as a WAV of any rate; VoiceError when it cannot be spoken."""


class EspeakVoice:
    """espeak-ng: robotic, but there on every machine.

    Mandarin goes to it as pinyin: its own reading of characters gets the many with several
    readings wrong, and in version 1.51 does not work at all.
    """

    VOICES: Mapping[str, str] = {"zh": "cmn-latn-pinyin", "en": "en-us", "yue": "yue"}
    TIMEOUT_S = 20

    def __init__(self, argv: Sequence[str]) -> None:
        """``argv``: how to start espeak-ng, its data folder included."""
        self.argv = tuple(argv)

    @property
    def name(self) -> str:
        return "espeak-ng-1"

    def speaks(self, language: str) -> bool:
        """Whether espeak-ng is known to speak it."""
        return language in self.VOICES

    def speak(self, text: str, language: str, words_per_minute: int) -> bytes:
        voice = self.VOICES.get(language)
        if voice is None:
            raise VoiceError(f"espeak-ng has no voice for the language {language}")
        words = pinyin(text) if language == "zh" else plain(text)
        with tempfile.TemporaryDirectory(prefix="aftercall-voice-") as folder:
            file = Path(folder) / "speech.wav"
            # the text goes by stdin: arguments show in the list of processes
            command = [*self.argv, "-b", "1", "-v", voice, "-s", str(words_per_minute),
                       "-w", str(file), "--stdin"]
            try:
                done = subprocess.run(command, input=words.encode(), capture_output=True,
                                      check=False, timeout=self.TIMEOUT_S)
            except OSError as error:
                raise VoiceError(f"espeak-ng cannot be started: {error.strerror}") from error
            except subprocess.TimeoutExpired as error:
                raise VoiceError(f"espeak-ng did not finish within {self.TIMEOUT_S} s") from error
            sound = file.read_bytes() if file.exists() else b""
            if done.returncode or len(sound) <= 44:
                said = done.stderr.decode(errors="replace").strip().splitlines()
                raise VoiceError(f"espeak-ng could not speak {language}: "
                                 f"{said[-1] if said else f'exit code {done.returncode}'}")
        return sound
