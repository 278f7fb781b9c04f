"""Recognisers as a worker process runs them: one utterance in, its words out."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from followup.log import get_logger
from ivr.recognition.models import Engine, Model
from ivr.understanding.grammar import Grammar

log = get_logger(__name__)

KEPT_GRAMMARS = 64
NOISE = 15.0                 # root mean square of what is laid under and around the speech
AROUND_S = 0.3
UNSURE = 0.5                 # pocketsphinx knows no confidence: what it hears is read back


class Listener(Protocol):
    """A loaded recogniser."""

    def hear(self, grammar: Grammar, sound: bytes) -> tuple[str, float]:
        """The phrase of the grammar that was said ("" for none), and the confidence in it."""


def load(model: Model) -> Listener:
    """Load a model; seconds and much memory for a large one."""
    return VoskListener(model) if model.engine is Engine.VOSK else SphinxListener(model)


class SphinxListener:
    """PocketSphinx with a grammar of whole phrases."""

    def __init__(self, model: Model) -> None:
        from pocketsphinx import Decoder
        settings: dict[str, Any] = {"samprate": 8000, "nfft": 256} if model.rate == 8000 else {}
        # bestpath with a grammar gives empty results
        self._decoder = Decoder(hmm=str(model.folder), dict=str(model.dictionary), lm=None,
                                bestpath=False, loglevel="FATAL", **settings)
        self._rate = model.rate
        self._grammars: OrderedDict[Grammar, dict[str, str]] = OrderedDict()
        self._noise = np.random.default_rng(1)

    def hear(self, grammar: Grammar, sound: bytes) -> tuple[str, float]:
        """What was said."""
        spelt = self._use(grammar)
        if not spelt:
            return "", 0.0
        self._decoder.start_utt()
        self._decoder.process_raw(self._prepared(sound), full_utt=True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        text = spelt.get(found.hypstr, "") if found is not None else ""
        return (text, UNSURE) if text else ("", 0.0)

    def _use(self, grammar: Grammar) -> dict[str, str]:
        """Make the grammar the one in use; its phrases as the dictionary spells them."""
        name = f"g{hash(grammar) & 0xffffffffffff:x}"
        spelt = self._grammars.get(grammar)
        if spelt is None:
            spelt = self._spell(grammar)
            decoys = [words for phrase in grammar.decoys if (words := self._words(phrase))]
            if spelt:
                self._decoder.add_jsgf_string(name, "#JSGF V1.0;\ngrammar answers;\npublic <s> = "
                                              + " | ".join([*spelt, *decoys]) + ";\n")
            self._grammars[grammar] = spelt
            if len(self._grammars) > KEPT_GRAMMARS:
                old, held = self._grammars.popitem(last=False)
                if held:
                    self._decoder.remove_search(f"g{hash(old) & 0xffffffffffff:x}")
        self._grammars.move_to_end(grammar)
        if spelt:
            self._decoder.activate_search(name)
        return spelt

    def _spell(self, grammar: Grammar) -> dict[str, str]:
        spelt: dict[str, str] = {}
        missing = []
        for phrase in grammar.phrases:
            if words := self._words(phrase):
                spelt.setdefault(words, phrase)
            else:
                missing.append(phrase)
        if missing:
            log.warning("phrases that the model has no words for", language=grammar.language,
                        count=len(missing), first=missing[:3])
        return spelt

    def _words(self, phrase: str) -> str:
        """The phrase in words of the dictionary, "" when it lacks some."""
        if phrase.isascii():
            words = phrase.split()
            return " ".join(words) if all(map(self._known, words)) else ""
        words, place = [], 0
        while place < len(phrase):
            for end in range(min(len(phrase), place + 6), place, -1):
                if self._known(phrase[place:end]):
                    words.append(phrase[place:end])
                    place = end
                    break
            else:
                return ""
        return " ".join(words)

    def _known(self, word: str) -> bool:
        return self._decoder.lookup_word(word) is not None

    def _prepared(self, sound: bytes) -> bytes:
        """With noise around it, as digital silence upsets the model, and at the model's rate."""
        samples = np.frombuffer(sound, "<i2").astype(np.float64)
        padding = np.zeros(int(8000 * AROUND_S))
        samples = np.concatenate([padding, samples, padding])
        if self._rate == 16_000:
            samples = _doubled(samples)
        samples += self._noise.normal(0, NOISE, len(samples))
        return np.clip(samples, -32768, 32767).astype("<i2").tobytes()


class VoskListener:
    """Vosk with a grammar; each word has a confidence."""

    def __init__(self, model: Model) -> None:
        import vosk
        vosk.SetLogLevel(-1)
        self._vosk = vosk
        self._model = vosk.Model(str(model.folder))

    def hear(self, grammar: Grammar, sound: bytes) -> tuple[str, float]:
        """What was said; "[unk]" catches what is none of the phrases."""
        said = [*grammar.phrases, *grammar.decoys, "[unk]"]
        recogniser = self._vosk.KaldiRecognizer(self._model, 8000,
                                                json.dumps(said, ensure_ascii=False))
        recogniser.SetWords(True)
        recogniser.AcceptWaveform(sound)
        found = json.loads(recogniser.FinalResult())
        words = found.get("result", [])
        text = str(found.get("text", ""))
        if not words or "[unk]" in text or text in grammar.decoys:
            return "", 0.0
        return text, min(float(word.get("conf", 0.0)) for word in words)


def _doubled(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """At twice the rate, without inventing anything above 4 kHz."""
    spectrum = np.fft.rfft(samples)
    wide = np.zeros(len(samples) + 1, complex)
    wide[:len(spectrum)] = spectrum
    return np.fft.irfft(wide, 2 * len(samples)) * 2
