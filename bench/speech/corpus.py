"""Recorded words to measure on: WAV files and ``index.tsv`` (file, says, language)."""

from __future__ import annotations

import csv
import os
import wave
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from followup.errors import InvalidInput
from ivr.recognition.protocol import RATE

VARIABLE = "AFTERCALL_BENCH_AUDIO"
BESIDE = Path(__file__).parents[2].parent / "shared" / "audio"
COLUMNS = {"file", "says", "language"}
SPLIT = ("by speaker, the file's name up to its first hyphen: CRC-32 of the name even is for "
         "tuning, odd is reported")


@dataclass(frozen=True)
class Recording:
    """One word said by one speaker."""

    file: Path
    says: str
    language: str

    @property
    def speaker(self) -> str:
        """Who says it."""
        return self.file.stem.split("-")[0]

    @property
    def reported(self) -> bool:
        """Whether figures may be reported on it; else it is for tuning."""
        return zlib.crc32(self.speaker.encode()) % 2 == 1

    @property
    def sound(self) -> bytes:
        """8 kHz samples; InvalidInput when the file has none."""
        return _sound(self.file)


def find_corpus(chosen: Path | None) -> Path:
    """The folder to measure on; InvalidInput when there is none."""
    named = chosen or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    folder = named or BESIDE
    if not (folder / "index.tsv").is_file():
        where = f"{named}: no index.tsv in it" if named else "no recordings to measure on"
        raise InvalidInput(f"audio: {where}", field="audio", expected=(
            "a folder with index.tsv (columns file, says, language) and WAV files of 8 kHz, by "
            f"--audio FOLDER or {VARIABLE}"))
    return folder


def read_corpus(folder: Path) -> tuple[Recording, ...]:
    """Every recording; InvalidInput naming the line that is not sound."""
    with (folder / "index.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        if not set(rows.fieldnames or ()) >= COLUMNS:
            raise InvalidInput("index.tsv: columns are missing", field="index.tsv",
                               expected="file, says, language, with tabs between")
        found = []
        for number, row in enumerate(rows, start=2):
            recording = Recording(folder / str(row["file"]), str(row["says"]),
                                  str(row["language"]))
            if not recording.file.is_file() or row["language"] not in ("zh", "en", "yue"):
                raise InvalidInput(f"index.tsv, line {number}: expected a file that is there and "
                                   "zh, en or yue", field="index.tsv")
            found.append(recording)
    return tuple(found)


def thinned(recordings: Iterable[Recording], at_most: int) -> Sequence[Recording]:
    """At most so many of them, evenly over all."""
    every = sorted(recordings, key=lambda each: each.file)
    return [every[place * len(every) // at_most] for place in range(at_most)] \
        if len(every) > at_most else every


@lru_cache(maxsize=4096)
def _sound(file: Path) -> bytes:
    try:
        with wave.open(str(file), "rb") as opened:
            shape = opened.getframerate(), opened.getnchannels(), opened.getsampwidth()
            if shape == (RATE, 1, 2):
                return opened.readframes(opened.getnframes())
    except (wave.Error, EOFError):
        pass
    raise InvalidInput(f"{file.name}: expected a WAV file, 8 kHz, mono, 16 bit", field="audio")
