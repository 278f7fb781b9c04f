"""Where a conversation stands: immutable, and JSON both ways."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from followup.calls.models import AnsweredBy, Disposition
from followup.errors import InvalidInput
from followup.questionnaires.definition import Item, Questionnaire
from followup.rules import RuleHit
from ivr.understanding.meaning import Wish

CONFIDENT = 0.6              # below, what was heard is read back, or asked for again


class Phase(StrEnum):
    """What the conversation waits for."""

    NEW = "new"                    # Started
    ASKING = "asking"              # a key
    CONFIRMING = "confirming"      # a key or a word on an answer that was read back
    MORE = "more"                  # a key or a word: whether there is one more answer
    REVIEWING = "reviewing"        # a key or a word on all the options that were chosen
    RECORDING = "recording"        # a voice message, or a key on its prompt
    CHECKING = "checking"          # AgentChecked
    ESCALATING = "escalating"      # AgentJoined or NoAgent
    CALLING_BACK = "calling-back"  # keys: when to call again
    CONFIRMING_TIME = "confirming-time"    # a key or a word on a time that was heard
    STOPPING = "stopping"          # a key: whether never to call again
    TAKING_LEAVE = "taking-leave"  # a key or a word: whether the patient is away, dead, unknown
    TALKING = "talking"            # an agent has the call; HungUp
    ENDED = "ended"


@dataclass(frozen=True)
class Context:
    """Whom we talk to. ``hospital`` gives the hospital's name by language.

    ``hold_s``: how long a patient may be asked to wait for an agent, in seconds. ``today``: the
    day of the call at the hospital, YYYY-MM-DD, for "yesterday"; "" when it is not known.
    ``birth_year``: the patient's, None when it is not known. ``voicemail_message``: a neutral
    word is left on an answering machine.

    ``now``: the time where the patient is, ISO 8601 without a zone; "" when it is not known, and
    then no time to call again is asked for. ``hours``: when we call them, day by day (YYYY-MM-DD
    to HH:MM-HH:MM) for two weeks, without the days on which we do not; {} when it is not known.
    """

    hospital: Mapping[str, str]
    name: str
    department: str
    language: str = "zh"
    hold_s: int = 20
    today: str = ""
    birth_year: int | None = None
    voicemail_message: bool = False
    now: str = ""
    hours: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """All that a conversation knows; only the engine makes new ones."""

    questionnaire: Questionnaire = field(repr=False)
    context: Context = field(repr=False)
    language: str
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    given_before: tuple[str, ...] = ()       # answered in an earlier call, asked again in each
    open: tuple[str, ...] = ()               # items with answers that may be given more of them
    skipped: tuple[str, ...] = ()
    phase: Phase = Phase.NEW
    link_id: str | None = None               # being asked
    keys: str = ""                           # of the number or the time being typed
    named: str = ""                          # when to call again: read back, or agreed on
    value: Mapping[str, Any] | None = None   # being read back
    adding: bool = False                     # the next answer goes beside those there are
    redoing: bool = False                    # but in the place of the last of them
    agreed: bool = False                     # what was chosen has been read back already
    words: str = ""                          # heard for it; "" when it was typed
    told: str = ""                           # and the number, where it was in another unit
    confidence: float = 1.0                  # in these words
    ahead: Mapping[str, str] = field(default_factory=dict)     # linkId, and words told for it
    doubted: Mapping[str, Any] | None = None     # heard for this item, and not confirmed
    doubted_words: str = ""
    misses: int = 0                          # unclear or silent, on this item
    repeats: int = 0                         # asked to hear it again, on this item
    puzzled: int = 0                         # times it was not understood by the patient
    waiting: bool = False                    # the patient has asked for a moment
    starred: bool = False                    # * was the last key, at a number
    restarted: bool = False                  # * took back what was typed of the number
    silent_items: int = 0                    # given up in silence, one after the other
    item_heard: bool = False                 # a key or words were heard on this item
    heard: bool = False                      # a key or a voice was heard in this call
    person: bool = False                     # a key was pressed, or words were understood
    machine: bool = False                    # what has answered talks as machines do
    answered_by: AnsweredBy | None = None
    leaving: Wish | None = None              # said of the patient, and asked whether it is so
    wrong_years: int = 0                     # of birth, told in this call
    history: tuple[str, ...] = ()            # dealt with in this call, for going back
    backs: int = 0                           # times gone back in this call
    recorded: bool = True                    # the patient has not objected
    answered: int = 0                        # answers given in this call
    findings: tuple[RuleHit, ...] = ()       # waiting for an agent
    escalation: str = ""                     # why an agent is being rung: finding, asked, stuck
    unmet: bool = False                      # asked for a person, and none was free
    outcome: Disposition | None = None       # decided, once the call is to end

    @property
    def item(self) -> Item | None:
        """The item being asked."""
        return self.questionnaire.item(self.link_id) if self.link_id else None

    @property
    def given(self) -> str:
        """How the answer that is being read back came: the words or keys, and their unit."""
        return " = ".join(filter(None, (self.words or self.keys, self.told)))

    def to_json(self) -> str:
        """As JSON text; the questionnaire goes by url and version."""
        data = {name: value for name, value in vars(self).items()
                if name not in ("questionnaire", "context", "findings")}
        return json.dumps({
            **data, "findings": [hit.to_dict() for hit in self.findings],
            "context": vars(self.context),
            "questionnaire": [self.questionnaire.url, self.questionnaire.version],
        }, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, questionnaire: Questionnaire) -> State:
        """The reverse of ``to_json``; InvalidInput when it belongs to another questionnaire."""
        data = json.loads(text)
        if data.pop("questionnaire") != [questionnaire.url, questionnaire.version]:
            raise InvalidInput("the conversation belongs to another questionnaire",
                               field="questionnaire", expected=questionnaire.url)
        outcome, who = data.pop("outcome"), data.pop("answered_by")
        leaving = data.pop("leaving")
        return cls(
            questionnaire=questionnaire, context=Context(**data.pop("context")),
            findings=tuple(RuleHit.from_dict(hit) for hit in data.pop("findings")),
            phase=Phase(data.pop("phase")), skipped=tuple(data.pop("skipped")),
            history=tuple(data.pop("history")), open=tuple(data.pop("open")),
            given_before=tuple(data.pop("given_before")),
            outcome=Disposition(outcome) if outcome else None,
            answered_by=AnsweredBy(who) if who else None,
            leaving=Wish(leaving) if leaving else None, **data)
