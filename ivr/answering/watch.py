"""Listens for a machine while the greeting already plays: no person waits for it.

The sound is in the file that the call is recorded into (interleaved stereo, the patient left). It
grows by a tenth of a second, or by about a second where Asterisk records.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import numpy as np

from followup.log import get_logger
from ivr.answering.detector import Detector, Verdict
from ivr.answering.sound import SAMPLES, Classifier

log = get_logger(__name__)

LOOK_S = 0.8                 # a look costs more than what it finds: not more often ...
AGAIN_S = 0.1                # ... but where the file is just about to grow
FRAME_BYTES = SAMPLES * 2 * 2
READ_BYTES = 8 * 50 * FRAME_BYTES    # more than there can be to read


class Watch:
    """What is known of who has answered. ``over``: a key or an answer has shown a person."""

    def __init__(self) -> None:
        self._detector = Detector()
        self._classifier = Classifier()
        self.over = False
        self.on_machine: Callable[[], None] | None = None

    @property
    def verdict(self) -> Verdict:
        """Who it seems to be."""
        return Verdict.PERSON if self.over else self._detector.verdict

    @property
    def machine(self) -> bool:
        """Whether it is a machine beyond doubt."""
        return self.verdict is Verdict.MACHINE

    def hear(self, stereo: bytes) -> None:
        """Whole 20 ms of both sides, interleaved."""
        for kind in self._classifier.kinds(np.frombuffer(stereo, "<i2").reshape(-1, SAMPLES, 2)):
            self._detector.push(kind)


@asynccontextmanager
async def overhear(watch: Watch, capture: Path) -> AsyncIterator[None]:
    """Let ``watch`` hear the call that is being recorded into ``capture``."""
    task = asyncio.create_task(_follow(watch, capture), name="answering machine")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _follow(watch: Watch, capture: Path) -> None:
    """In the event loop: a thread for each look costs more than reading what was just written."""
    file, sound = None, b""
    try:
        while not watch.over and not watch.machine:
            came = b""
            if file is None and capture.exists():
                file = capture.open("rb", buffering=0)
            if file is not None:
                came = os.read(file.fileno(), READ_BYTES)
                sound += came
                whole = len(sound) // FRAME_BYTES * FRAME_BYTES
                if whole:
                    watch.hear(sound[:whole])
                    sound = sound[whole:]
            if watch.machine and watch.on_machine:
                watch.on_machine()
            await asyncio.sleep(AGAIN_S if file and not came else LOOK_S)
    except Exception:        # nobody's call may suffer from this
        log.exception("the call cannot be listened to for an answering machine")
    finally:
        if file is not None:
            file.close()
