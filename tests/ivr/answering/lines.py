"""Sounds of a telephone line: words, beeps, quiet, at 8 kHz."""

from __future__ import annotations

import csv
import wave
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ivr.answering import Detector, Verdict
from ivr.answering.sound import RATE, SAMPLES, Classifier

SPEECH = Path(__file__).parents[3] / ".." / "shared" / "audio"
HISS = 20                    # root mean square of a quiet line


def quiet(seconds: float, loudness: float = HISS) -> np.ndarray:
    """A quiet line, or with more ``loudness`` a noisy one."""
    noise = np.random.default_rng(1).normal(0, loudness, int(RATE * seconds))
    return noise.astype(np.int16)


def tone(hertz: float, seconds: float, loudness: float = 6000) -> np.ndarray:
    moments = np.arange(int(RATE * seconds)) / RATE
    return (np.sin(2 * np.pi * hertz * moments) * loudness).astype(np.int16)


def vowels(seconds: float) -> np.ndarray:
    """Something like a voice that talks without a break: a buzz whose pitch and colour move."""
    moments = np.arange(int(RATE * seconds)) / RATE
    turn = 2 * np.pi * np.cumsum(140 + 25 * np.sin(2 * np.pi * 3 * moments)) / RATE
    loud = 0.6 + 0.4 * np.sin(2 * np.pi * 4 * moments)
    sound = sum(np.sin(number * turn) / (1 + abs(number - 4 - 2 * np.sin(2 * np.pi * 2 * moments)))
                for number in range(1, 22))
    return (sound * loud * 1800).astype(np.int16)


def hear(*sounds: np.ndarray) -> list[Verdict]:
    """The verdicts on a line, one after the other."""
    detector, classifier = Detector(), Classifier()
    whole = np.concatenate(sounds)
    found = [Verdict.UNDECIDED]
    for frame in whole[:len(whole) // SAMPLES * SAMPLES].reshape(-1, SAMPLES):
        verdict = detector.push(classifier.kind(frame))
        if verdict is not found[-1]:
            found.append(verdict)
    return found


def speakers() -> dict[str, list[np.ndarray]]:
    """Words of real people, by speaker, without the quiet around them; {} where there are none."""
    found: dict[str, list[np.ndarray]] = defaultdict(list)
    if (SPEECH / "index.tsv").is_file():
        with (SPEECH / "index.tsv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                name = row["file"].split("-")[0] if row["language"] == "zh" else "en"
                found[name].append(_trimmed(read(SPEECH / row["file"])))
    return found


def read(path: Path) -> np.ndarray:
    with wave.open(str(path), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def _trimmed(sound: np.ndarray) -> np.ndarray:
    frames = sound[:len(sound) // SAMPLES * SAMPLES].reshape(-1, SAMPLES).astype(float)
    loud = np.sqrt((frames ** 2).mean(axis=1))
    heard = np.flatnonzero(loud > max(200.0, loud.max() * 0.06))
    return sound[heard[0] * SAMPLES:(heard[-1] + 1) * SAMPLES] if len(heard) else sound


def greeting(words: Sequence[np.ndarray]) -> np.ndarray:
    """Words said one right after the other."""
    return np.concatenate([part for word in words for part in (word, quiet(0.1))])
