"""A conversation without a telephone: typed lines in, what would be said and stored out.

The same engine as on a call; no sound, no database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from followup.calls.models import Disposition
from followup.questionnaires.definition import Questionnaire
from followup.questionnaires.scores import Scored, scored
from followup.questionnaires.values import scalar, together
from followup.rules import worst
from ivr.conversation import Context, Phase, advance, begin
from ivr.conversation.actions import (
    CheckAgent,
    End,
    Escalate,
    RecordMessage,
    Report,
    Say,
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
    Spoken,
    Started,
    TimedOut,
)
from ivr.prompts.answers import said
from ivr.prompts.prompt import Prompt
from ivr.prompts.speak import fill, plain
from ivr.prompts.texts import catalogue, questionnaire_texts

KEYS = frozenset("0123456789*#")
HANG_UP = "/hangup"
MESSAGE_MS = 5000
NOTES = {StopRecording: "(the recording stops)", StopCalling: "(no more calls to this patient)",
         CheckAgent: "(is an agent free?)", Escalate: "(an agent is rung)",
         RecordMessage: "(beep: a message is recorded)"}

REPORTS = {Disposition.WRONG_PERSON: "(staff check this number; nobody calls it meanwhile)",
           Disposition.DEATH_REPORTED: "(staff check whether the patient has died; nobody calls)"}


@dataclass
class Rehearsal:
    """One conversation; ``agents``: somebody takes the call when one is needed."""

    questionnaire: Questionnaire
    context: Context
    agents: bool = False
    answers: dict[str, list[StoreAnswer]] = field(default_factory=dict)
    end: End | None = None

    def __post_init__(self) -> None:
        self._state = begin(self.questionnaire, self.context)
        self._texts = questionnaire_texts(self.questionnaire)
        self._recording = False

    def start(self) -> Iterator[str]:
        """What is said first."""
        return self._send(Started())

    def type(self, line: str) -> Iterator[str]:
        """A line typed: keys, words, nothing (silence), or ``/hangup``; what follows."""
        line = line.strip()
        if line == HANG_UP:
            yield from self._send(HungUp())
        elif not line:
            yield from self._send(TimedOut())
        elif set(line) <= KEYS:
            for key in line:
                yield from self._send(Key(key))
        elif self._recording:
            yield from self._send(MessageRecorded("message.wav", MESSAGE_MS))
        else:
            yield from self._send(Spoken(line))

    def report(self) -> dict[str, Any]:
        """What has come of it, for ``--json``."""
        return {
            "outcome": self.end.outcome.value if self.end else None,
            "complete": bool(self.end and self.end.complete),
            "language": self._state.language,
            "answers": {name: {"value": dict(together(each.value for each in given)),
                               "heard": ", ".join(dict.fromkeys(each.heard for each in given)),
                               "given_by": given[-1].given_by.value}
                        for name, given in self.answers.items()},
            "findings": {name: found.value for name, given in self.answers.items()
                         if (found := worst(each.hit for each in given if each.hit))},
            "scores": [{"of": each.score.link_id or None, "value": float(each.value),
                        "missing": list(each.missing)} for each in self.scores()]}

    def scores(self) -> tuple[Scored, ...]:
        """What the answers add up to."""
        return scored(self.questionnaire, {
            name: together(each.value for each in given) for name, given in self.answers.items()})

    def _send(self, event: Event) -> Iterator[str]:
        following: Event | None = event
        while following is not None and self.end is None:
            self._state, actions = advance(self._state, following)
            following = None
            for action in actions:
                self._recording = isinstance(action, RecordMessage)
                if isinstance(action, Say | Escalate):
                    yield from map(self.text, action.prompts)
                if note := NOTES.get(type(action)):
                    yield note
                match action:
                    case StoreAnswer():
                        given = self.answers.setdefault(action.link_id, [])
                        given[action.position:] = [action]
                        yield self._stored(action)
                    case Report(what):
                        yield REPORTS[what]
                    case CheckAgent():
                        following = AgentChecked(self.agents)
                    case Escalate():
                        following = AgentJoined() if self.agents else NoAgent()
                    case End():
                        self.end = action
            if self._state.phase is Phase.TALKING and self.end is None:
                yield "(an agent has the call)"
                following = HungUp()

    def shown(self, answer: StoreAnswer) -> str:
        """An answer as people read it."""
        item = self.questionnaire.item(answer.link_id)
        if "valueAttachment" in answer.value:
            return str(scalar(answer.value))
        return str(said(item, answer.value, self._state.language))

    def _stored(self, answer: StoreAnswer) -> str:
        stored = f"= {answer.link_id}: {self.shown(answer)}"
        if answer.hit is None:
            return stored
        words = answer.hit.text.get(self._state.language, answer.hit.rule)
        return f"{stored}  {answer.hit.severity.value}: {words}"

    def text(self, prompt: Prompt) -> str:
        """What a prompt says."""
        language = prompt.language or self._state.language
        template = self._texts.get((prompt.id, language)) or catalogue(language)[prompt.id]
        return plain(fill(template, prompt.variables, language))

