"""A line on which keys and words count at once: its sound passes through us by AudioSocket.

The channel runs Asterisk's AudioSocket application from the first word on, and is given back
(``release``) before anything else is done with it. When the application cannot be had, or ends
by itself while the call goes on, the call goes on by keys.
"""

from __future__ import annotations

import asyncio
import uuid
import wave
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from followup.log import get_logger
from ivr.agi import AgiChannel, AgiError, AgiHangup
from ivr.answering.watch import Watch
from ivr.audiosocket import FRAME_BYTES, AudioSocketServer, Session
from ivr.conversation.events import Key, MachineHeard, Spoken
from ivr.key_line import KeyLine
from ivr.line import Line, Sounds
from ivr.prompts.errors import MissingSound
from ivr.prompts.prompt import Prompt
from ivr.recognition.protocol import FRAME_MS, Ear, Hearing, Moment, RecogniserLost
from ivr.understanding import Grammar

log = get_logger(__name__)

CONNECT_S = 3.0
LEAVE_S = 5.0
FALSE_ALARMS = 2             # sounds that cut a prompt and were no words: then it is played through
SPARE_MS, WORD_MS = 2500, 600        # what an answer may take: hesitation, and each word of it
KEPT_SOUNDS = 256            # prompts in memory, some 40 kB each


@dataclass(frozen=True)
class Voice:
    """What lines need to hear words: where their sound comes in, and ears."""

    sockets: AudioSocketServer
    hearing: Hearing
    by_eagi: bool = False        # the sound comes by a script, not by AudioSocket


