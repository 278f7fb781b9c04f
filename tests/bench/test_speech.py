"""The bench of hearing: what it takes, how it splits, and whom its simulated patient may fool."""

from __future__ import annotations

import wave
from itertools import cycle
from pathlib import Path

import pytest

from bench.options import Options, parse_models
from bench.speech import measure
from bench.speech.corpus import find_corpus, read_corpus, thinned
from bench.speech.dialogue import converse
from bench.speech.figures import share
from bench.speech.questions import Question, questions
from followup.errors import InvalidInput
from ivr.recognition.protocol import Heard
from ivr.understanding import Grammar

WORDS = ("北京", "背景", "语音", "语言", "上海", "商行")


def corpus(folder: Path, *rows: str, seconds: float = 0.1) -> Path:
    lines = ["file\tsays\tlanguage", *rows]
    (folder / "index.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    for row in rows:
        with wave.open(str(folder / row.split("\t")[0]), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(bytes(int(16_000 * seconds)))
    return folder


async def test_without_recordings_it_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"no index\.tsv") as refused:
        await measure(Options(audio=tmp_path))
    assert "--audio" in str(refused.value.details)


@pytest.mark.parametrize(("index", "told"), [
    ("file\tword\n", "columns are missing"),
    ("file\tsays\tlanguage\nnone.wav\t是\tzh\n", "line 2")])
def test_an_index_that_is_not_sound_is_refused_by_its_line(tmp_path: Path, index: str,
                                                           told: str) -> None:
    (tmp_path / "index.tsv").write_text(index, "utf-8")
    with pytest.raises(InvalidInput, match=told):
        read_corpus(find_corpus(tmp_path))


def test_a_speaker_is_for_tuning_or_reported_and_never_both(tmp_path: Path) -> None:
    rows = [f"s{speaker:02}-{take}.wav\t是\tzh" for speaker in range(1, 18) for take in range(2)]
    recordings = read_corpus(corpus(tmp_path, *rows))
    sides: dict[str, set[bool]] = {}
    for each in recordings:
        sides.setdefault(each.speaker, set()).add(each.reported)
    assert all(len(side) == 1 for side in sides.values())
    assert {side for each in sides.values() for side in each} == {True, False}
    assert len(thinned(recordings, 5)) == 5


def test_a_model_is_given_with_its_language() -> None:
    assert parse_models(["zh=models/a"]) == {"zh": Path("models/a")}
    with pytest.raises(InvalidInput, match="model"):
        parse_models(["models/a"])


def test_shares_come_with_wilson_s_interval() -> None:
    assert share(0, 100)["ci95"] == [0.0, 0.037]
    assert share(8, 10) == {"count": 8, "of": 10, "share": 0.8, "ci95": [0.4902, 0.9433]}
    assert share(0, 0)["share"] is None


def red_flag() -> Question:
    return next(each for each in questions("zh", WORDS) if each.vocabulary.startswith("minimal p")
                and "red flag" in each.vocabulary)


async def recorded(question: Question, word: str, hears: list[str], confidence: float) -> object:
    """What is recorded when the recogniser hears ``hears``, whatever is said."""
    heard = cycle(hears)

    async def hear(grammar: Grammar, sound: bytes) -> Heard:
        return Heard(next(heard), confidence)
    return (await converse(question, "zh", word, cycle([b""]), hear)).value


@pytest.mark.parametrize("confidence", [0.5, 0.9])
async def test_a_recogniser_that_always_hears_the_opposite_flips_no_red_flag(
        confidence: float) -> None:
    question = red_flag()
    for word, truth in question.answers.items():
        opposite = [each for each, value in question.answers.items() if value != truth]
        assert await recorded(question, word, opposite[:1], confidence) == truth
        if confidence < 0.6:
            assert await recorded(question, word, opposite, confidence) == truth


async def test_without_a_red_flag_a_clear_mishearing_is_recorded_and_so_counted() -> None:
    question = next(each for each in questions("zh", WORDS) if each.vocabulary == "minimal pair")
    [first, second] = question.answers
    assert await recorded(question, first, [second], 0.9) == question.answers[second]
