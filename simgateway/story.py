"""A persona's steps, and an agent's phone, as dialplan applications one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from simgateway.personas import (
    Beep,
    HangUp,
    Listen,
    Pause,
    Persona,
    Press,
    Say,
    Sip,
    Speak,
    Step,
    When,
)

if TYPE_CHECKING:
    from simgateway.render import SimAgent

# A prompt has begun when there is sound; it has ended when a whole second is quiet: sentences
# within it stand at most half a second apart. Neither is waited for longer than 30 s.
HEAR_BEGIN = "WaitForNoise(40,1,30)"
HEAR_END = "WaitForSilence(1000,1,30)"
EARLY_S = 0.6                # into a prompt, when it is surely still playing
KEY_GAP_MS, KEY_MS = 160, 120


def story(persona: Persona, sounds: Path) -> Iterator[str]:
    """The dialplan applications of a call to ``persona``; ``sounds`` holds what it speaks."""
    if persona.sip.code is not None:
        if persona.ring_s and persona.sip is Sip.REJECTS:
            yield from ("Ringing()", f"Wait({persona.ring_s:g})")
        yield f"PJSIPHangup({persona.sip.code})"
        return
    yield "Ringing()"
    if persona.sip is Sip.NO_ANSWER:
        yield from ("Wait(180)", "PJSIPHangup(480)")
        return
    yield from (f"Wait({persona.ring_s:g})", "Answer()")
    for step in persona.steps:
        yield from _act(step, persona.pitch, sounds)
    yield from (f"Wait({persona.stay_s})", "Hangup()")


def _act(step: Step, pitch: int, sounds: Path) -> Iterator[str]:
    match step:
        case Press(keys, when):
            yield from _await(when)
            yield f"SendDTMF({keys},{KEY_GAP_MS},{KEY_MS})"
        case Say(seconds, when):
            yield from _await(when)
            yield from tone(pitch, seconds)
        case Speak(name, when):
            yield from _await(when)
            yield f"Playback({sounds / name})"
        case Listen():
            yield from _await(When.HEARD)
        case Pause(seconds):
            yield f"Wait({seconds:g})"
        case Beep():
            yield from tone(1000, 0.5)
        case HangUp():
            yield "Hangup()"
        case _:
            assert_never(step)


def _await(when: When) -> Iterator[str]:
    if when is not When.AT_ONCE:
        yield HEAR_BEGIN
    if when is When.HEARD:
        yield HEAR_END
    elif when is When.EARLY:
        yield f"Wait({EARLY_S:g})"


def tone(pitch: int, seconds: float) -> Iterator[str]:
    """A tone of ``pitch`` Hz for ``seconds``."""
    yield from (f"Playtones({pitch}/10000)", f"Wait({seconds:g})", "StopPlaytones()")


def desk(agent: SimAgent) -> Iterator[str]:
    """The dialplan applications of a call to an agent's phone."""
    yield "Ringing()"
    if not agent.answers:
        yield from ("Wait(180)", "PJSIPHangup(480)")
        return
    yield from (f"Wait({agent.answer_s:g})", "Answer()")
    yield from tone(agent.pitch, agent.talk_s)
    yield "Hangup()"