class VoiceLine:
    """The patient's line, heard by us."""

    connect_s = CONNECT_S

    def __init__(self, channel: AgiChannel, sounds: Sounds, language: str, voice: Voice) -> None:
        self.language = language
        self.watch: Watch | None = None
        self._channel = channel
        self._sounds = sounds
        self._sockets = voice.sockets
        self._hearing = voice.hearing
        self._by_keys = KeyLine(channel, sounds, language)
        self._voiceless = False      # from now on only keys
        self._deaf = False           # the recogniser has died
        self._false_alarms = 0       # one after the other
        self._session: Session | None = None
        self._running: asyncio.Task[str] | None = None
        self._ear: Listening | None = None

    # --- Line ----------------------------------------------------------------------------------

    @property
    def hears_words(self) -> bool:
        """Until the recogniser or the sound is lost."""
        return not (self._deaf or self._voiceless) and self.language in self._hearing.languages

    async def say(self, prompts: Sequence[Prompt], interruptible: bool = True,
                  grammar: Grammar | None = None) -> Key | Spoken | MachineHeard | None:
        """Play prompts; what cut them, if anything. A sound that is missing is passed over."""
        for number, prompt in enumerate(prompts):
            session = await self._session_or_none()
            if session is None:
                return await self._keys_only().say(prompts[number:], interruptible)
            await self._play(session, prompt)
            heard = await self._wait(session, interruptible, grammar if interruptible
                                     and self._false_alarms < FALSE_ALARMS else None, None)
            if isinstance(heard, Spoken):
                self._false_alarms = 0 if heard.text else self._false_alarms + 1
                return replace(heard, cut=True)
            if heard is not None:
                return heard
        return None

    async def listen(self, wait_ms: int,
                     grammar: Grammar | None = None) -> Key | Spoken | MachineHeard | None:
        """The next key or words; while somebody is speaking the time does not run out."""
        session = await self._session_or_none()
        if session is None:
            return await self._keys_only().listen(wait_ms)
        until = asyncio.get_running_loop().time() + wait_ms / 1000
        heard = await self._wait(session, True, grammar, until)
        if isinstance(heard, Spoken) and heard.text:
            self._false_alarms = 0
        return heard

    async def record(self, path: Path, max_s: int, silence_s: int, end_key: str = "#") -> int:
        """By Asterisk, as without a voice."""
        await self.release()
        return await self._keys_only().record(path, max_s, silence_s, end_key)

    async def idle(self) -> None:
        """There is sound all the while, unless it goes on by keys."""
        if self._voiceless:
            await self._by_keys.idle()

    async def release(self) -> None:
        """Let the AudioSocket application end; AgiHangup when the call is over."""
        self._forget_ear()
        session, running = self._session, self._running
        self._session = self._running = None
        if session is not None:
            session.leave()
        if running is not None:
            await self._ended(running)
        await self._by_keys.release()

    # --- waiting -------------------------------------------------------------------------------

    async def _wait(self, session: Session, interruptible: bool, grammar: Grammar | None,
                    until: float | None) -> Key | Spoken | MachineHeard | None:
        """Until what plays is over, or ``until``; whatever is heard before ends it."""
        if self.watch is not None:
            self.watch.on_machine = session.poke
        ear = self._listening(grammar, session)
        loop = asyncio.get_running_loop()
        while True:
            session.changed.clear()
            if interruptible and session.keys:
                return self._key(session)
            if session.closed:
                return await self._closed(until)
            if interruptible and self.watch is not None and self.watch.machine:
                session.fall_silent()
                self._forget_ear()
                return MachineHeard(certain=True)
            if ear is not None and ear.speaking:
                session.fall_silent()
            if ear is not None and ear.finished:
                return await self._words(session, ear)
            speaking = ear is not None and ear.speaking
            if until is None and not session.playing and not speaking:
                return None
            left = None if until is None else until - loop.time()
            if left is not None and left <= 0 and not speaking:
                return None
            try:
                async with asyncio.timeout(None if left is None or left <= 0 else left):
                    await session.changed.wait()
            except TimeoutError:
                pass

    def _key(self, session: Session) -> Key:
        session.fall_silent()
        self._forget_ear()
        return Key(session.keys.popleft())

    async def _words(self, session: Session, ear: Listening) -> Key | Spoken | None:
        """What was said; a key that comes before the recogniser is done wins."""
        self._ear = None
        asked = asyncio.create_task(ear.ear.heard())
        try:
            while not asked.done():
                session.changed.clear()
                if session.keys:
                    return self._key(session)
                woken = asyncio.create_task(session.changed.wait())
                await asyncio.wait({asked, woken}, return_when=asyncio.FIRST_COMPLETED)
                woken.cancel()
                if session.closed:
                    break
            heard = await asked
        except RecogniserLost:
            log.exception("the recogniser is lost, the call goes on by keys")
            self._deaf = True
            return Spoken("", 0.0)
        finally:
            asked.cancel()
            ear.close()
        if heard.text and ear.spoken_ms > longest_ms(heard.text):
            log.info("too long for what was recognised in it", spoken_ms=ear.spoken_ms)
            return Spoken("", 0.0)
        return Spoken(heard.text, heard.confidence)

    async def _closed(self, until: float | None) -> Key | Spoken | MachineHeard | None:
        """The socket is closed: because the patient has hung up, or it is to be keys from now."""
        running, self._running, self._session = self._running, None, None
        self._forget_ear()
        if running is not None:
            await self._ended(running)
        log.warning("the call's sound was cut off, it goes on by keys")
        self._voiceless = True
        if until is None:
            return None
        left = until - asyncio.get_running_loop().time()
        return await self._keys_only().listen(max(0, round(left * 1000)))

    # --- the ear -------------------------------------------------------------------------------

    def _listening(self, grammar: Grammar | None, session: Session) -> Listening | None:
        if self._ear is not None and self._ear.grammar == grammar:
            return self._ear
        self._forget_ear()
        if grammar is None or not self.hears_words:
            return None
        self._ear = Listening(grammar, self._hearing.ear(grammar), session)
        return self._ear

    def _forget_ear(self) -> None:
        if self._ear is not None:
            self._ear.close()
            self._ear = None

    # --- the socket ----------------------------------------------------------------------------

    async def _session_or_none(self) -> Session | None:
        if self._voiceless:
            return None
        if self._session is not None and not self._session.closed:
            return self._session
        if self._session is not None:
            await self._closed(None)
            return None
        name, coming = self._sockets.expect()
        running = asyncio.create_task(self._run_application(name))
        waited: set[asyncio.Future[Any]] = {coming, running}
        await asyncio.wait(waited, timeout=self.connect_s, return_when=asyncio.FIRST_COMPLETED)
        if coming.done():
            self._session, self._running = coming.result(), running
            return self._session
        coming.cancel()
        self._voiceless = True
        log.error("the call's sound does not come to us, it goes on by keys")
        await self._ended(running)
        return None

    def _run_application(self, name: uuid.UUID) -> Coroutine[Any, Any, str]:
        """The application that connects to us by ``name``, and ends when its session is left."""
        return self._channel.exec("AudioSocket", str(name), self._sockets.address)

    async def _ended(self, running: asyncio.Task[str]) -> None:
        """The application has let go of the channel; AgiHangup when the call is over."""
        try:
            async with asyncio.timeout(LEAVE_S):
                await running
        except AgiHangup:
            raise
        except (AgiError, TimeoutError):
            log.exception("the application that brought us the sound did not end well")
        if self._channel.hung_up:
            raise AgiHangup("the call is over")

    def _keys_only(self) -> Line:
        self._by_keys.language = self.language
        self._by_keys.watch = self.watch
        return self._by_keys

    async def _play(self, session: Session, prompt: Prompt) -> None:
        session.play(await self._sound_of(prompt))

    async def _sound_of(self, prompt: Prompt) -> bytes:
        try:
            file = await self._sounds.sound(prompt, self.language)
            return await asyncio.to_thread(read_sound, Path(f"{file}.wav"))
        except MissingSound:
            pass                         # the alarm is raised where it was looked for
        except (OSError, wave.Error, EOFError) as error:
            await self._sounds.unplayable(prompt, self.language,
                                          str(error) or type(error).__name__)
        return b""


