"""A whole call whose sound file is gone: it is heard all the same, or left out, and goes on."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from followup.calls.models import Disposition
from ivr.agi import AgiCommandFailed, Playback
from ivr.audiosocket import AudioSocketServer, Kind, pack
from ivr.conversation import begin
from ivr.driver import Ended, converse
from ivr.key_line import KeyLine
from ivr.prompts import PromptBook, campaign_prompts
from ivr.prompts.errors import VoiceError
from ivr.prompts.prompt import Prompt
from ivr.prompts.tones import QUIET, write_tones
from ivr.voice_line import Voice, VoiceLine, read_sound
from tests.ivr.conversation.driver import CONTEXT, SAMPLE
from tests.ivr.prompts.test_book import ToneVoice
from tests.ivr.test_driver import NORMAL, Desk, Telephone
from tests.ivr.test_voice_line import Channel, Hearing

TEMPERATURE = Prompt("post-discharge/temperature", {"name": CONTEXT.name,
                     "hospital": "和安医院", "department": CONTEXT.department}, "zh")


class LosesItsVoice(ToneVoice):
    lost = False

    def speak(self, text: str, language: str, words_per_minute: int) -> bytes:
        if self.lost:
            raise VoiceError("the voice is lost")
        return super().speak(text, language, words_per_minute)


class KeysOnly(Hearing):
    languages: frozenset[str] = frozenset()


class BookDesk(Desk):
    """The hospital's side with a real prompt book."""

    def __init__(self, telephone: Telephone, book: PromptBook) -> None:
        super().__init__(telephone)
        self.book = book

    async def sound(self, prompt: Prompt, language: str) -> str:
        return await self.book.file_for(prompt, language)

    async def unplayable(self, prompt: Prompt, language: str, why: str) -> None:
        await self.book.left_out(prompt, language, why)

    def tone(self, name: str) -> str:
        return str(self.book.sounds_dir / name)


class RealTelephone(Telephone):
    """Plays nothing that is not on the disk."""

    async def stream_file(self, name: str, escape_digits: str = "", offset: int = 0) -> Playback:
        try:
            read_sound.__wrapped__(Path(f"{name}.wav"))
        except (OSError, EOFError, wave.Error) as error:
            raise AgiCommandFailed("STREAM FILE failed") from error
        return await super().stream_file(QUIET if name.endswith(QUIET) else name, escape_digits,
                                         offset)


@pytest.fixture
def voice() -> LosesItsVoice:
    return LosesItsVoice()


@pytest.fixture
def book(tmp_path: Path, voice: LosesItsVoice) -> PromptBook:
    """All is prepared, as before a campaign."""
    book = PromptBook(tmp_path / "sounds", tmp_path / "human", voice)
    book.learn(SAMPLE)
    write_tones(book.sounds_dir)
    book.prepare(campaign_prompts(SAMPLE, CONTEXT.hospital, [(CONTEXT.name, CONTEXT.department)]))
    return book


@pytest_asyncio.fixture
async def sockets() -> AsyncIterator[AudioSocketServer]:
    server = AudioSocketServer()
    await server.start()
    yield server
    await server.stop()


async def by_keys(book: PromptBook) -> tuple[Ended, BookDesk]:
    telephone = RealTelephone(NORMAL)
    desk = BookDesk(telephone, book)
    line = KeyLine(telephone, desk, "zh")  # type: ignore[arg-type]
    return await converse(line, desk, begin(SAMPLE, CONTEXT)), desk


async def by_voice(book: PromptBook, sockets: AudioSocketServer) -> tuple[Ended, BookDesk]:
    channel, desk = Channel(), BookDesk(Telephone(), book)
    line = VoiceLine(channel, desk, "zh", Voice(sockets, KeysOnly()))  # type: ignore[arg-type]

    async def press() -> None:
        await channel.send(*(pack(Kind.DIGIT, key.encode()) for key in NORMAL if key != " "))

    pressing = asyncio.create_task(press())
    ended = await converse(line, desk, begin(SAMPLE, CONTEXT))
    await pressing
    return ended, desk


@pytest.fixture(params=["keys", "voice"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def hold(kind: str, book: PromptBook, sockets: AudioSocketServer) -> tuple[Ended, BookDesk]:
    async with asyncio.timeout(60):
        return await (by_keys(book) if kind == "keys" else by_voice(book, sockets))


async def test_a_file_removed_in_mid_campaign_is_made_anew_and_the_call_is_whole(
        kind: str, book: PromptBook, sockets: AudioSocketServer) -> None:
    file = book.render(TEMPERATURE)
    file.unlink()
    with capture_logs() as logs:
        ended, desk = await hold(kind, book, sockets)
    assert ended.outcome is Disposition.COMPLETED
    assert desk.answers["temperature"].value == {"valueDecimal": 36.8}
    assert file.exists()
    assert [entry["prompt"] for entry in logs
            if entry["event"] == "a prompt was made during a call"] == [TEMPERATURE.id]
    assert not list(book.alarms)


async def test_a_prompt_that_nobody_can_speak_is_left_out_and_the_call_goes_on(
        kind: str, book: PromptBook, sockets: AudioSocketServer, voice: LosesItsVoice) -> None:
    book.render(TEMPERATURE).unlink()
    voice.lost = True
    ended, desk = await hold(kind, book, sockets)
    assert ended.outcome is Disposition.COMPLETED
    assert ended.complete
    assert desk.answers["temperature"].value == {"valueDecimal": 36.8}
    assert [(alarm.prompt_id, alarm.why) for alarm in book.alarms] == [
        ("post-discharge/temperature", "the voice is lost")]


async def test_a_file_cut_short_is_left_out_once_and_then_whole_again(
        kind: str, book: PromptBook, sockets: AudioSocketServer) -> None:
    file = book.render(TEMPERATURE)
    file.write_bytes(b"RIFF" + bytes(100))
    ended, _ = await hold(kind, book, sockets)
    assert ended.outcome is Disposition.COMPLETED
    assert [alarm.prompt_id for alarm in book.alarms] == ["post-discharge/temperature"]
    ended, _ = await hold(kind, book, sockets)
    assert ended.outcome is Disposition.COMPLETED
    assert not list(book.alarms)
