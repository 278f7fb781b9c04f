"""One recogniser, measured on the recordings of one language."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from itertools import cycle
from typing import Any

import psutil

from bench.speech.corpus import Recording, thinned
from bench.speech.dialogue import converse
from bench.speech.figures import share, spread
from bench.speech.hearing import LINES, Listener, endpoints
from bench.speech.questions import Question, questions
from ivr.recognition import RecognisingHearing, WorkerRecogniser
from ivr.recognition.models import Model
from ivr.understanding import Answered, Wished, grammar_for, understand

FULL, QUICK = 100, 8         # recordings for each question
DIALOGUES = 40
STRANGERS, FEW_STRANGERS = 24, 6
PACED_S, QUICK_PACED_S = 20.0, 4.0


async def measure_language(language: str, model: Model, recordings: Sequence[Recording],
                           others: Sequence[Recording], quick: bool) -> dict[str, Any]:
    """``others`` are recordings in other languages, as speech that is no answer."""
    began = time.perf_counter()
    recogniser = WorkerRecogniser({language: model})
    try:
        await recogniser.warm_up()
        loaded = time.perf_counter() - began
        process = psutil.Process(recogniser.pids[0])
        listener = Listener(RecognisingHearing(recogniser))
        asked = list(questions(language, sorted({each.says for each in recordings})))
        before = process.cpu_times()
        vocabularies = await _vocabularies(language, asked, recordings, others, listener, quick)
        after = process.cpu_times()
        busy = after.user + after.system - before.user - before.system
        latencies = await listener.latencies(
            grammar_for(asked[0].item, language),
            [each.sound for each in thinned(recordings, 64)],
            QUICK_PACED_S if quick else PACED_S)
        return {
            "engine": model.engine.value, "model": model.folder.name,
            "loaded_s": round(loaded, 2),
            "memory_mb": round(process.memory_info().rss / 2**20),
            "speakers": sorted({each.speaker for each in recordings}),
            "recordings": len(recordings), "utterances": listener.heard,
            "real_time_factor": round(busy / listener.sound_s, 4),
            "recognisers_per_core": round(listener.sound_s / busy, 1),
            "endpoint_to_result_ms": {**spread(latencies), "lines_at_once": LINES},
            "endpoint": await asyncio.to_thread(
                endpoints, [each.sound for each in recordings]),
            "vocabularies": vocabularies}
    finally:
        await recogniser.close()


async def _vocabularies(language: str, asked: Sequence[Question], recordings: Sequence[Recording],
                        others: Sequence[Recording], listener: Listener,
                        quick: bool) -> dict[str, Any]:
    counts: dict[str, Counter[str]] = {}
    for question in asked:
        tally = counts.setdefault(question.vocabulary, Counter())
        own = [each for each in recordings if each.says in question.answers]
        strangers = [each for each in recordings if each.says not in question.answers] or others
        tally["two_way"] |= question.two_way
        tally["questions"] += 1
        await _answers(question, language, thinned(own, QUICK if quick else FULL), listener, tally)
        await _strangers(question, language,
                         thinned(strangers, FEW_STRANGERS if quick else STRANGERS), listener, tally)
        if question.dialogue:
            await _dialogues(question, language, thinned(own, QUICK if quick else DIALOGUES),
                             own, listener, tally)
    return {name: _summed(tally) for name, tally in counts.items()}


async def _answers(question: Question, language: str, recordings: Sequence[Recording],
                   listener: Listener, tally: Counter[str]) -> None:
    """What the decoder and the understanding make of each answer, heard once."""
    grammar = grammar_for(question.item, language)
    for recording in recordings:
        heard = await listener.hear(grammar, recording.sound)
        meant = understand(question.item, language, heard.text)
        truth = question.answers[recording.says]
        tally["answers"] += 1
        match meant:
            case Answered(value):
                tally["right" if value == truth else "wrong"] += 1
            case Wished():
                tally["wish"] += 1
            case _:
                tally["refused"] += 1


async def _strangers(question: Question, language: str, recordings: Sequence[Recording],
                     listener: Listener, tally: Counter[str]) -> None:
    """Speech that is no answer."""
    grammar = grammar_for(question.item, language)
    for recording in recordings:
        heard = await listener.hear(grammar, recording.sound)
        meant = understand(question.item, language, heard.text)
        tally["strangers"] += 1
        tally["strangers_answered"] += isinstance(meant, Answered)
        tally["strangers_wished"] += isinstance(meant, Wished)


async def _dialogues(question: Question, language: str, recordings: Sequence[Recording],
                     pool: Sequence[Recording], listener: Listener, tally: Counter[str]) -> None:
    """What gets recorded in a conversation that begins with each recording."""
    for recording in recordings:
        truth = question.answers[recording.says]
        same = [each for each in pool if each.speaker == recording.speaker and each != recording
                and question.answers[each.says] == truth]
        same.sort(key=lambda each: (each.says == recording.says, each.file))     # other words first
        sounds = cycle([recording.sound, *(each.sound for each in same)])
        outcome = await converse(question, language, recording.says, sounds, listener.hear)
        tally["dialogues"] += 1
        tally["utterances"] += outcome.spoken
        tally["by_voice"] += outcome.by_voice and outcome.value == truth
        tally["recorded_right"] += outcome.value == truth
        tally["recorded_wrong"] += outcome.value not in (None, truth)
        tally["diverted"] += outcome.value is None


def _summed(tally: Counter[str]) -> dict[str, Any]:
    answers, dialogues = tally["answers"], tally["dialogues"]
    summed: dict[str, Any] = {
        "questions": tally["questions"], "n": answers,
        "right": share(tally["right"], answers), "wrong": share(tally["wrong"], answers),
        "refused": share(tally["refused"], answers),
        "taken_for_a_wish": share(tally["wish"], answers),
        "out_of_grammar": {
            "accepted": share(tally["strangers_answered"], tally["strangers"]),
            "taken_for_a_wish": share(tally["strangers_wished"], tally["strangers"])}}
    if tally["two_way"]:
        summed["flipped_heard"] = share(tally["wrong"], answers)
    if dialogues:
        wrong = share(tally["recorded_wrong"], dialogues)
        summed["dialogues"] = {
            "n": dialogues, "recorded_right": share(tally["recorded_right"], dialogues),
            "recorded_wrong": wrong, "no_answer": share(tally["diverted"], dialogues),
            "right_without_a_key": share(tally["by_voice"], dialogues),
            "utterances_each": round(tally["utterances"] / dialogues, 2)}
        if tally["two_way"]:
            summed["flipped_recorded"] = wrong
    return summed