class Listening:
    """An ear on a session's sound."""

    def __init__(self, grammar: Grammar, ear: Ear, session: Session) -> None:
        self.grammar = grammar
        self.ear = ear
        self.speaking = False
        self.finished = False
        self.spoken_ms = 0           # from the onset to the end, its silence included
        self._session = session
        self._rest = b""
        session.on_sound = self._hear

    def _hear(self, sound: bytes) -> None:
        self._rest += sound
        while len(self._rest) >= FRAME_BYTES and not self.finished:
            frame, self._rest = self._rest[:FRAME_BYTES], self._rest[FRAME_BYTES:]
            self.spoken_ms += FRAME_MS if self.speaking else 0
            match self.ear.push(frame):
                case Moment.ONSET:
                    self.speaking = True
                    self._session.poke()
                case Moment.ENDPOINT:
                    self.speaking, self.finished = False, True
                    self._session.poke()

    def close(self) -> None:
        """Stop listening."""
        if self._session.on_sound == self._hear:
            self._session.on_sound = None
        self.ear.close()


def longest_ms(text: str) -> int:
    """How long somebody may take over ``text``.

    A recogniser finds a phrase in anything: in an announcement, in a story. "Yes" takes no six
    seconds, and a machine must not be taken for the patient.
    """
    words = sum(len(word) if ord(word[0]) > 0x2E80 else 1 for word in text.split())
    return SPARE_MS + WORD_MS * words


@lru_cache(maxsize=KEPT_SOUNDS)
def read_sound(path: Path) -> bytes:
    """The samples of a telephone WAV (8 kHz, mono, 16 bit), as it was made by the prompt book."""
    with wave.open(str(path), "rb") as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (8000, 1, 2):
            raise wave.Error(f"{path.name}: expected 8 kHz, mono, 16 bit")
        return file.readframes(file.getnframes())
