"""What is said and pressed in one call, found by rehearsing the conversation itself.

All flows play these very files and get these very keys, so that they differ in who drives them
alone.
"""

from __future__ import annotations

import wave
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from bench.ivr import rtp
from followup.questionnaires.definition import Questionnaire
from ivr.conversation import Context, advance, begin
from ivr.conversation.actions import End, Listen, RecordMessage, Say
from ivr.conversation.events import Event, Key, MessageRecorded, Started
from ivr.conversation.flow import LISTEN_MS
from ivr.prompts.book import PromptBook
from ivr.prompts.prompt import Prompt

MESSAGE_S = 2.5              # of a message: what is left when it begins late is still one
# the eight items of the sample, all in order: nobody needs a nurse
ANSWERS = ("1", "1", "36*5#", "2#", "1", "2", "1", "#")


class Wait(StrEnum):
    """What comes after the prompts."""

    KEY = "key"
    NUMBER = "number"
    MESSAGE = "message"
    END = "end"


@dataclass(frozen=True)
class Turn:
    """Sounds (paths without ending) and the patient's answer to them; ``keys`` "" at the end."""

    sounds: tuple[str, ...]
    wait: Wait
    keys: str

    def as_json(self) -> dict[str, Any]:
        """For a script in another process."""
        return asdict(self)

    def quiet_s(self, reaction_s: float) -> float:
        """From the end of its sounds, or of the beep, to the patient's keys."""
        return MESSAGE_S if self.wait is Wait.MESSAGE else reaction_s


async def rehearse(questionnaire: Questionnaire, context: Context, book: PromptBook,
                   answers: Sequence[str] = ANSWERS) -> list[Turn]:
    """Hold the conversation without a telephone; renders every prompt that it plays."""
    state = begin(questionnaire, context)
    book.learn(questionnaire)
    event: Event = Started()
    turns: list[Turn] = []
    for keys in (*answers, ""):
        state, actions = advance(state, event)
        said = [prompt for action in actions if isinstance(action, Say)
                for prompt in action.prompts]
        turns.append(Turn(tuple([await _sound(book, prompt, context) for prompt in said]),
                          _wait(actions[-1]), keys))
        if not keys:
            break
        if turns[-1].wait is Wait.MESSAGE:
            event = MessageRecorded("message.wav", round(MESSAGE_S * 1000))
            continue
        for key in keys[:-1]:
            state, _ = advance(state, Key(key))
        event = Key(keys[-1])
    assert turns[-1].wait is Wait.END, "the answers do not fit the questionnaire"
    return turns


async def _sound(book: PromptBook, prompt: Prompt, context: Context) -> str:
    return await book.file_for(prompt, prompt.language or context.language)


def _wait(action: object) -> Wait:
    match action:
        case Listen(timeout_ms):
            return Wait.KEY if timeout_ms == LISTEN_MS else Wait.NUMBER
        case RecordMessage():
            return Wait.MESSAGE
        case End():
            return Wait.END
    raise AssertionError(f"no way to wait for {action}")


def keyed(turns: Sequence[Turn]) -> str:
    """What a flow must have heard at the end of a call, answer by answer."""
    return "-".join(turn.keys.removesuffix("#") for turn in turns
                    if turn.wait in (Wait.KEY, Wait.NUMBER))


@dataclass(frozen=True)
class Script:
    """A call that nothing delays: its turns, seconds from its first sound to each answer and to
    its end."""

    turns: Sequence[Turn]
    answers_s: tuple[float, ...]
    call_s: float


def timed(turns: Sequence[Turn], beep: Path, reaction_s: float) -> Script:
    """When everything comes, by the lengths of the sounds and the patient's reaction."""
    at, answers = 0.0, []
    for turn in turns:
        sounds = [*turn.sounds, *([str(beep)] if turn.wait is Wait.MESSAGE else ())]
        loud_s, whole_s = _lengths([Path(f"{sound}.wav") for sound in sounds])
        if not turn.keys:
            at += whole_s
            break
        frames = rtp.PRESS_FRAMES * (len(turn.keys) - 1) + rtp.TONE_FRAMES + 1
        at += loud_s + turn.quiet_s(reaction_s) + frames * rtp.FRAME_MS / 1000
        answers.append(round(at, 3))
    return Script(turns, tuple(answers), round(at, 2))


def _lengths(sounds: Sequence[Path]) -> tuple[float, float]:
    """Seconds of sounds one after another, to the last of it that is loud and altogether."""
    loud, whole = 0, 0
    for sound in sounds:
        with wave.open(str(sound)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)
        frames = samples[:len(samples) // rtp.FRAME * rtp.FRAME].reshape(-1, rtp.FRAME)
        heard = np.flatnonzero(np.square(frames).mean(axis=1) >= rtp.LOUD * rtp.LOUD)
        if len(heard):
            loud = whole + int(heard[-1]) + 1
        whole += -(-len(samples) // rtp.FRAME)
    return loud * rtp.FRAME_MS / 1000, whole * rtp.FRAME_MS / 1000
