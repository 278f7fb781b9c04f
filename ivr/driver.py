"""Drives a conversation over a telephone line: actions become AGI commands, keys become events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from followup.calls.models import Disposition
from followup.log import get_logger
from ivr.agi import AgiChannel, AgiCommandFailed, AgiHangup
from ivr.conversation import State, advance
from ivr.conversation.actions import (
    Action,
    CheckAgent,
    End,
    Escalate,
    Listen,
    Mark,
    RecordMessage,
    Say,
    SetLanguage,
    StopCalling,
    StopRecording,
    StoreAnswer,
)
from ivr.conversation.events import (
    AgentChecked,
    AgentJoined,
    Event,
    HungUp,
    Key,
    MessageRecorded,
    NoAgent,
    Started,
    TimedOut,
)
from ivr.prompts.prompt import Prompt
from ivr.prompts.tones import BEEP, QUIET, quiet_offset
from ivr.understanding import When

log = get_logger(__name__)

KEYS = "0123456789*#"
SAMPLES_PER_MS = 8


class Desk(Protocol):
    """What a conversation needs of the hospital's side, for one call."""

    async def store(self, answer: StoreAnswer) -> None:
        """Keep an answer; returns once it cannot be lost."""

    async def mark(self, mark: Mark) -> None:
        """Note this moment of the recording."""

    async def agent_free(self) -> bool:
        """Whether somebody could take the call now."""

    async def hand_over(self, escalate: Escalate, line: Line) -> bool:
        """Ring agents; True once one has spoken with the patient."""

    async def use_language(self, language: str) -> None:
        """Remember the patient's choice."""

    async def stop_recording(self) -> None:
        """Keep nothing of the sound of this call."""

    async def stop_calling(self) -> None:
        """No follow-up call after this one; returns once it cannot be lost."""

    async def sound(self, prompt: Prompt, language: str) -> str:
        """The file of a prompt, without its ending."""

    def tone(self, name: str) -> str:
        """The file of one of ``ivr.prompts.tones``, without its ending."""

    def message(self, link_id: str) -> tuple[Path, str]:
        """Where a message is to be recorded: the path without ending, and the name to keep."""


@dataclass(frozen=True)
class Ended:
    """How a conversation ended. ``link_id`` was being asked then; ``complete``: all was asked."""

    outcome: Disposition
    complete: bool
    link_id: str | None
    call_back: When | None = None


class Line:
    """The patient's line: says prompts, hears keys."""

    def __init__(self, channel: AgiChannel, desk: Desk, language: str) -> None:
        self.channel = channel
        self.language = language
        self._desk = desk

    async def say(self, prompts: Sequence[Prompt], interruptible: bool = True) -> str | None:
        """Play prompts; the key that cut them, if any. A sound that is missing is passed over."""
        for prompt in prompts:
            file = await self._desk.sound(prompt, self.language)
            try:
                played = await self.channel.stream_file(file, KEYS if interruptible else "")
            except AgiCommandFailed:
                log.exception("a prompt cannot be played", prompt=prompt.id)
                continue
            if played.digit:
                return played.digit
        return None

    async def listen(self, wait_ms: int) -> str | None:
        """The next key, None when none comes in time."""
        played = await self.channel.stream_file(self._desk.tone(QUIET), KEYS, quiet_offset(wait_ms))
        return played.digit

    async def record(self, path: Path, max_s: int, silence_s: int) -> int:
        """Record a message after the beep, until ``#`` or silence; the length of speech in ms.

        0 when it cannot be recorded (a full disk): the call goes on without it.
        """
        try:
            await self.channel.stream_file(self._desk.tone(BEEP))
        except AgiCommandFailed:
            log.exception("the beep cannot be played")
        try:
            recorded = await self.channel.record_file(
                str(path), "wav", "#", max_s * 1000, silence_s=silence_s)
        except AgiCommandFailed:
            log.exception("a message cannot be recorded")
            return 0
        length = recorded.end_offset // SAMPLES_PER_MS
        if recorded.reason == "timeout" and length < max_s * 1000:
            length -= silence_s * 1000          # the silence that ended it is no speech
        return max(0, length)


async def converse(line: Line, desk: Desk, state: State) -> Ended:
    """Hold the whole conversation; returns when there is nothing more to do but hang up.

    A patient who hangs up ends it like any other event; only our own faults raise.
    """
    asked = state.link_id
    event: Event = Started()
    waiting: tuple[Action, ...] = ()
    while True:
        state, actions = advance(state, event)
        waiting = actions[-1:] or waiting
        asked = state.link_id or asked
        line.language = state.language
        try:
            result = await _perform(line, desk, actions or waiting)
        except AgiHangup:
            result = HungUp()
        if isinstance(result, End):
            return Ended(result.outcome, result.complete, asked, result.call_back)
        event = result


async def _perform(line: Line, desk: Desk, actions: Sequence[Action]) -> Event | End:
    """Do a batch in order; what it comes to. A key drops what was still to be said."""
    for action in actions:
        match action:
            case StoreAnswer():
                await desk.store(action)
            case Mark():
                await desk.mark(action)
            case SetLanguage(language):
                await desk.use_language(language)
            case StopRecording():
                await desk.stop_recording()
            case StopCalling():
                await desk.stop_calling()
            case Say(prompts, interruptible):
                if key := await line.say(prompts, interruptible):
                    return Key(key)
            case Listen(timeout_ms):
                heard = await line.listen(timeout_ms)
                return Key(heard) if heard else TimedOut()
            case RecordMessage(link_id, max_s, silence_s):
                path, name = desk.message(link_id)
                return MessageRecorded(name, await line.record(path, max_s, silence_s))
            case CheckAgent():
                return AgentChecked(await desk.agent_free())
            case Escalate():
                # what there is to say is heard while the agent's phone rings: no time is lost
                if not await desk.hand_over(action, line):
                    return NoAgent()
                return AgentJoined()
            case End():
                return action
    return HungUp()              # after an agent's call there is nothing to wait for but the end
