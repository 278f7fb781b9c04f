"""Where in a recording each answer was given, and how two rounds of answers differ. Pure."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from followup.calls.models import Recording
from followup.questionnaires.values import scalar
from followup.responses.models import Answer

_OF_ANSWERS = ("answer", "finding")


def moments(answers: Iterable[Answer], recording: Recording | None) -> dict[uuid.UUID, int]:
    """Milliseconds into ``recording`` by answer id: at the mark of the question that led to it.

    Of several marks the last one before the answer counts; where there is none the answer's own
    time does, if it lies within the sound. Answers of another call are left out.
    """
    if recording is None:
        return {}
    found = {}
    for answer in answers:
        if answer.attempt_id != recording.attempt_id:
            continue
        given = _since(recording.created_at, answer.given_at)
        if (place := _marked(recording, answer.link_id, given)) is not None:
            found[answer.id] = place
        elif 0 <= given <= (recording.duration_ms or 0):
            found[answer.id] = given
    return found


def _marked(recording: Recording, link_id: str, given: int) -> int | None:
    marks = [mark for mark in recording.marks if mark.link_id == link_id]
    asked = [mark.at_ms for mark in marks if mark.kind == "question"]
    told = [mark.at_ms for mark in marks if mark.kind in _OF_ANSWERS]
    # a mark of the answer says when it was; the question before it is where to listen from
    if told:
        given = min(told, key=lambda at: abs(at - given))
    before = [at for at in asked if at <= given]
    return max(before, default=None) if before else (given if told else None)


def _since(start: datetime, moment: datetime) -> int:
    return round((moment - start).total_seconds() * 1000)


@dataclass(frozen=True, slots=True)
class Compared:
    """The answers to one question, first and second time; ``own``: only the second questionnaire
    asks it."""

    link_id: str
    first: tuple[Mapping[str, Any], ...]
    second: tuple[Mapping[str, Any], ...]
    own: bool = False

    @property
    def differs(self) -> bool:
        """Whether both were given, and do not say the same, in whatever order and whatever else
        came with a code. What messages say nobody knows who has not heard them."""
        if any("valueAttachment" in value for value in (*self.first, *self.second)):
            return False
        return bool(self.first and self.second) and (
            Counter(map(scalar, self.first)) != Counter(map(scalar, self.second)))


def compared(first: Sequence[Answer], second: Sequence[Answer],
             own: Collection[str] = ()) -> list[Compared]:
    """By question, in the order of the first round; what only the second one has comes after, and
    with it the questions ``own``, which are others there under the same name."""
    rounds: tuple[dict[str, list[Mapping[str, Any]]], ...] = ({}, {})
    for answers, by_question in zip((first, second), rounds, strict=True):
        for answer in sorted(answers, key=lambda each: (each.given_at, each.position)):
            by_question.setdefault(answer.link_id, []).append(answer.value)
    firsts, seconds = rounds
    shared = [link_id for link_id in seconds if link_id not in own]
    return [*(Compared(link_id, tuple(firsts.get(link_id, ())),
                       () if link_id in own else tuple(seconds.get(link_id, ())))
              for link_id in dict.fromkeys([*firsts, *shared])),
            *(Compared(link_id, (), tuple(seconds[link_id]), own=True)
              for link_id in seconds if link_id in own)]
