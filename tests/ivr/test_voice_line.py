"""Keys and words on one line, over a real socket with a scripted Asterisk at its end."""

from __future__ import annotations

import asyncio
import uuid
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.agi import AgiAppFailed, AgiHangup
from ivr.agi.channel import Playback, Recorded
from ivr.answering import Watch
from ivr.audiosocket import FRAME_BYTES, AudioSocketServer, Kind, Reader, pack
from ivr.conversation.events import Key, MachineHeard, Spoken
from ivr.prompts.prompt import Prompt
from ivr.recognition.protocol import Heard, Moment, RecogniserLost
from ivr.understanding import Grammar
from ivr.voice_line import Voice, VoiceLine, longest_ms

LOUD = b"\x00\x20" * (FRAME_BYTES // 2)
GRAMMAR = Grammar("zh", ("是的",))


class Channel:
    """Asterisk's side: AudioSocket connects to the server; other commands are written down."""

    def __init__(self, works: bool = True) -> None:
        self.works = works
        self.hung_up = False
        self.commands: list[str] = []
        self.sounds: list[bytes] = []
        self._writer: asyncio.StreamWriter | None = None
        self._heard = asyncio.Event()

    async def exec(self, app: str, *args: str) -> str:
        self.commands.append(app)
        if not self.works:
            raise AgiAppFailed("there is no application AudioSocket")
        host, port = args[1].rsplit(":", 1)
        reader, self._writer = await asyncio.open_connection(host, int(port))
        self._writer.write(pack(Kind.ID, uuid.UUID(args[0]).bytes))
        messages = Reader()
        with suppress(ConnectionError):      # we may close while sound is still on its way
            while data := await reader.read(4096):
                for message in messages.feed(data):
                    if message.kind is Kind.AUDIO:
                        self.sounds.append(message.payload)
                        if len(self.sounds) > 1:
                            self._heard.set()
        self._writer.close()
        if self.hung_up:
            raise AgiHangup("gone")
        return "0"

    async def stream_file(self, name: str, escape_digits: str = "", offset: int = 0) -> Playback:
        self.commands.append(Path(name).name)
        return Playback("7", 0)

    async def record_file(self, *_: object, **__: object) -> Recorded:
        self.commands.append("record")
        return Recorded("digit", "#", 16_000)

    async def send(self, *messages: bytes) -> None:
        await self._heard.wait()             # the line is being listened to by now
        assert self._writer is not None
        for message in messages:
            self._writer.write(message)

    async def hang_up(self) -> None:
        self.hung_up = True
        await self.send(pack(Kind.HANGUP))


class Hearing:
    """Five loud frames are an onset, two quiet ones the end."""

    languages = frozenset({"zh"})

    def __init__(self, text: str = "是的", lost: bool = False) -> None:
        self.text, self.lost = text, lost
        self.waits = asyncio.Event()
        self.waits.set()

    def ear(self, grammar: Grammar) -> Ear:
        assert grammar == GRAMMAR
        return Ear(self)


class Ear:
    def __init__(self, hearing: Hearing) -> None:
        self.hearing, self.loud, self.quiet = hearing, 0, 0

    def push(self, frame: bytes) -> Moment:
        self.quiet = self.quiet + 1 if frame != LOUD else 0
        self.loud += frame == LOUD
        if self.loud == 5 and frame == LOUD:
            return Moment.ONSET
        return Moment.ENDPOINT if self.loud >= 5 and self.quiet == 2 else Moment.NOTHING

    async def heard(self) -> Heard:
        await self.hearing.waits.wait()
        if self.hearing.lost:
            raise RecogniserLost("dead")
        return Heard(self.hearing.text, 0.8)

    def close(self) -> None:
        pass


class Sounds:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.left_out: list[str] = []

    async def sound(self, prompt: Prompt, language: str) -> str:
        return str(self.folder / prompt.id)

    async def unplayable(self, prompt: Prompt, language: str, why: str) -> None:
        self.left_out.append(prompt.id)

    def tone(self, name: str) -> str:
        return str(self.folder / name)


@pytest_asyncio.fixture
async def sockets() -> AsyncIterator[AudioSocketServer]:
    server = AudioSocketServer()
    await server.start()
    yield server
    await server.stop()


def write_prompt(folder: Path, name: str, seconds: float) -> Prompt:
    with wave.open(str(folder / f"{name}.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\x10\x10" * int(8000 * seconds))
    return Prompt(name)


@asynccontextmanager
async def line(sockets: AudioSocketServer, folder: Path, hearing: Hearing | None = None,
               works: bool = True) -> AsyncIterator[tuple[VoiceLine, Channel]]:
    channel = Channel(works)
    voice = Voice(sockets, hearing or Hearing())
    made = VoiceLine(channel, Sounds(folder), "zh", voice)  # type: ignore[arg-type]
    async with asyncio.timeout(40):
        yield made, channel
        if not channel.hung_up:
            await made.release()


SPEECH = pack(Kind.AUDIO, LOUD) * 8
QUIET = pack(Kind.AUDIO, bytes(FRAME_BYTES)) * 5


async def test_a_prompt_is_heard_to_its_end(sockets: AudioSocketServer, tmp_path: Path) -> None:
    prompt = write_prompt(tmp_path, "short", 0.1)
    async with line(sockets, tmp_path) as (patient, channel):
        assert await patient.say([prompt, prompt]) is None
    assert sum(map(any, channel.sounds)) == 10
    assert channel.commands == ["AudioSocket"]


async def test_a_key_cuts_the_prompt(sockets: AudioSocketServer, tmp_path: Path) -> None:
    prompt = write_prompt(tmp_path, "long", 30)
    async with line(sockets, tmp_path) as (patient, channel):
        saying = asyncio.create_task(patient.say([prompt], True, GRAMMAR))
        await channel.send(pack(Kind.DIGIT, b"5"), pack(Kind.DIGIT, b"6"))
        assert await saying == Key("5")
        assert await patient.listen(5000) == Key("6")      # it waited
        assert await patient.listen(60) is None


async def test_words_over_the_prompt_silence_it_and_are_heard(sockets: AudioSocketServer,
                                                              tmp_path: Path) -> None:
    prompt = write_prompt(tmp_path, "long", 30)
    async with line(sockets, tmp_path) as (patient, channel):
        saying = asyncio.create_task(patient.say([prompt], True, GRAMMAR))
        await channel.send(SPEECH)
        while not channel.sounds or any(channel.sounds[-1]):  # noqa: ASYNC110
            await asyncio.sleep(0.02)                       # it falls silent before they end
        assert not saying.done()
        await channel.send(QUIET)
        assert await saying == Spoken("是的", 0.8)


async def test_time_does_not_run_out_while_somebody_speaks(sockets: AudioSocketServer,
                                                           tmp_path: Path) -> None:
    async with line(sockets, tmp_path) as (patient, channel):
        listening = asyncio.create_task(patient.listen(1500, GRAMMAR))
        await channel.send(SPEECH)
        await asyncio.sleep(2)
        assert not listening.done()
        await channel.send(QUIET)
        assert await listening == Spoken("是的", 0.8)


async def test_a_key_wins_over_words_that_are_still_being_recognised(
        sockets: AudioSocketServer, tmp_path: Path) -> None:
    hearing = Hearing()
    hearing.waits.clear()
    async with line(sockets, tmp_path, hearing) as (patient, channel):
        listening = asyncio.create_task(patient.listen(5000, GRAMMAR))
        await channel.send(SPEECH, QUIET)
        await asyncio.sleep(0.1)
        await channel.send(pack(Kind.DIGIT, b"1"))
        assert await listening == Key("1")


async def test_without_a_grammar_only_keys_count(sockets: AudioSocketServer,
                                                 tmp_path: Path) -> None:
    async with line(sockets, tmp_path) as (patient, channel):
        listening = asyncio.create_task(patient.listen(300))
        await channel.send(SPEECH, QUIET)
        assert await listening is None


async def test_a_dead_recogniser_leaves_the_keys(sockets: AudioSocketServer,
                                                 tmp_path: Path) -> None:
    async with line(sockets, tmp_path, Hearing(lost=True)) as (patient, channel):
        listening = asyncio.create_task(patient.listen(5000, GRAMMAR))
        await channel.send(SPEECH, QUIET)
        assert await listening == Spoken("", 0.0)
        again = asyncio.create_task(patient.listen(5000, GRAMMAR))
        await channel.send(SPEECH, QUIET, pack(Kind.DIGIT, b"2"))
        assert await again == Key("2")


async def test_a_hang_up_is_one(sockets: AudioSocketServer, tmp_path: Path) -> None:
    async with line(sockets, tmp_path) as (patient, channel):
        listening = asyncio.create_task(patient.listen(60_000, GRAMMAR))
        await channel.hang_up()
        with pytest.raises(AgiHangup):
            await listening


async def test_a_message_is_recorded_by_asterisk_in_between(sockets: AudioSocketServer,
                                                            tmp_path: Path) -> None:
    async with line(sockets, tmp_path) as (patient, channel):
        assert await patient.listen(40) is None
        assert await patient.record(tmp_path / "m", 60, 4) == 2000
        assert await patient.listen(40) is None
    assert channel.commands == ["AudioSocket", "beep", "record", "AudioSocket"]


async def test_without_the_application_the_call_goes_on_by_keys(sockets: AudioSocketServer,
                                                                tmp_path: Path) -> None:
    prompt = write_prompt(tmp_path, "short", 0.1)
    async with line(sockets, tmp_path, works=False) as (patient, channel):
        assert await patient.say([prompt], True, GRAMMAR) == Key("7")
        assert await patient.say([prompt], True, GRAMMAR) == Key("7")
    assert channel.commands == ["AudioSocket", "short", "short"]


async def test_a_socket_that_breaks_off_leaves_the_keys(sockets: AudioSocketServer,
                                                        tmp_path: Path) -> None:
    async with line(sockets, tmp_path) as (patient, channel):
        listening = asyncio.create_task(patient.listen(5000, GRAMMAR))
        await channel.send(b"GET / HTTP/1.1\r\n\r\n")
        assert await listening == Key("7")
        assert channel.commands == ["AudioSocket", "quiet"]


async def test_a_missing_sound_is_passed_over(sockets: AudioSocketServer, tmp_path: Path) -> None:
    prompt = write_prompt(tmp_path, "there", 0.1)
    async with line(sockets, tmp_path) as (patient, channel):
        assert await patient.say([Prompt("nowhere"), prompt]) is None
        assert patient._sounds.left_out == ["nowhere"]  # type: ignore[attr-defined]
    assert sum(map(any, channel.sounds)) == 5


class Certain(Watch):
    """A watch that finds a machine when told to."""

    found = False

    @property
    def machine(self) -> bool:
        return self.found

    def find(self) -> None:
        self.found = True
        assert self.on_machine is not None
        self.on_machine()


async def test_a_machine_ends_a_prompt_at_once(sockets: AudioSocketServer, tmp_path: Path) -> None:
    prompt = write_prompt(tmp_path, "long", 30)
    async with line(sockets, tmp_path) as (patient, channel):
        patient.watch = watch = Certain()
        saying = asyncio.create_task(patient.say([prompt], True, GRAMMAR))
        await channel.send()
        watch.find()
        assert await saying == MachineHeard(certain=True)
        assert await patient.listen(60_000, GRAMMAR) == MachineHeard(certain=True)
        short = write_prompt(tmp_path, "short", 0.1)
        assert await patient.say([short], interruptible=False) is None     # a word may be left


async def test_an_announcement_in_which_a_yes_was_found_is_no_yes(sockets: AudioSocketServer,
                                                                  tmp_path: Path) -> None:
    async with line(sockets, tmp_path) as (patient, channel):
        for frames, meant in ((100, Spoken("是的", 0.8)), (300, Spoken("", 0.0))):
            listening = asyncio.create_task(patient.listen(5000, GRAMMAR))
            await asyncio.sleep(0.05)
            await channel.send(pack(Kind.AUDIO, LOUD) * frames, QUIET)
            assert await listening == meant


def test_longer_answers_may_take_longer() -> None:
    assert longest_ms("是的") < longest_ms("三十八度五") < longest_ms("没有不舒服的地方")
    assert longest_ms("yes") < longest_ms("thirty eight point five")
