"""Lines with noise, music or a television on them: keys work, prompts are heard, calls end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from followup.calls.models import Disposition
from ivr.answering.sound import RATE
from ivr.audiosocket import FRAME_BYTES, AudioSocketServer, Kind, pack
from ivr.conversation import begin, keys, speech
from ivr.conversation import flow as flow_module
from ivr.conversation.events import Key, Spoken
from ivr.driver import Ended, converse
from ivr.prompts.prompt import Prompt
from ivr.recognition import RecognisingHearing
from ivr.recognition.protocol import Heard
from ivr.understanding import Grammar
from ivr.voice_line import FALSE_ALARMS, Voice, VoiceLine
from tests.ivr.answering.lines import greeting, quiet, speakers, tone, vowels
from tests.ivr.conversation.driver import CONTEXT, SAMPLE
from tests.ivr.test_driver import Desk, Telephone
from tests.ivr.test_voice_line import Channel, Sounds, write_prompt

SECONDS = 6
FASTER = 25                  # than real: so many frames of 20 ms come each 20 ms


def _music() -> np.ndarray:
    moments = np.arange(RATE * SECONDS) / RATE
    return np.asarray(sum(
        np.sin(2 * np.pi * hertz * moments) * (1 + np.sin(2 * np.pi * beat * moments))
        for hertz, beat in ((262, 2.0), (330, 1.3), (392, 0.7), (523, 3.0))) * 1500, np.int16)


def _babble() -> np.ndarray:
    """Several people at once, in the background."""
    people = list(speakers().values())[:4] or [[vowels(SECONDS)]]
    voices = [np.resize(greeting(words[:12]), RATE * SECONDS) for words in people]
    return np.asarray(sum(voice * 0.4 for voice in voices), np.int16)


NOISES = {"hiss": quiet(SECONDS, 800), "music": _music(), "babble": _babble(),
          "one-voice": vowels(SECONDS), "hum": tone(100, SECONDS, 3000)}


class NoWords:
    """A recogniser that hears no words in it, as the real ones ought to."""

    languages = frozenset({"zh", "en"})

    def begin(self, grammar: Grammar) -> NoWords:
        return self

    def feed(self, sound: bytes) -> None:
        """Listens."""

    async def finish(self) -> Heard:
        return Heard("", 0.0)

    def cancel(self) -> None:
        """Nobody wants to know."""

    async def close(self) -> None:
        """Nothing to stop."""


@pytest_asyncio.fixture
async def sockets() -> AsyncIterator[AudioSocketServer]:
    server = AudioSocketServer()
    await server.start()
    yield server
    await server.stop()


@asynccontextmanager
async def noisy(sockets: AudioSocketServer, folder: Path,
                noise: str) -> AsyncIterator[tuple[VoiceLine, Channel]]:
    """A line that is never quiet, with the real voice detector on it."""
    channel = Channel()
    voice = Voice(sockets, RecognisingHearing(NoWords()))
    line = VoiceLine(channel, Sounds(folder), "zh", voice)  # type: ignore[arg-type]
    playing = asyncio.create_task(_play(channel, NOISES[noise]))
    try:
        async with asyncio.timeout(100):
            yield line, channel
    finally:
        playing.cancel()
        with suppress(asyncio.CancelledError, ConnectionError):
            await playing


async def _play(channel: Channel, noise: np.ndarray) -> None:
    sound = noise.astype("<i2").tobytes()
    frames = [pack(Kind.AUDIO, sound[place:place + FRAME_BYTES])
              for place in range(0, len(sound) - FRAME_BYTES, FRAME_BYTES)]
    place = 0
    while True:
        await channel.send(*(frames[(place + each) % len(frames)] for each in range(FASTER)))
        place += FASTER
        await asyncio.sleep(0.02)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of a conversation are as much shorter as the noise is faster."""
    for module, name in ((flow_module, "LISTEN_MS"), (flow_module, "LISTEN_NUMBER_MS"),
                         (keys, "CONFIRM_MS"), (speech, "CONFIRM_MS")):
        monkeypatch.setattr(module, name, getattr(module, name) // FASTER)


class PromptDesk(Desk):
    """Every prompt is a short sound in a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Telephone())
        self.folder = folder

    async def sound(self, prompt: Prompt, language: str) -> str:
        name = prompt.id.replace("/", "-")
        write_prompt(self.folder, name, 0.1)
        return str(self.folder / name)


async def talk(line: VoiceLine, folder: Path) -> Ended:
    desk = PromptDesk(folder)
    line._sounds = desk
    return await converse(line, desk, begin(SAMPLE, CONTEXT))


@pytest.mark.parametrize("noise", NOISES)
async def test_whatever_noise_is_on_the_line_the_call_comes_to_its_end(
        sockets: AudioSocketServer, tmp_path: Path, hurried: None, noise: str) -> None:
    async with noisy(sockets, tmp_path, noise) as (line, _):
        ended = await talk(line, tmp_path)
    assert ended.outcome is Disposition.NO_INPUT
    assert ended.link_id == "identity"


@pytest.mark.parametrize("noise", ["music", "babble"])
async def test_who_puts_us_on_hold_half_way_is_called_another_time(
        sockets: AudioSocketServer, tmp_path: Path, hurried: None, noise: str) -> None:
    async with noisy(sockets, tmp_path, noise) as (line, channel):
        pressing = asyncio.create_task(
            channel.send(pack(Kind.DIGIT, b"1"), pack(Kind.DIGIT, b"1")))
        ended = await talk(line, tmp_path)
        await pressing
    assert ended.outcome is Disposition.PARTIAL
    assert ended.link_id == "wound-pain"        # after two questions in vain, not after all


@pytest.mark.parametrize("noise", NOISES)
async def test_a_key_counts_through_any_noise(sockets: AudioSocketServer, tmp_path: Path,
                                              noise: str) -> None:
    grammar = Grammar("zh", ("是的",))
    prompt = write_prompt(tmp_path, "long", 30)
    async with noisy(sockets, tmp_path, noise) as (line, channel):
        assert await line.listen(40) is None               # the line is up
        for waiting in (line.say([prompt], True, grammar), line.listen(60_000, grammar)):
            task = asyncio.ensure_future(waiting)
            await channel.send(pack(Kind.DIGIT, b"5"))
            heard = await task
            while isinstance(heard, Spoken):               # noise that ended just before
                heard = await line.listen(60_000, grammar)
            assert heard == Key("5")
        await line.release()


async def test_after_false_alarms_a_prompt_is_heard_to_its_end(sockets: AudioSocketServer,
                                                               tmp_path: Path) -> None:
    grammar = Grammar("zh", ("是的",))
    long, short = write_prompt(tmp_path, "long", 60), write_prompt(tmp_path, "short", 0.5)
    async with noisy(sockets, tmp_path, "one-voice") as (line, channel):
        for _ in range(FALSE_ALARMS):
            assert await line.say([long], True, grammar) == Spoken("", 0.0)
        before = sum(map(any, channel.sounds))
        assert await line.say([short], True, grammar) is None
        assert await line.listen(60_000, grammar) == Spoken("", 0.0)      # it still listens
        assert sum(map(any, channel.sounds)) - before >= 20      # of 25 frames in half a second
        await line.release()
