"""A hospital's prompts as short tones: a call takes seconds, and nobody waits for a voice."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from followup.questionnaires.fhir import load_questionnaire
from followup.settings import Settings
from ivr.prompts.book import PromptBook
from ivr.prompts.campaign import campaign_prompts
from ivr.prompts.texts import catalogue
from ivr.prompts.voice import EspeakVoice
from ivr.prompts.wav import write_wav

PROMPT_HZ = 300              # what people have recorded
VOICE_HZ = 370               # what a voice makes


@cache
def tone(hertz: float = PROMPT_HZ, seconds: float = 0.5) -> bytes:
    """A telephone WAV of a pure tone."""
    moments = np.arange(int(8000 * seconds)) / 8000
    return write_wav(np.sin(2 * np.pi * hertz * moments) / 4, 8000)


def write_tone(path: Path, hertz: float = PROMPT_HZ, seconds: float = 0.5) -> None:
    """The same in a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tone(hertz, seconds))


class HummingVoice(EspeakVoice):
    """Makes what a campaign needs under espeak-ng's name, by which the house's parts find it.

    It is hundreds of sounds, few of which are ever heard: to speak them took most of a journey's
    time. The demo's journey has real ones.
    """

    def speak(self, text: str, language: str, words_per_minute: int) -> bytes:
        return tone(VOICE_HZ)


def humming_book(settings: Settings) -> PromptBook:
    """The book of a house's prompts, in which a voice hums what has blanks."""
    return PromptBook(settings.sounds_dir, settings.human_prompts_dir, HummingVoice(()),
                      settings.prompts.words_per_minute)


def record_prompts(settings: Settings, resource: dict[str, Any],
                   sounds: Mapping[str, float]) -> None:
    """A tone for every prompt that has no blanks to fill in; ``sounds``: pitches of its own."""
    questionnaire = load_questionnaire(resource)
    for language in settings.prompts.languages:
        names = set(catalogue(language))
        names |= {prompt.id for prompt in campaign_prompts(questionnaire, {"zh": "医院"}, [])}
        for name in names:
            write_tone(settings.human_prompts_dir / language / f"{name}.wav",
                       sounds.get(f"{language}/{name}") or sounds.get(name, PROMPT_HZ))
