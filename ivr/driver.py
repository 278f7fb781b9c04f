"""Drives a conversation over a telephone line: actions become AGI commands, keys become events."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

from followup.calls.models import AnsweredBy, Disposition
from followup.log import get_logger
from ivr.agi import AgiHangup
from ivr.answering.detector import Verdict
from ivr.conversation import State, advance
from ivr.conversation.actions import (
    Action,
    CheckAgent,
    CloseAnswers,
    End,
    Escalate,
    Listen,
    Mark,
    RecordMessage,
    Report,
    Say,
    SetLanguage,
    StopCalling,
    StopRecording,
    StoreAnswer,
)
from ivr.conversation.events import (
    AgentChecked,
    AgentJoined,
    Clock,
    Event,
    HungUp,
    MachineHeard,
    MessageRecorded,
    NoAgent,
    PersonHeard,
    Started,
    TimedOut,
)
from ivr.conversation.speech import hears, make_ready
from ivr.line import Line, Sounds
from ivr.understanding import Grammar

T = TypeVar("T")
log = get_logger(__name__)

SOON_S = 0.015               # what takes longer is heard as a gap, unless sound flows meanwhile


class Desk(Sounds, Protocol):
    """What a conversation needs of the hospital's side, for one call."""

    async def store(self, answer: StoreAnswer) -> None:
        """Keep an answer; returns once it cannot be lost."""

    async def close_answers(self, link_id: str) -> None:
        """The patient has nothing to add to these answers."""

    async def mark(self, mark: Mark) -> None:
        """Note this moment of the recording, for the next ``store`` or ``keep_marks``."""

    async def keep_marks(self) -> None:
        """Keep what was noted, where there is no answer to go with."""

    async def keep_recording(self, line: Line) -> None:
        """Between two turns: see that the call goes on being recorded, by other means if needed."""

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

    async def report(self, what: Disposition) -> None:
        """A wrong number, or a death: staff look at it; returns once it cannot be lost."""

    def message(self, link_id: str) -> tuple[Path, str]:
        """Where a message is to be recorded: the path without ending, and the name to keep."""


@dataclass(frozen=True)
class Ended:
    """How a conversation ended. ``link_id`` was being asked then; ``complete``: all was asked;
    ``call_back``: as in ``End``."""

    outcome: Disposition
    complete: bool
    link_id: str | None
    call_back: datetime | None = None
    answered_by: AnsweredBy | None = None


async def converse(line: Line, desk: Desk, state: State) -> Ended:
    """Hold the whole conversation; returns when there is nothing more to do but hang up.

    A patient who hangs up ends it like any other event; only our own faults raise.
    """
    asked = state.link_id
    since = asyncio.get_running_loop().time()
    opened_at = state.context.now
    event: Event = Started()
    waiting: tuple[Action, ...] = ()
    while True:
        state, actions = advance(_by_the_clock(state, opened_at, since), event)
        waiting = actions[-1:] or waiting
        asked = state.link_id or asked
        line.language = state.language
        _watch_on(line, state)
        try:
            result = await _perform(line, desk, actions or waiting, state)
        except AgiHangup:
            result = HungUp()
        if isinstance(result, End):
            return Ended(result.outcome, result.complete, asked, result.call_back,
                         state.answered_by)
        state = _as_it_talks(line, state)
        event = result


def _by_the_clock(state: State, opened_at: str, since: float) -> State:
    """Tell the conversation what time it is, from when it was opened on."""
    if not opened_at:
        return state
    passed = timedelta(seconds=asyncio.get_running_loop().time() - since)
    now = datetime.fromisoformat(opened_at) + passed
    return advance(state, Clock(now.isoformat(timespec="seconds")))[0]


def _watch_on(line: Line, state: State) -> None:
    """Whoever has pressed a key or was understood is a person, however they talk."""
    if state.person and line.watch is not None:
        line.watch.over = True
        line.watch = None


def _as_it_talks(line: Line, state: State) -> State:
    """Tell the conversation what to make of no answer, should that come next."""
    verdict = line.watch.verdict if line.watch else Verdict.UNDECIDED
    if verdict is Verdict.LIKELY:
        return advance(state, MachineHeard(certain=False))[0]
    return advance(state, PersonHeard())[0] if verdict is Verdict.PERSON else state


async def _perform(line: Line, desk: Desk, actions: Sequence[Action],
                   state: State) -> Event | End:
    """Do a batch in order; what it comes to. A key or a word drops what was still to be said.

    Marks go first: they are kept with the answer of their batch, in one transaction.
    """
    await desk.keep_recording(line)
    grammar: Grammar | None = None           # made at its first use, once for the batch
    marks = [action for action in actions if isinstance(action, Mark)]
    for mark in marks:
        await desk.mark(mark)
    if marks and not any(isinstance(action, StoreAnswer) for action in actions):
        await _with_sound(line, desk.keep_marks())
    for action in actions:
        match action:
            case StoreAnswer():
                await _with_sound(line, desk.store(action))
            case CloseAnswers(link_id):
                await _with_sound(line, desk.close_answers(link_id))
            case SetLanguage(language):
                await line.release()
                await desk.use_language(language)
            case StopRecording():
                await line.release()
                await desk.stop_recording()
            case StopCalling():
                await _with_sound(line, desk.stop_calling())
            case Report(what):
                await _with_sound(line, desk.report(what))
            case Say(prompts, interruptible):
                grammar = grammar or await _heard_at(line, state)
                if heard := await line.say(prompts, interruptible, grammar):
                    return heard
            case Listen(timeout_ms):
                grammar = grammar or await _heard_at(line, state)
                return await line.listen(timeout_ms, grammar) or TimedOut()
            case RecordMessage(link_id, max_s, silence_s, end_key):
                path, name = desk.message(link_id)
                await line.release()
                return MessageRecorded(name, await line.record(
                    path, max_s, silence_s, end_key))
            case CheckAgent():
                return AgentChecked(await _with_sound(line, desk.agent_free()))
            case Escalate():
                await line.release()
                # what there is to say is heard while the agent's phone rings: no time is lost
                if not await desk.hand_over(action, line):
                    return NoAgent()
                return AgentJoined()
            case End():
                await line.release()
                return action
    return HungUp()              # after an agent's call there is nothing to wait for but the end


async def _heard_at(line: Line, state: State) -> Grammar | None:
    """What may be said now. What has not been said in this process before is made a few phrases at
    a time: all take longer than a frame of sound lasts, and here passes the sound of all calls."""
    if not line.hears_words:
        return None
    while not make_ready(state):           # noqa: ASYNC110  made here, not waited for
        await asyncio.sleep(0)
    return hears(state)


async def _with_sound(line: Line, work: Coroutine[Any, Any, T]) -> T:
    """What is asked of the database; sound flows on the line if that is not done at once."""
    task = asyncio.create_task(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=SOON_S)
        if not done:
            await line.idle()
        return await task
    finally:
        task.cancel()                    # if we are: else it is over
