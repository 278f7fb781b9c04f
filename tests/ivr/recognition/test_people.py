"""People's recorded words through the whole ear: voice detector, endpoint, worker, understanding.

They stand beside the clone where the hospital's engineers keep them; without them this is skipped.
"""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import pytest

from bench.speech.corpus import BESIDE, Recording, read_corpus, thinned
from bench.speech.dialogue import converse
from bench.speech.hearing import Listener
from bench.speech.questions import questions
from ivr.recognition import RecognisingHearing, WorkerRecogniser
from ivr.recognition.models import english_model, read_model
from ivr.understanding import Answered, grammar_for, understand

MODEL = BESIDE.parent / "models" / "zh-8k"

pytestmark = [
    pytest.mark.skipif(not (BESIDE / "index.tsv").is_file(),
                       reason="there are no recordings of people in shared/audio"),
    pytest.mark.timeout(300)]


def spoken(language: str) -> list[Recording]:
    return [each for each in read_corpus(BESIDE) if each.language == language and each.reported]


async def hears(language: str, folder: Path | None, vocabulary: str) -> tuple[int, int, int, int]:
    """Of some recordings, and of dialogues that begin with them: right, wrong, in the end right,
    and in the end wrong."""
    recogniser = WorkerRecogniser({language: read_model(folder) if folder else english_model()})
    await recogniser.warm_up()
    listener = Listener(RecognisingHearing(recogniser))
    every = spoken(language)
    right = wrong = recorded = flipped = 0
    try:
        for question in questions(language, sorted({each.says for each in every})):
            if question.vocabulary != vocabulary:
                continue
            own = [each for each in every if each.says in question.answers]
            for each in thinned(own, 8):
                truth = question.answers[each.says]
                heard = await listener.hear(grammar_for(question.item, language), each.sound)
                meant = understand(question.item, language, heard.text)
                right += isinstance(meant, Answered) and meant.value == truth
                wrong += isinstance(meant, Answered) and meant.value != truth
                more = (other.sound for other in own if other.speaker == each.speaker
                        and question.answers[other.says] == truth)
                outcome = await converse(question, language, each.says, cycle([each.sound, *more]),
                                         listener.hear)
                recorded += outcome.value == truth
                flipped += outcome.value not in (None, truth)
    finally:
        await recogniser.close()
    return right, wrong, recorded, flipped


@pytest.mark.skipif(not MODEL.is_dir(), reason="there is no Mandarin model in shared/models")
async def test_mandarin_words_are_mostly_heard_and_no_red_flag_is_flipped() -> None:
    right, wrong, recorded, flipped = await hears("zh", MODEL, "minimal pairs a side, red flag")
    assert right > 2 * wrong
    assert flipped == 0
    assert recorded > 16


async def test_english_digits_are_mostly_heard() -> None:
    right, wrong, recorded, flipped = await hears("en", None, "ten digits")
    assert right > 2 * wrong
    assert recorded > flipped
