"""Vosk's plumbing, with a stand-in for its module: no model of it can be had here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ivr.recognition import WorkerRecogniser
from ivr.recognition.models import read_model
from ivr.recognition.protocol import Heard, RecogniserLost
from ivr.recognition.workers import STEP_BYTES
from ivr.understanding import Grammar

GRAMMAR = Grammar("zh", ("三十八度五", "没有", "没有疼"), ("天气",))
AROUND = Grammar("zh", ("没有",), ("天气",), around=("嗯", "没有啊", "谢谢大夫"))

# What vosk 0.3.45 has, as far as we use it; test_the_real_module_has_what_we_use holds it to that.
STAND_IN = '''
import json, os, pathlib
def SetLogLevel(level): pass
class Model:
    def __init__(self, path):
        self.folder = pathlib.Path(path)
        self.words = (self.folder / "words").read_text("utf-8").split()
    def vosk_model_find_word(self, word):
        return self.words.index(word) if word in self.words else -1
    def tell(self, what, value):
        with (self.folder / "log").open("a", encoding="utf-8") as file:
            file.write(json.dumps([what, value]) + "\\n")
class KaldiRecognizer:
    def __init__(self, model, rate, grammar):
        self.model = model
        model.tell("grammar", [rate, json.loads(grammar)])
    def __del__(self):
        self.model.tell("gone", 0)
    def SetWords(self, wanted):
        self.words = wanted
    def AcceptWaveform(self, sound):
        self.model.tell("sound", len(sound))
        if sound.startswith(b"crash"):
            raise OSError("broken")
        if sound.startswith(b"die"):
            os._exit(1)
        return True                       # its own endpoint
    def FinalResult(self):
        said = json.loads((self.model.folder / "said").read_text("utf-8"))
        return json.dumps({"text": " ".join(word for word, _ in said), "result": [
            {"word": word, "conf": conf} for word, conf in said]} if said else {"text": ""})
'''


class Vosk:
    """A recogniser on the stand-in: ``says`` is what it will hear."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "am").mkdir(parents=True)
        (folder / "am" / "final.mdl").write_bytes(b"")
        (folder / "words").write_text("三十 八 度 五 没有 天气 嗯 啊 谢谢", "utf-8")
        self.recogniser = WorkerRecogniser({"zh": read_model(folder)})

    async def hears(self, *said: tuple[str, float], sound: bytes = bytes(800),
                    grammar: Grammar = GRAMMAR) -> Heard:
        (self.folder / "said").write_text(json.dumps(said), "utf-8")
        utterance = self.recogniser.begin(grammar)
        utterance.feed(sound)
        return await utterance.finish()

    def log(self, what: str) -> list[Any]:
        file = self.folder / "log"
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        return [value for kind, value in map(json.loads, lines) if kind == what]

    async def until_logged(self, what: str, number: int) -> None:
        async with asyncio.timeout(30):
            while len(self.log(what)) < number:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@pytest_asyncio.fixture
async def vosk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Vosk]:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "vosk.py").write_text(STAND_IN, "utf-8")
    monkeypatch.syspath_prepend(tmp_path / "lib")
    vosk = Vosk(tmp_path / "model")
    await vosk.recogniser.warm_up()
    yield vosk
    await vosk.recogniser.close()


def test_the_real_module_has_what_we_use() -> None:
    import vosk
    assert callable(vosk.SetLogLevel)
    assert callable(vosk.Model.vosk_model_find_word)
    for name in ("SetWords", "AcceptWaveform", "FinalResult"):
        assert callable(getattr(vosk.KaldiRecognizer, name))


async def test_sound_is_decoded_while_the_patient_still_speaks(vosk: Vosk) -> None:
    (vosk.folder / "said").write_text(json.dumps([("没有", 0.7)]), "utf-8")
    utterance = vosk.recogniser.begin(GRAMMAR)
    for _ in range(100):                                   # two seconds in frames of 20 ms
        utterance.feed(bytes(320))
    await vosk.until_logged("sound", 10)                   # and nobody has asked yet
    assert await utterance.finish() == Heard("没有", 0.7)
    assert vosk.log("sound") == [STEP_BYTES] * 10 + [0]


async def test_words_become_the_phrase_and_the_least_sure_of_them_counts(vosk: Vosk) -> None:
    heard = await vosk.hears(("三十", 0.9), ("八", 0.8), ("度", 1.0), ("五", 0.95))
    assert heard == Heard("三十八度五", 0.8)
    [[rate, grammar]] = vosk.log("grammar")
    assert rate == 8000
    assert grammar == ["三十 八 度 五", "没有", "天气", "[unk]"]


async def test_a_phrase_is_left_out_whole_when_the_model_lacks_a_word_of_it(vosk: Vosk) -> None:
    await vosk.hears(("没有", 0.9), grammar=Grammar("zh", ("没有疼", "没有")))
    assert vosk.log("grammar")[0][1] == ["没有", "[unk]"]


@pytest.mark.parametrize("said", [
    [], [("天气", 0.9)], [("没有", 0.9), ("[unk]", 0.9)], [("没有", 0.9), ("天气", 0.9)]])
async def test_what_is_not_of_the_phrases_is_no_answer(vosk: Vosk,
                                                       said: list[tuple[str, float]]) -> None:
    assert (await vosk.hears(*said)).text == ""


async def test_phrases_run_together_are_told_as_heard(vosk: Vosk) -> None:
    assert await vosk.hears(("没有", 0.9), ("没有", 0.6)) == Heard("没有没有", 0.6)


async def test_words_around_an_answer_are_known_one_by_one_and_are_none_alone(vosk: Vosk) -> None:
    said = ("嗯", 0.9), ("没有", 0.8), ("啊", 0.7)
    assert await vosk.hears(*said, grammar=AROUND) == Heard("嗯没有啊", 0.7)
    assert vosk.log("grammar")[0][1] == ["没有", "嗯", "啊", "天气", "[unk]"]
    assert (await vosk.hears(("嗯", 0.9), ("啊", 0.9), grammar=AROUND)).text == ""
    assert (await vosk.hears(("没有", 0.9), ("天气", 0.9), grammar=AROUND)).text == ""


async def test_an_utterance_that_nobody_waits_for_is_dropped(vosk: Vosk) -> None:
    vosk.recogniser.begin(GRAMMAR).cancel()
    await vosk.until_logged("gone", 1)


async def test_a_failure_inside_ends_the_utterance_and_nothing_else(vosk: Vosk) -> None:
    pids = vosk.recogniser.pids
    with pytest.raises(RecogniserLost):
        await vosk.hears(("没有", 0.9), sound=b"crash" + bytes(STEP_BYTES))
    assert await vosk.hears(("没有", 0.9)) == Heard("没有", 0.9)
    assert vosk.recogniser.pids == pids


async def test_a_worker_that_ends_itself_is_replaced(vosk: Vosk) -> None:
    with pytest.raises(RecogniserLost):
        await vosk.hears(("没有", 0.9), sound=b"die" + bytes(STEP_BYTES))
    async with asyncio.timeout(60):
        while not vosk.recogniser.pids:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert await vosk.hears(("没有", 0.9)) == Heard("没有", 0.9)


async def test_while_its_model_is_being_loaded_nobody_waits(tmp_path: Path) -> None:
    (tmp_path / "mdef").touch()
    (tmp_path / "feat.params").touch()
    recogniser = WorkerRecogniser({"zh": read_model(tmp_path)})
    with pytest.raises(RecogniserLost):
        await recogniser.begin(GRAMMAR).finish()
    await recogniser.close()
