"""The patient's line, heard by Asterisk: says prompts, waits for keys."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from followup.log import get_logger
from ivr.agi import AgiChannel, AgiCommandFailed, AgiHangup, Playback
from ivr.answering.detector import Verdict
from ivr.answering.watch import Watch
from ivr.conversation.events import Key, MachineHeard, Spoken
from ivr.line import Sounds
from ivr.prompts.errors import MissingSound
from ivr.prompts.prompt import Prompt
from ivr.prompts.tones import BEEP, QUIET, quiet_offset
from ivr.understanding import Grammar

log = get_logger(__name__)

KEYS = "0123456789*#"
SAMPLES_PER_MS = 8
NO_PITCH = "0"               # Hz
WATCHING_MS = 1000           # of a wait at a time, as a command cannot be broken off


class KeyLine:
    """A line that hears keys only."""

    hears_words = False

    def __init__(self, channel: AgiChannel, sounds: Sounds, language: str) -> None:
        self.channel = channel
        self.language = language
        self.watch: Watch | None = None
        self._sounds = sounds
        self._idle = False
        self.early: deque[str] = deque()         # keys that came before we listened

    async def say(self, prompts: Sequence[Prompt], interruptible: bool = True,
                  grammar: Grammar | None = None) -> Key | Spoken | MachineHeard | None:
        """Play prompts; the key that cut them, if any. A sound that is missing is passed over."""
        for prompt in prompts:
            if interruptible and self.early:
                return Key(self.early.popleft())
            if interruptible and self._machine():
                return MachineHeard(certain=True)
            try:
                file = await self._sounds.sound(prompt, self.language)
                played = await self._play(file, KEYS if interruptible else "")
            except MissingSound:
                continue                 # the alarm is raised where it was looked for
            except AgiCommandFailed as error:
                await self._sounds.unplayable(prompt, self.language, error.message)
                continue
            if played.digit:
                return Key(played.digit)
        return None

    async def listen(self, wait_ms: int,
                     grammar: Grammar | None = None) -> Key | Spoken | MachineHeard | None:
        """The next key, None when none comes in time."""
        if self.early:
            return Key(self.early.popleft())
        while True:
            if self._machine():
                return MachineHeard(certain=True)
            likely = self.watch is not None and self.watch.verdict is Verdict.LIKELY
            now_ms = min(wait_ms, WATCHING_MS) if likely else wait_ms
            played = await self._play(self._sounds.tone(QUIET), KEYS, quiet_offset(now_ms))
            wait_ms -= now_ms
            if played.digit or wait_ms <= 0:
                return Key(played.digit) if played.digit else None

    async def _play(self, file: str, keys: str = "", offset: int = 0) -> Playback:
        self._idle = False
        return await self.channel.stream_file(file, keys, offset)

    def _machine(self) -> bool:
        return self.watch is not None and self.watch.machine

    async def idle(self) -> None:
        """By a tone of no pitch: it needs no command of ours to go on, and any sound ends it."""
        with suppress(AgiHangup, AgiCommandFailed):
            await self.channel.exec("PlayTones", NO_PITCH)
            self._idle = True

    async def release(self) -> None:
        """Nothing holds the channel between commands but the sound of an idle line."""
        if self._idle:
            self._idle = False
            await self.channel.exec("StopPlayTones")

    async def record(self, path: Path, max_s: int, silence_s: int, end_key: str = "#") -> int:
        """Record a message after the beep, until a key or silence; the length of speech in ms.

        0 when it cannot be recorded (a full disk): the call goes on without it.
        """
        try:
            await self._play(self._sounds.tone(BEEP))
        except AgiCommandFailed:
            log.exception("the beep cannot be played")
        try:
            recorded = await self.channel.record_file(
                str(path), "wav", end_key, max_s * 1000, silence_s=silence_s)
        except AgiCommandFailed:
            log.exception("a message cannot be recorded")
            return 0
        length = recorded.end_offset // SAMPLES_PER_MS
        if recorded.reason == "timeout" and length < max_s * 1000:
            length -= silence_s * 1000          # the silence that ended it is no speech
        return max(0, length)
