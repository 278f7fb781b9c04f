"""A driver that keeps the contract of actions.py, on a script or on whims, and remembers all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from followup.questionnaires.definition import Questionnaire
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE
from followup.questionnaires.values import each, together
from ivr.conversation import Context, Phase, State, advance, begin, resume
from ivr.conversation.actions import (
    WAITING,
    Action,
    CheckAgent,
    CloseAnswers,
    End,
    Escalate,
    Listen,
    Mark,
    RecordMessage,
    Say,
    SetLanguage,
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

SAMPLE = load_questionnaire(POST_DISCHARGE.read_bytes())
CONTEXT = Context({"zh": "和安医院", "en": "Hean Hospital"}, "张三", "骨科",
                  now="2026-11-24T14:00")                   # a Tuesday


@dataclass
class Call:
    """One call; ``play`` sends keys and words for events, as a patient would."""

    questionnaire: Questionnaire = SAMPLE
    context: Context = CONTEXT
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    open: frozenset[str] = frozenset()
    stored: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    done: list[Action] = field(default_factory=list)
    last: tuple[Action, ...] = ()

    def __post_init__(self) -> None:
        self.state: State = resume(
            self.questionnaire, self.context, self.answers, self.open) \
            if self.answers else begin(self.questionnaire, self.context)
        self.stored, self.open = dict(self.answers), frozenset(self.open)
        self.send(Started())

    def send(self, event: Event) -> None:
        asked_before = {**self.stored}
        self.state, actions = advance(self.state, event)
        self.check(actions)
        assert State.from_json(self.state.to_json(), self.questionnaire) == self.state
        for action in actions:
            if isinstance(action, StoreAnswer):
                before = each(self.stored[action.link_id]) if action.link_id in self.stored else ()
                assert action.position <= len(before), f"{action.link_id} has a gap"
                assert action.supersedes == (action.position < len(before)), \
                    f"{action.link_id} overwritten"
                self.stored[action.link_id] = together((*before[:action.position], action.value))
                self.open = self.open - {action.link_id} | (
                    {action.link_id} if action.open else frozenset())
            if isinstance(action, CloseAnswers):
                assert action.link_id in self.open
                self.open = self.open - {action.link_id}
        assert asked_before.keys() <= self.stored.keys()
        self.done += actions
        self.last = actions or self.last

    @staticmethod
    def check(actions: Sequence[Action]) -> None:
        """The contract: the batch ends in a wait; nothing that matters may be cut by a key."""
        if not actions:
            return
        assert isinstance(actions[-1], WAITING) or actions[-1] == Mark(
            "agent", actions[-1].link_id if isinstance(actions[-1], Mark) else None, "")
        assert not any(isinstance(action, WAITING) for action in actions[:-1])
        for number, action in enumerate(actions):
            if isinstance(action, Say) and action.interruptible:
                assert all(isinstance(each, Say | Listen | RecordMessage)
                           for each in actions[number:])

    def play(self, *words: str) -> Call:
        """Each word is keys, or one of silence, hangup, free, busy, agent, nobody, spoke, mute."""
        events: dict[str, Event] = {
            "silence": TimedOut(), "hangup": HungUp(), "free": AgentChecked(True),
            "busy": AgentChecked(False), "agent": AgentJoined(), "nobody": NoAgent(),
            "spoke": MessageRecorded("m.wav", 8000), "mute": MessageRecorded("m.wav", 300)}
        for word in words:
            if word in events:
                self.send(events[word])
            else:
                for digit in word:
                    self.send(Key(digit))
        return self

    @property
    def asked(self) -> list[str]:
        return [action.link_id or "" for action in self.done
                if isinstance(action, Mark) and action.kind == "question"]

    @property
    def said(self) -> list[str]:
        """Ids of the prompts of the last batch."""
        found: list[str] = []
        for action in self.last:
            if isinstance(action, Say | Escalate):
                found += [prompt.id.removeprefix("post-discharge/") for prompt in action.prompts]
        return found

    @property
    def heard(self) -> dict[str, str]:
        return {action.link_id: action.heard for action in self.done
                if isinstance(action, StoreAnswer)}

    @property
    def end(self) -> End | None:
        return next((action for action in self.done if isinstance(action, End)), None)

    @property
    def outcome(self) -> str | None:
        return self.end.outcome.value if self.end else None

    @property
    def escalations(self) -> list[Escalate]:
        return [action for action in self.done if isinstance(action, Escalate)]

    @property
    def languages(self) -> list[str]:
        return [action.language for action in self.done if isinstance(action, SetLanguage)]

    def waits_for(self, kind: type[Action]) -> bool:
        return bool(self.last) and isinstance(self.last[-1], kind)


__all__ = ["CONTEXT", "SAMPLE", "Call", "CheckAgent", "Listen", "Phase", "RecordMessage"]
