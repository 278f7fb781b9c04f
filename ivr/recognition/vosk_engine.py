"""Vosk: hears while the patient still speaks, with a grammar and a confidence for each word."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from ivr.recognition.models import Model
from ivr.recognition.protocol import RATE
from ivr.recognition.spelling import Spelling, spell
from ivr.understanding.grammar import Grammar

OTHER = "[unk]"              # Vosk's word for whatever is none of the grammar's
KEPT_SPELLINGS = 256


class VoskListener:
    """A model, shared by all utterances of its worker."""

    def __init__(self, model: Model) -> None:
        import vosk
        vosk.SetLogLevel(-1)
        self._vosk = vosk
        self._model = vosk.Model(str(model.folder))
        self._spelling = lru_cache(KEPT_SPELLINGS)(lambda grammar: spell(grammar, self._knows))

    def begin(self, grammar: Grammar) -> VoskTrack:
        """Build the grammar's graph."""
        spelling = self._spelling(grammar)
        said = json.dumps([*spelling.phrases, *spelling.around, *spelling.decoys, OTHER],
                          ensure_ascii=False)
        recogniser = self._vosk.KaldiRecognizer(self._model, RATE, said)
        recogniser.SetWords(True)
        return VoskTrack(recogniser, spelling, by_word=grammar.language == "en")

    def _knows(self, word: str) -> bool:
        return bool(self._model.vosk_model_find_word(word) >= 0)


class VoskTrack:
    """One utterance."""

    def __init__(self, recogniser: Any, spelling: Spelling, by_word: bool) -> None:
        self._recogniser = recogniser
        self._spelling = spelling
        self._by_word = by_word

    def feed(self, sound: bytes) -> None:
        """Decode more of it. That Vosk sees an end here counts for nothing: the ear decides."""
        self._recogniser.AcceptWaveform(sound)

    def finish(self) -> tuple[str, float]:
        """Vosk may string words of several phrases together: what that means is for others.

        With a word that is a decoy's alone, or with none of the phrases', it is no answer.
        """
        found = json.loads(self._recogniser.FinalResult())
        words = [(str(word["word"]), float(word["conf"])) for word in found.get("result", [])]
        if not words:
            return "", 0.0
        spoken = " ".join(word for word, _ in words)
        expected = {word for phrase in self._spelling.phrases for word in phrase.split()}
        heard = {word for word, _ in words}
        if spoken in self._spelling.decoys or not heard & expected \
                or not heard <= expected | {*self._spelling.around}:
            return "", 0.0
        text = self._spelling.phrases.get(spoken)
        if text is None:
            text = spoken if self._by_word else spoken.replace(" ", "")
        return text, min(confidence for _, confidence in words)
