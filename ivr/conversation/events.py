"""What can happen in a conversation."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Started:
    """The line is open: say something."""


@dataclass(frozen=True)
class Key:
    """One key of the telephone: ``0``-``9``, ``*`` or ``#``."""

    digit: str

    def __post_init__(self) -> None:
        if self.digit not in tuple("0123456789*#"):
            raise ValueError(f"expected one key of a telephone, found {self.digit!r}")


@dataclass(frozen=True)
class Spoken:
    """The patient spoke; ``text`` is "" when no words of the grammar were in it.

    ``confidence`` is 0..1. ``cut``: it cut what was being said.
    """

    text: str
    confidence: float = 1.0
    cut: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class TimedOut:
    """The time to listen is over."""


@dataclass(frozen=True)
class MessageRecorded:
    """A voice message has ended, by key, silence, hang-up or its longest length.

    ``file`` is a name within the spool folder; "" with 0 ms when nothing could be recorded.
    ``duration_ms`` is what was spoken: without the silence that ended it.
    """

    file: str
    duration_ms: int


@dataclass(frozen=True)
class AgentChecked:
    """The answer to CheckAgent."""

    free: bool


@dataclass(frozen=True)
class AgentJoined:
    """The agent's voice is on the line."""


@dataclass(frozen=True)
class NoAgent:
    """No agent joined within the time that Escalate gave."""


@dataclass(frozen=True)
class MachineHeard:
    """What has answered talks as a machine does; ``certain``: it has beeped and is silent now."""

    certain: bool


@dataclass(frozen=True)
class PersonHeard:
    """No, it talks as a person does."""


@dataclass(frozen=True)
class Clock:
    """What time it is now where the patient is, as in ``Context.now``."""

    now: str


@dataclass(frozen=True)
class HungUp:
    """The line is closed, by whomever; also after the agent and the patient have finished."""


Event = (Started | Key | Spoken | TimedOut | MessageRecorded | AgentChecked | AgentJoined | NoAgent
         | MachineHeard | PersonHeard | Clock | HungUp)
