"""What a conversation asks its driver to do.

The driver does the actions of a batch in order. A key pressed while an interruptible ``Say`` or a
``Listen`` is under way ends it, and the rest of the batch is dropped: what must not be lost always
stands in front of the first ``Say``. Keys pressed at any other time wait, and end the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from followup.calls.models import Disposition
from followup.responses.models import GivenBy, Severity
from followup.rules import RuleHit
from ivr.prompts.prompt import Prompt


@dataclass(frozen=True)
class Say:
    """Play prompts one after the other."""

    prompts: tuple[Prompt, ...]
    interruptible: bool = True


@dataclass(frozen=True)
class Listen:
    """Wait for a key; TimedOut after so many milliseconds."""

    timeout_ms: int


@dataclass(frozen=True)
class RecordMessage:
    """Beep and record, until a key, silence or the longest length; then MessageRecorded."""

    link_id: str
    max_s: int
    silence_s: int
    end_key: str = "#"               # "": none


@dataclass(frozen=True)
class StoreAnswer:
    """Commit an answer before anything else is said.

    ``heard`` is how it came: the keys, the words, or a message's length ("12300 ms").
    ``value`` is FHIR value[x]; a message is ``{"valueAttachment": {"contentType", "url"}}``.
    ``supersedes``: earlier answers to the same item are expected and give way.
    ``position``: its place among several answers to the item; those from there on give way.
    ``open``: more may follow. ``doubted``: the words heard for it before and not confirmed, where
    the key now says something else.
    """

    link_id: str
    value: Mapping[str, Any]
    heard: str
    given_by: GivenBy
    hit: RuleHit | None = None
    supersedes: bool = False
    confidence: float = 1.0          # of a recogniser, 0..1
    position: int = 0
    open: bool = False
    doubted: str | None = None


@dataclass(frozen=True)
class CloseAnswers:
    """The patient has nothing to add to the answers of an item that takes several."""

    link_id: str


@dataclass(frozen=True)
class Mark:
    """Note this moment in the recording.

    ``kind``: question, answer, finding, escalation, agent, or disagreement: a key says something
    else than what was heard and not confirmed.
    """

    kind: str
    link_id: str | None
    label: str


@dataclass(frozen=True)
class CheckAgent:
    """Ask whether an agent is free now; AgentChecked tells."""


@dataclass(frozen=True)
class Escalate:
    """Ring an agent at once and say ``prompts`` meanwhile; AgentJoined or NoAgent tells.

    ``reason``: ``finding``, ``asked`` or ``stuck`` (a question that does not get answered).
    ``severity``: the gravest finding, if any. ``hold_s``: how long to wait for an agent to become
    free when none is; 0 is not at all.
    """

    severity: Severity | None
    reason: str
    hold_s: int
    hits: tuple[RuleHit, ...] = ()
    prompts: tuple[Prompt, ...] = ()


@dataclass(frozen=True)
class SetLanguage:
    """The call goes on in this language."""

    language: str


@dataclass(frozen=True)
class StopRecording:
    """The patient objects: keep nothing of the sound of this call."""


@dataclass(frozen=True)
class StopCalling:
    """The patient wants no more follow-up calls; committed before anything else is said."""


@dataclass(frozen=True)
class Report:
    """Staff are to look at what was said of the patient; committed before anything else is said.

    ``what``: Disposition.DEATH_REPORTED or WRONG_PERSON.
    """

    what: Disposition


@dataclass(frozen=True)
class End:
    """Hang up. ``complete``: nothing of the questionnaire is left to ask.

    ``call_back`` goes with Disposition.CALL_BACK, when a time was agreed on: where the patient is,
    without a zone.
    """

    outcome: Disposition
    complete: bool
    call_back: datetime | None = None


Action = (Say | Listen | RecordMessage | StoreAnswer | CloseAnswers | Mark | CheckAgent | Escalate
          | SetLanguage | StopRecording | StopCalling | Report | End)
WAITING = (Listen, RecordMessage, CheckAgent, Escalate, End)    # one of them ends each batch
