"""PocketSphinx with a grammar of whole phrases, which it hears whole once they are said."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ivr.recognition.models import Model
from ivr.recognition.protocol import RATE
from ivr.recognition.spelling import Spelling, spell
from ivr.understanding.grammar import Grammar

KEPT_GRAMMARS = 64
SHORTEST_ASIDE = 8           # phones: shorter wishes swallowed a third of all answers (measured)
NOISE = 15.0                 # root mean square of what is laid under and around the speech
AROUND_S = 0.3
UNSURE = 0.5                 # pocketsphinx knows no confidence: what it hears is read back


class SphinxListener:
    """A decoder, shared by the utterances of its worker: it hears them one after the other."""

    def __init__(self, model: Model) -> None:
        from pocketsphinx import Decoder
        settings: dict[str, Any] = {"samprate": RATE, "nfft": 256} if model.rate == RATE else {}
        # bestpath with a grammar gives empty results
        self._decoder = Decoder(hmm=str(model.folder), dict=str(model.dictionary), lm=None,
                                bestpath=False, loglevel="FATAL", **settings)
        self._rate = model.rate
        self._grammars: OrderedDict[Grammar, Spelling] = OrderedDict()
        self._noise = np.random.default_rng(1)

    def begin(self, grammar: Grammar) -> SphinxTrack:
        """Build the grammar."""
        self._spelling(grammar)
        return SphinxTrack(self, grammar)

    def hear(self, grammar: Grammar, sound: bytes) -> tuple[str, float]:
        """What was said in 8 kHz samples."""
        spelling = self._spelling(grammar)
        if not spelling.phrases:
            return "", 0.0
        self._decoder.activate_search(_name(grammar))
        self._decoder.start_utt()
        self._decoder.process_raw(self._prepared(sound), full_utt=True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        text = spelling.phrases.get(found.hypstr, "") if found is not None else ""
        return (text, UNSURE) if text else ("", 0.0)

    def _spelling(self, grammar: Grammar) -> Spelling:
        """Make sure that the decoder has the grammar, and forget the one used longest ago."""
        spelling = self._grammars.get(grammar)
        if spelling is None:
            spelling = self._without_short_asides(
                grammar, spell(grammar, lambda word: self._decoder.lookup_word(word) is not None))
            if spelling.phrases:
                said = " | ".join([*spelling.phrases, *spelling.decoys])
                self._decoder.add_jsgf_string(
                    _name(grammar), f"#JSGF V1.0;\ngrammar answers;\npublic <s> = {said};\n")
            self._grammars[grammar] = spelling
            if len(self._grammars) > KEPT_GRAMMARS:
                old, held = self._grammars.popitem(last=False)
                if held.phrases:
                    self._decoder.remove_search(_name(old))
        self._grammars.move_to_end(grammar)
        return spelling

    def _without_short_asides(self, grammar: Grammar, spelling: Spelling) -> Spelling:
        kept = {words: phrase for words, phrase in spelling.phrases.items()
                if phrase not in grammar.asides
                or (phrase not in grammar.rare and self._phones(words) >= SHORTEST_ASIDE)}
        return Spelling(kept, (*spelling.decoys, *(
            words for words, phrase in spelling.phrases.items()
            if words not in kept and phrase in grammar.decoys)))

    def _phones(self, words: str) -> int:
        return sum(len(self._decoder.lookup_word(word).split()) for word in words.split())

    def _prepared(self, sound: bytes) -> bytes:
        """With noise around it, as digital silence upsets the model, and at the model's rate."""
        samples = np.frombuffer(sound, "<i2").astype(np.float64)
        padding = np.zeros(int(RATE * AROUND_S))
        samples = np.concatenate([padding, samples, padding])
        if self._rate != RATE:
            samples = _doubled(samples)
        samples += self._noise.normal(0, NOISE, len(samples))
        return np.clip(samples, -32768, 32767).astype("<i2").tobytes()


class SphinxTrack:
    """One utterance, kept until it is whole."""

    def __init__(self, listener: SphinxListener, grammar: Grammar) -> None:
        self._listener = listener
        self._grammar = grammar
        self._sound = bytearray()

    def feed(self, sound: bytes) -> None:
        """More of it."""
        self._sound += sound

    def finish(self) -> tuple[str, float]:
        """Decode it."""
        return self._listener.hear(self._grammar, bytes(self._sound))


def _name(grammar: Grammar) -> str:
    return f"g{hash(grammar) & 0xffffffffffff:x}"


def _doubled(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """At twice the rate, without inventing anything above 4 kHz."""
    spectrum = np.fft.rfft(samples)
    wide = np.zeros(len(samples) + 1, complex)
    wide[:len(spectrum)] = spectrum
    return np.fft.irfft(wide, 2 * len(samples)) * 2
