"""The recogniser is killed while a patient speaks: keys go on, and the next call is heard again."""

from __future__ import annotations

import asyncio
import os
import signal
import wave
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest_asyncio

from aftercall.provision.espeak import find_espeak
from ivr.audiosocket import FRAME_BYTES, AudioSocketServer, Kind, pack
from ivr.conversation.events import Key, Spoken
from ivr.prompts.audio import telephone_wav
from ivr.prompts.voice import EspeakVoice
from ivr.recognition import RecognisingHearing, WorkerRecogniser
from ivr.recognition.models import english_model
from ivr.understanding import Grammar
from ivr.voice_line import Voice, VoiceLine
from tests.ivr.test_voice_line import Channel, Sounds

GRAMMAR = Grammar("en", ("yes", "no"), ("weather", "television"))
SILENCE = pack(Kind.AUDIO, bytes(FRAME_BYTES)) * 50


def says(text: str) -> list[bytes]:
    """AudioSocket messages with a synthetic voice."""
    voice = EspeakVoice(find_espeak(lambda _: None).command())
    with wave.open(BytesIO(telephone_wav(voice.speak(text, "en", 140)))) as file:
        sound = file.readframes(file.getnframes())
    return [pack(Kind.AUDIO, sound[place:place + FRAME_BYTES])
            for place in range(0, len(sound) - FRAME_BYTES + 1, FRAME_BYTES)]


@pytest_asyncio.fixture
async def voice() -> AsyncIterator[Voice]:
    server = AudioSocketServer()
    await server.start()
    recogniser = WorkerRecogniser({"en": english_model()})
    await recogniser.warm_up()
    yield Voice(server, RecognisingHearing(recogniser))
    await server.stop()
    await recogniser.close()


async def test_a_call_goes_on_by_keys_and_the_next_one_is_heard(voice: Voice,
                                                                tmp_path: Path) -> None:
    recogniser = voice.hearing._recogniser  # type: ignore[attr-defined]
    word = says("yes")
    channel = Channel()
    line = VoiceLine(channel, Sounds(tmp_path), "en", voice)  # type: ignore[arg-type]
    async with asyncio.timeout(60):
        listening = asyncio.create_task(line.listen(60_000, GRAMMAR))
        await channel.send(SILENCE, *word[:len(word) // 2])
        os.kill(recogniser.pids[0], signal.SIGKILL)
        await channel.send(*word[len(word) // 2:], SILENCE)
        assert await listening == Spoken("", 0.0)              # asked again, by keys from now on
        listening = asyncio.create_task(line.listen(60_000, GRAMMAR))
        await channel.send(*word, SILENCE, pack(Kind.DIGIT, b"1"))
        assert await listening == Key("1")
        await line.release()

        while not recogniser.pids:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        channel = Channel()
        line = VoiceLine(channel, Sounds(tmp_path), "en", voice)  # type: ignore[arg-type]
        listening = asyncio.create_task(line.listen(60_000, GRAMMAR))
        await channel.send(SILENCE, *word, SILENCE)
        heard = await listening
        assert isinstance(heard, Spoken)
        assert heard.text == "yes"
        await line.release()
