"""The call is overheard in the file that it is being recorded into."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
from structlog.testing import capture_logs

from ivr.answering import Verdict, Watch, overhear
from tests.ivr.answering.lines import quiet, tone, vowels


def stereo(theirs: np.ndarray, ours: np.ndarray | None = None) -> bytes:
    """Both sides as MixMonitor writes them."""
    other = np.zeros_like(theirs) if ours is None else np.resize(ours, theirs.shape)
    return np.stack([theirs, other], axis=1).astype("<i2").tobytes()


MACHINE = np.concatenate([quiet(0.3), vowels(4), quiet(0.4), tone(1000, 0.5), quiet(2)])


async def until(watch: Watch, verdict: Verdict) -> None:
    async with asyncio.timeout(40):
        while watch.verdict is not verdict:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_file_that_grows_is_followed_wherever_it_is_cut(tmp_path: Path) -> None:
    watch, told = Watch(), asyncio.Event()
    watch.on_machine = told.set
    capture = tmp_path / "call.raw"
    sound = stereo(MACHINE)
    async with overhear(watch, capture):
        await asyncio.sleep(0.3)                       # it is not there yet
        with capture.open("ab") as file:
            for place in range(0, len(sound), 32_768 + 11):
                file.write(sound[place:place + 32_768 + 11])
                file.flush()
                await asyncio.sleep(0.05)
        async with asyncio.timeout(40):
            await told.wait()
    assert watch.machine


def test_our_own_voice_that_the_line_gives_back_is_not_the_patients() -> None:
    ours = vowels(8) * 2
    watch = Watch()
    watch.hear(stereo((ours * 0.08).astype(np.int16), ours))
    assert watch.verdict is Verdict.UNDECIDED
    other = Watch()
    other.hear(stereo(vowels(8)))
    assert other.verdict is Verdict.LIKELY


async def test_once_a_person_is_known_nothing_is_overheard_any_more(tmp_path: Path) -> None:
    capture = tmp_path / "call.raw"
    capture.write_bytes(stereo(MACHINE))
    watch = Watch()
    watch.over = True
    async with overhear(watch, capture):
        await asyncio.sleep(0.4)
    assert watch.verdict is Verdict.PERSON
    assert not watch.machine


async def test_a_file_that_cannot_be_read_disturbs_nobody(tmp_path: Path) -> None:
    watch = Watch()
    with capture_logs() as logs:
        async with overhear(watch, tmp_path), asyncio.timeout(40):              # a folder
            while not logs:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    assert watch.verdict is Verdict.UNDECIDED
    assert [entry["event"] for entry in logs] == [
        "the call cannot be listened to for an answering machine"]
