"""An ear: a voice detector in front of a recogniser."""

from __future__ import annotations

from collections import deque

import numpy as np
import webrtcvad

from ivr.recognition.endpoint import Endpointer, Patience
from ivr.recognition.protocol import FRAME_MS, RATE, Heard, Moment, Recogniser, Utterance
from ivr.understanding.grammar import Grammar

AGGRESSIVENESS = 2           # webrtcvad: 0 takes nearly all for voice, 3 nearly nothing
FLOOR = 120.0                # root mean square, of 32767: below is a quiet line
FLOOR_POWER = FLOOR * FLOOR
SAMPLE = np.dtype("<i2")
PRE_ROLL_MS = 400            # before the onset, so that no first syllable is lost


class VoiceDetector:
    """Whether 20 ms of sound hold a voice."""

    def __init__(self) -> None:
        self._vad = webrtcvad.Vad(AGGRESSIVENESS)

    def voiced(self, frame: bytes) -> bool:
        """``frame`` is 320 bytes."""
        samples = np.frombuffer(frame, SAMPLE).astype(np.float32)
        # one product, no mean and no root: this runs 50 times a second for every call
        return float(samples.dot(samples)) >= FLOOR_POWER * len(samples) \
            and bool(self._vad.is_speech(frame, RATE))


class RecognisingEar:
    """Hears one utterance (ivr.recognition.protocol.Ear)."""

    def __init__(self, recogniser: Recogniser, grammar: Grammar, patience: Patience) -> None:
        self._recogniser = recogniser
        self._grammar = grammar
        self._detector = VoiceDetector()
        self._endpointer = Endpointer(patience, unhurried=grammar.unhurried)
        self._before: deque[bytes] = deque(maxlen=PRE_ROLL_MS // FRAME_MS)
        self._utterance: Utterance | None = None

    def push(self, frame: bytes) -> Moment:
        """20 ms of the patient's sound."""
        moment = self._endpointer.push(self._detector.voiced(frame))
        if moment is Moment.ONSET:
            self._utterance = self._recogniser.begin(self._grammar)
            self._utterance.feed(b"".join(self._before))
        if self._utterance is not None:
            self._utterance.feed(frame)
        else:
            self._before.append(frame)
        return moment

    async def heard(self) -> Heard:
        """After ENDPOINT: what was said."""
        assert self._utterance is not None, "nobody has spoken"
        return await self._utterance.finish()

    def close(self) -> None:
        """Stop listening."""
        if self._utterance is not None:
            self._utterance.cancel()


class RecognisingHearing:
    """Ears on one recogniser (ivr.recognition.protocol.Hearing)."""

    def __init__(self, recogniser: Recogniser, patience: Patience | None = None) -> None:
        self._recogniser = recogniser
        self._patience = patience or Patience()

    @property
    def languages(self) -> frozenset[str]:
        """The languages that can be heard."""
        return self._recogniser.languages

    def ear(self, grammar: Grammar) -> RecognisingEar:
        """A new ear."""
        return RecognisingEar(self._recogniser, grammar, self._patience)

    async def close(self) -> None:
        """Stop the recogniser."""
        await self._recogniser.close()
