"""Recognisers as a worker process runs them: a model once, and a track for each utterance."""

from __future__ import annotations

from typing import Protocol

from ivr.recognition.models import Engine, Model
from ivr.understanding.grammar import Grammar


class Track(Protocol):
    """One utterance in a worker."""

    def feed(self, sound: bytes) -> None:
        """More of it."""

    def finish(self) -> tuple[str, float]:
        """The phrase of the grammar that was said ("" for none), and the confidence in it."""


class Listener(Protocol):
    """A loaded recogniser."""

    def begin(self, grammar: Grammar) -> Track:
        """Make ready for an utterance; several may be under way."""


def load(model: Model) -> Listener:
    """Load a model; seconds and much memory for a large one."""
    if model.engine is Engine.VOSK:
        from ivr.recognition.vosk_engine import VoskListener
        return VoskListener(model)
    from ivr.recognition.sphinx_engine import SphinxListener
    return SphinxListener(model)
