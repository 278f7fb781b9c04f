"""What a conversation needs of a patient's line, whichever way it is heard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from ivr.answering.watch import Watch
from ivr.conversation.events import Key, MachineHeard, Spoken
from ivr.prompts.prompt import Prompt
from ivr.understanding import Grammar


class Sounds(Protocol):
    """Where a line finds its sounds."""

    async def sound(self, prompt: Prompt, language: str) -> str:
        """The file of a prompt, without its ending; MissingSound when there is none to be had."""

    async def unplayable(self, prompt: Prompt, language: str, why: str) -> None:
        """The file that was given could not be played: the call goes on without it."""

    def tone(self, name: str) -> str:
        """The file of one of ``ivr.prompts.tones``, without its ending."""


class Line(Protocol):
    """Says prompts, hears keys and perhaps words. Everything raises AgiHangup once it is closed.

    ``grammar`` is what may be said meanwhile; None, or a line that hears no words: keys only.
    Keys that come while nobody waits for them end the next wait.
    """

    language: str
    watch: Watch | None          # for a machine; None once it is known to be a person

    @property
    def hears_words(self) -> bool:
        """Whether a grammar is of any use to it, in the language that is spoken now."""

    async def say(self, prompts: Sequence[Prompt], interruptible: bool = True,
                  grammar: Grammar | None = None) -> Key | Spoken | MachineHeard | None:
        """Play prompts; what cut them, if anything. A sound that is missing is passed over."""

    async def listen(self, wait_ms: int,
                     grammar: Grammar | None = None) -> Key | Spoken | MachineHeard | None:
        """The next key or words, None when none come in time."""

    async def record(self, path: Path, max_s: int, silence_s: int, end_key: str = "#") -> int:
        """Record a message after the beep, until a key or silence; the length of speech in ms.

        0 when it cannot be recorded (a full disk): the call goes on without it.
        """

    async def idle(self) -> None:
        """Keep sound flowing, though nothing is to be heard, while something else is done.

        Until the next use of the line. The one call that never raises AgiHangup: what a patient
        said before they hung up is still to be kept.
        """

    async def release(self) -> None:
        """Let others have the channel; the next use of the line takes it back."""
