"""When somebody begins to speak, and when they have finished. Pure: one flag each 20 ms."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from ivr.recognition.protocol import FRAME_MS, Moment


@dataclass(frozen=True)
class Patience:
    """Times in milliseconds.

    ``onset``: so much voice within ``window`` is speech, less is a click or a cough. ``silence``
    ends an answer in which people pause (numbers, dates), ``short_silence`` one that is a word or
    a phrase; ``longest`` ends any.
    """

    onset: int = 140
    window: int = 280
    silence: int = 700
    short_silence: int = 500
    longest: int = 10_000


class Endpointer:
    """Follows one utterance from its onset to its end."""

    def __init__(self, patience: Patience | None = None, *, unhurried: bool = True) -> None:
        self._patience = patience or Patience()
        self._silence = self._patience.silence if unhurried else self._patience.short_silence
        self._recent: deque[bool] = deque(maxlen=self._patience.window // FRAME_MS)
        self._spoken_ms = 0
        self._silent_ms = 0
        self.speaking = False
        self.finished = False

    def push(self, voiced: bool) -> Moment:
        """The next 20 ms."""
        if self.finished:
            return Moment.NOTHING
        if not self.speaking:
            self._recent.append(voiced)
            if sum(self._recent) * FRAME_MS < self._patience.onset:
                return Moment.NOTHING
            self.speaking = True
            return Moment.ONSET
        self._spoken_ms += FRAME_MS
        self._silent_ms = 0 if voiced else self._silent_ms + FRAME_MS
        if self._silent_ms < self._silence and self._spoken_ms < self._patience.longest:
            return Moment.NOTHING
        self.speaking, self.finished = False, True
        return Moment.ENDPOINT
