"""Recordings through a whole ear: voice detector, endpoint, worker; as on a line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ivr.recognition import RecognisingHearing
from ivr.recognition.ear import PRE_ROLL_MS, VoiceDetector
from ivr.recognition.endpoint import Endpointer, Patience
from ivr.recognition.protocol import FRAME_BYTES, FRAME_MS, Ear, Heard, Moment
from ivr.understanding import Grammar

BEFORE_S, AFTER_S = 0.5, 1.5     # of silence around a recording
SILENCES_MS = (300, 400, 500, 600, 700, 800)
LINES = 8                        # that speak at once where latency is measured


@dataclass
class Listener:
    """Hears recordings, and sums up how much sound went to the recogniser."""

    hearing: RecognisingHearing
    sound_s: float = 0.0
    heard: int = 0

    async def hear(self, grammar: Grammar, sound: bytes) -> Heard:
        """As fast as it can; nothing ("") when nobody was noticed."""
        ear = self.hearing.ear(grammar)
        began = 0
        try:
            for number, frame in enumerate(frames(sound)):
                match ear.push(frame):
                    case Moment.ONSET:
                        began = number
                    case Moment.ENDPOINT:
                        self.sound_s += ((number - began) * FRAME_MS + PRE_ROLL_MS) / 1000
                        self.heard += 1
                        return await ear.heard()
        finally:
            ear.close()
        return Heard("", 0.0)

    async def latencies(self, grammar: Grammar, sounds: Sequence[bytes],
                        seconds: float) -> list[float]:
        """From endpoint to result, on ``LINES`` lines that speak at the pace of speech."""
        took: list[float] = []
        until = time.perf_counter() + seconds

        async def line(number: int) -> None:
            await asyncio.sleep(number * 0.17)
            turn = number
            while time.perf_counter() < until:
                ear = self.hearing.ear(grammar)
                sound = sounds[turn % len(sounds)]
                turn += LINES
                if await _paced(ear, sound):
                    began = time.perf_counter()
                    await ear.heard()
                    took.append(time.perf_counter() - began)
                ear.close()

        await asyncio.gather(*map(line, range(LINES)))
        return took


async def _paced(ear: Ear, sound: bytes) -> bool:
    """Frame by frame at their time; whether it came to an endpoint."""
    began = time.perf_counter()
    for number, frame in enumerate(frames(sound)):
        await asyncio.sleep(max(0.0, began + number * FRAME_MS / 1000 - time.perf_counter()))
        if ear.push(frame) is Moment.ENDPOINT:
            return True
    return False


def frames(sound: bytes) -> list[bytes]:
    """The recording in frames, with silence around it."""
    line = bytes(int(BEFORE_S * 16_000)) + sound + bytes(int(AFTER_S * 16_000))
    return [line[place:place + FRAME_BYTES]
            for place in range(0, len(line) - FRAME_BYTES + 1, FRAME_BYTES)]


def endpoints(sounds: Sequence[bytes]) -> dict[str, object]:
    """How many recordings each silence would cut: somebody speaks again after the end."""
    voiced = [list(map(VoiceDetector().voiced, frames(sound))) for sound in sounds]
    cut = dict.fromkeys(map(str, SILENCES_MS), 0)
    unnoticed = 0
    for flags in voiced:
        unnoticed += _end(flags, Patience()) is None
        for silence in SILENCES_MS:
            end = _end(flags, Patience(silence=silence))
            again = Endpointer()
            if end is not None and Moment.ONSET in map(again.push, flags[end + 1:]):
                cut[str(silence)] += 1
    return {"recordings": len(sounds), "not_noticed": unnoticed, "cut_by_silence_ms": cut,
            "silence_ms": Patience().silence, "short_silence_ms": Patience().short_silence}


def _end(flags: Sequence[bool], patience: Patience) -> int | None:
    endpointer = Endpointer(patience)
    return next((place for place, flag in enumerate(flags)
                 if endpointer.push(flag) is Moment.ENDPOINT), None)
