"""What Asterisk says by itself, when we cannot: prompts under file names that it knows."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.prompts.book import PromptBook
from ivr.prompts.files import write_whole
from ivr.prompts.prompt import Prompt
from ivr.prompts.tones import write_with_pause

ANNOUNCEMENTS = ("fallback", "inbound")
CONNECTING = "connecting"
HOLD_PAUSE_S = 2.0               # between "we are connecting you" and its next time


def is_fixed(prompt_id: str) -> bool:
    """Whether Asterisk plays this prompt by itself."""
    return prompt_id in (*ANNOUNCEMENTS, CONNECTING)


def write_fixed(book: PromptBook, language: str, hospital: Mapping[str, str]) -> None:
    """Make them anew in one language. Blocking; VoiceError when one cannot be spoken."""
    folder = book.sounds_dir / language
    for name in ANNOUNCEMENTS:
        source = book.render(Prompt(name, {"hospital": hospital[language]}, language))
        write_whole(folder / f"{name}.wav", source.read_bytes())
    write_with_pause(book.render(Prompt(CONNECTING, {}, language)),
                     folder / "hold" / f"{CONNECTING}.wav", HOLD_PAUSE_S)
