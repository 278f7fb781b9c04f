"""The book of prompts, with the voices that the settings name."""

from __future__ import annotations

from aftercall.provision.espeak import find_espeak
from aftercall.provision.paths import Say
from followup.secrets import read_secrets
from followup.settings import Settings
from ivr.prompts.book import PromptBook
from ivr.prompts.http_voice import HttpVoice
from ivr.prompts.voice import EspeakVoice, Voice


def prompt_book(settings: Settings, say: Say) -> PromptBook:
    """The voices of the settings."""
    local = EspeakVoice(find_espeak(say).command())
    return PromptBook(settings.sounds_dir, settings.human_prompts_dir,
                      _far_voice(settings) or local, settings.prompts.words_per_minute,
                      local=local, names_locally=settings.voice.names_locally)


def _far_voice(settings: Settings) -> Voice | None:
    """The provider that the settings name, if any."""
    if settings.voice.kind == "espeak":
        return None
    secrets = read_secrets(settings.data_dir)
    return HttpVoice(settings.voice, secrets.voice.get_secret_value() if secrets else "")
