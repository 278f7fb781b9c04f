"""Copies made by the real ffmpeg: smaller, with the same sound on each side, in a form that a
browser knows."""

from __future__ import annotations

import asyncio
import subprocess

import numpy as np
import pytest
from numpy.typing import NDArray

from followup.calls.models import CopyFormat
from followup.ffmpeg import find_ffmpeg
from recordings.copies import find_copiers
from recordings.sealing import RATE, header

FFMPEG = find_ffmpeg()
SECONDS = 4
PATIENT_HZ, HOSPITAL_HZ = 440, 1100

pytestmark = pytest.mark.skipif(FFMPEG is None, reason="no ffmpeg for this kind of machine")


def recording() -> bytes:
    moments = np.arange(RATE * SECONDS) / RATE
    sides = [np.sin(2 * np.pi * hertz * moments) * 8000 for hertz in (PATIENT_HZ, HOSPITAL_HZ)]
    samples = np.stack(sides, axis=1).astype("<i2").tobytes()
    return header(len(samples)) + samples


def heard(copy: bytes) -> NDArray[np.int16]:
    raw = subprocess.run([str(FFMPEG), "-v", "error", "-i", "pipe:0", "-f", "s16le", "-ar",
                          str(RATE), "pipe:1"], input=copy, stdout=subprocess.PIPE,
                         check=True).stdout
    return np.frombuffer(raw, "<i2").reshape(-1, 2)


@pytest.mark.parametrize(("wanted", "begins"), [("opus", (0, b"OggS")), ("m4a", (4, b"ftyp"))])
async def test_a_copy_has_each_side_where_it_was(wanted: str, begins: tuple[int, bytes]) -> None:
    [copier] = find_copiers(wanted)
    original = recording()
    copy = await copier.copy(original)
    place, magic = begins
    assert copy[place:place + 4] == magic
    assert len(copy) < len(original) / 4
    samples = await asyncio.to_thread(heard, copy)
    assert len(samples) / RATE == pytest.approx(SECONDS, abs=0.1), "marks keep their place"
    loudest = np.abs(np.fft.rfft(samples, axis=0)).argmax(axis=0) * RATE / len(samples)
    assert loudest == pytest.approx([PATIENT_HZ, HOSPITAL_HZ], abs=5)


def test_the_settings_say_which_copies_are_made() -> None:
    def made(wanted: str) -> list[CopyFormat]:
        return [each.form for each in find_copiers(wanted)]
    assert made("both") == [CopyFormat.OPUS, CopyFormat.M4A]
    assert (made("m4a"), made("none")) == ([CopyFormat.M4A], [])
