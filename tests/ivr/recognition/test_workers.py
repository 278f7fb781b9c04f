"""Recognisers in their own processes: what is heard, and what happens when one dies."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
import wave
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from textwrap import indent

import psutil
import pytest
import pytest_asyncio

from aftercall.provision.espeak import find_espeak
from followup.errors import InvalidInput
from ivr.prompts.audio import telephone_wav
from ivr.prompts.voice import EspeakVoice
from ivr.recognition import RecognisingHearing, WorkerRecogniser, find_models, workers
from ivr.recognition.models import Engine, english_model, read_model
from ivr.recognition.protocol import FRAME_BYTES, Moment, RecogniserLost
from ivr.understanding import Grammar

pytestmark = pytest.mark.asyncio(loop_scope="module")

YES_NO = Grammar("en", ("yes", "no", "not really"), ("weather", "television", "kitchen", "music"))


def speech(text: str) -> bytes:
    """8 kHz samples of a synthetic voice."""
    voice = EspeakVoice(find_espeak(lambda _: None).command())
    with wave.open(io.BytesIO(telephone_wav(voice.speak(text, "en", 140)))) as file:
        return file.readframes(file.getnframes())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def recogniser() -> AsyncIterator[WorkerRecogniser]:
    recogniser = WorkerRecogniser({"en": english_model()})
    await recogniser.warm_up()
    yield recogniser
    await recogniser.close()


async def hear(recogniser: WorkerRecogniser, text: str, grammar: Grammar = YES_NO) -> str:
    utterance = recogniser.begin(grammar)
    utterance.feed(speech(text))
    return (await utterance.finish()).text


async def test_yes_and_no_are_told_apart(recogniser: WorkerRecogniser) -> None:
    assert [await hear(recogniser, word) for word in ("yes", "no")] == ["yes", "no"]


async def test_a_decoy_and_a_phrase_without_words_are_never_an_answer(
        recogniser: WorkerRecogniser) -> None:
    assert [await hear(recogniser, word) for word in ("weather", "music")] == ["", ""]
    assert await hear(recogniser, "yes", Grammar("en", ("xqzvbn",))) == ""


async def test_calls_are_heard_side_by_side(recogniser: WorkerRecogniser) -> None:
    words = ["yes", "no"] * 5
    assert await asyncio.gather(*(hear(recogniser, word) for word in words)) == words


async def back(recogniser: WorkerRecogniser) -> None:
    async with asyncio.timeout(60):
        while not recogniser.pids:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_worker_killed_in_mid_utterance_is_told_and_replaced(
        recogniser: WorkerRecogniser) -> None:
    utterance, sound = recogniser.begin(YES_NO), speech("yes")
    utterance.feed(sound[:4000])
    [pid] = recogniser.pids
    os.kill(pid, signal.SIGKILL)
    utterance.feed(sound[4000:])
    with pytest.raises(RecogniserLost):
        await utterance.finish()
    with pytest.raises(RecogniserLost):
        await hear(recogniser, "yes")          # until another one is loaded nobody waits for it
    await back(recogniser)
    assert await hear(recogniser, "no") == "no"


async def test_a_stuck_worker_is_told_and_replaced(recogniser: WorkerRecogniser,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    [pid] = recogniser.pids
    os.kill(pid, signal.SIGSTOP)
    with monkeypatch.context() as patch:
        patch.setattr(workers, "TIMEOUT_S", 0.3)
        with pytest.raises(RecogniserLost):
            await hear(recogniser, "yes")
    await back(recogniser)
    assert await hear(recogniser, "yes") == "yes"


async def test_an_ear_hears_a_word_on_a_line(recogniser: WorkerRecogniser) -> None:
    ear = RecognisingHearing(recogniser).ear(YES_NO)
    line = bytes(16_000) + speech("no") + bytes(24_000)
    moments = [ear.push(line[place:place + FRAME_BYTES])
               for place in range(0, len(line) - FRAME_BYTES + 1, FRAME_BYTES)]
    assert [moment for moment in moments if moment is not Moment.NOTHING] == [
        Moment.ONSET, Moment.ENDPOINT]
    assert (await ear.heard()).text == "no"


async def test_a_quiet_line_with_noise_on_it_is_nobody_speaking(
        recogniser: WorkerRecogniser) -> None:
    ear = RecognisingHearing(recogniser).ear(YES_NO)
    noise = os.urandom(32_000)
    hiss = b"".join(bytes([byte, 0 if byte < 128 else 255]) for byte in noise)   # -128..127
    assert all(ear.push(hiss[place:place + FRAME_BYTES]) is Moment.NOTHING
               for place in range(0, len(hiss) - FRAME_BYTES + 1, FRAME_BYTES))


async def test_a_folder_without_a_model_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no speech model"):
        read_model(tmp_path)
    (tmp_path / "models" / "zh" / "am").mkdir(parents=True)
    (tmp_path / "models" / "zh" / "am" / "final.mdl").write_bytes(b"")
    found = find_models({}, tmp_path / "models")
    assert {language: model.engine for language, model in found.items()} == {
        "en": Engine.POCKETSPHINX, "zh": Engine.VOSK}


PARENT = """\
import asyncio
from ivr.recognition import WorkerRecogniser
async def main():
    recogniser = WorkerRecogniser({})
    await recogniser.warm_up()
    print(*recogniser.pids, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_no_worker_outlives_a_parent_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(f"if __name__ == '__main__':\n{indent(PARENT, '    ')}", "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(script), stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    worker = psutil.Process(int(await process.stdout.readline()))
    process.kill()
    await process.wait()
    with suppress(psutil.NoSuchProcess):
        await asyncio.to_thread(worker.wait, 20)
