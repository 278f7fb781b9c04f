"""The protocols of hearing: a recogniser hears utterances, an ear hears one patient's line.

Sound is 8 kHz mono signed 16 bit little endian ("slin"); a frame is 20 ms, 320 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ivr.understanding.grammar import Grammar

RATE = 8000
FRAME_MS = 20
FRAME_BYTES = RATE * FRAME_MS // 1000 * 2


@dataclass(frozen=True)
class Heard:
    """What was recognised. ``text`` is "" when it was nothing of the grammar.

    ``confidence`` is 0..1, as far as the recogniser can tell (pocketsphinx hardly can).
    """

    text: str
    confidence: float


class RecogniserLost(Exception):
    """The recogniser has died; keys go on working."""


class Utterance(Protocol):
    """One utterance on its way to a recogniser."""

    def feed(self, sound: bytes) -> None:
        """More sound; never blocks."""

    async def finish(self) -> Heard:
        """What it was; RecogniserLost when it cannot be told."""

    def cancel(self) -> None:
        """Nobody wants to know any more."""


class Recogniser(Protocol):
    """Turns speech into text, many utterances at once, never blocking the event loop."""

    @property
    def languages(self) -> frozenset[str]:
        """The languages that it has a model for: zh, en, yue."""

    def begin(self, grammar: Grammar) -> Utterance:
        """A new utterance."""

    async def close(self) -> None:
        """Stop its workers."""


class Moment(StrEnum):
    """What a frame has brought about."""

    NOTHING = "nothing"
    ONSET = "onset"            # somebody has begun to speak: time to fall silent
    ENDPOINT = "endpoint"      # they have finished


class Ear(Protocol):
    """Listens to one line with one grammar: a voice detector in front of a recogniser."""

    def push(self, frame: bytes) -> Moment:
        """20 ms of the patient's sound."""

    async def heard(self) -> Heard:
        """After ENDPOINT: what was said. RecogniserLost as for Utterance.finish."""

    def close(self) -> None:
        """Stop listening."""


class Hearing(Protocol):
    """Gives out ears."""

    @property
    def languages(self) -> frozenset[str]:
        """The languages that can be heard."""

    def ear(self, grammar: Grammar) -> Ear:
        """A new ear."""
