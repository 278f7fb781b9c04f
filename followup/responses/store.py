"""Keeps what patients say. An answer and all that follows from it is one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import DateTime, Table, bindparam, case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from followup.alerts.register import Deadlines, raise_alert
from followup.campaigns.models import Campaign, Task
from followup.database.base import now
from followup.database.statements import Statement, Where, values_of
from followup.patients.models import Patient
from followup.questionnaires.values import together
from followup.responses.models import (
    Answer,
    Finding,
    GivenBy,
    Response,
    ResponseState,
    Severity,
)

_ANSWER, _RESPONSE = cast("Table", Answer.__table__), cast("Table", Response.__table__)
_THIS = _RESPONSE.c.id == bindparam("response")
_CURRENT = update(_ANSWER).where(
    _ANSWER.c.response_id == bindparam("response"), _ANSWER.c.link_id == bindparam("item"),
    _ANSWER.c.superseded_at.is_(None))
_HELD = select(_RESPONSE.c.id).where(_THIS).with_for_update()
_LOCK = Statement(_HELD)
_MOMENT = bindparam("moment", type_=DateTime(timezone=True))
_FORMER = _CURRENT.values(open=False, superseded_at=case(
    (_ANSWER.c.position >= bindparam("place"), _MOMENT)))
_SUPERSEDE = Statement(_FORMER)
_CLOSE = Statement(_CURRENT.where(_ANSWER.c.open).values(open=False))
_GIVEN = ("id", "response_id", "attempt_id", "link_id", "position", "open", "value", "heard",
          "confidence", "doubted", "given_by", "given_at")
_KEEP = Statement(insert(_ANSWER).values(values_of(*_GIVEN)))
_FORMER_ONES = select(func.count()).select_from(_FORMER.returning(_ANSWER.c.id).cte("former"))
#: All three, with the values of ``at_once``. UniqueViolationError where another answer to the item
#: was kept meanwhile: it is seen, and superseded, by the next try.
KEEP_AT_ONCE = insert(_ANSWER).from_select(_GIVEN, select(
    *(bindparam(name, type_=_ANSWER.c[name].type) for name in _GIVEN)
).select_from(_HELD.subquery(), _FORMER_ONES.subquery()))        # both come before the insert
_TO_SUPERSEDE = ("response", "item", "place", "moment")
_COMPLETE = Statement(update(_RESPONSE).where(
    _THIS, _RESPONSE.c.state == ResponseState.IN_PROGRESS)
    .values(state=ResponseState.COMPLETED, completed_at=_MOMENT))
_BEGIN = Statement(
    insert(_RESPONSE)
    .values(values_of("id", "task_id", "patient_id", "questionnaire_id", "state", "language"))
    .on_conflict_do_nothing(index_elements=["task_id"]).returning(_RESPONSE.c.id))
_BEGUN = Statement(select(_RESPONSE.c.id, _RESPONSE.c.questionnaire_id, _RESPONSE.c.language)
                   .where(_RESPONSE.c.task_id == bindparam("task")))
_SPEAK = Statement(update(_RESPONSE).where(_THIS).values(language=bindparam("spoken")))


@dataclass(frozen=True)
class Found:
    """A rule that fired: its id, how bad, and a text per language."""

    rule: str
    severity: Severity
    text: Mapping[str, str]


@dataclass(frozen=True)
class Given:
    """One answer as it was given; ``value`` is a FHIR value[x], e.g. ``{"valueDecimal": 38.5}``."""

    link_id: str
    value: Mapping[str, Any]
    heard: str
    given_by: GivenBy
    confidence: float = 1.0
    found: Found | None = None
    position: int = 0        # among several answers to the item
    open: bool = False       # more of them may follow
    doubted: str | None = None   # words heard for it before, not confirmed, that say otherwise


@dataclass(frozen=True)
class Begun:
    """A task's response; ``new``: it has just been made, so there is no answer yet."""

    id: uuid.UUID
    questionnaire_id: uuid.UUID
    language: str
    new: bool


async def begin_response(where: Where, task_id: uuid.UUID, patient_id: uuid.UUID,
                         questionnaire_id: uuid.UUID, language: str) -> Begun:
    """The task's response, made at its first call and kept over all later ones.

    The questionnaire and the language are those for a new one.
    """
    made = await _BEGIN.run(
        where, id=uuid.uuid4(), task_id=task_id, patient_id=patient_id,
        questionnaire_id=questionnaire_id, state=ResponseState.IN_PROGRESS, language=language)
    if made:
        return Begun(made[0]["id"], questionnaire_id, language, new=True)
    [found] = await _BEGUN.run(where, task=task_id)
    return Begun(found["id"], found["questionnaire_id"], found["language"], new=False)


async def open_response(session: AsyncSession, task: Task) -> Response:
    """The same where the task is at hand."""
    questionnaire_id, language = (await session.execute(
        select(Campaign.questionnaire_id, Patient.language)
        .join(Patient, Patient.id == task.patient_id)
        .where(Campaign.id == task.campaign_id))).one()
    begun = await begin_response(session, task.id, task.patient_id, questionnaire_id, language)
    return await session.get_one(Response, begun.id)


async def current_answers(session: AsyncSession, response_id: uuid.UUID) -> list[Answer]:
    """The answers that hold, in the order they were given; several to one item by position."""
    return list(await session.scalars(
        select(Answer).where(Answer.response_id == response_id, Answer.superseded_at.is_(None))
        .order_by(Answer.given_at, Answer.position)))


def known(answers: Iterable[Answer]) -> tuple[dict[str, Mapping[str, Any]], frozenset[str]]:
    """Answers by linkId, as a conversation takes them up, and the linkIds that may get more."""
    by_item: dict[str, list[Answer]] = {}
    for answer in answers:
        by_item.setdefault(answer.link_id, []).append(answer)
    return ({link_id: together(answer.value for answer in sorted(found, key=_position))
             for link_id, found in by_item.items()},
            frozenset(link_id for link_id, found in by_item.items()
                      if max(found, key=_position).open))


def _position(answer: Answer) -> int:
    return answer.position


async def record_answer(session: AsyncSession, response_id: uuid.UUID,
                        attempt_id: uuid.UUID | None, given: Given,
                        deadlines: Deadlines) -> None:
    """Keep an answer, its finding and the alert it asks for; a former answer is superseded.

    One at a position supersedes what stood there and after it, so that saying the same twice (a
    commit whose reply was lost) leaves it there once.
    """
    row = at_once(response_id, attempt_id, given)
    # lock the response: two channels answering at once take turns
    await _LOCK.run(session, response=response_id)
    await _SUPERSEDE.run(session, **{name: row.pop(name) for name in _TO_SUPERSEDE})
    await _KEEP.run(session, **row)
    if given.found:
        response = await session.get_one(Response, response_id)
        session.add(Finding(response_id=response_id, answer_id=row["id"], link_id=given.link_id,
                            rule=given.found.rule, severity=given.found.severity,
                            text=dict(given.found.text)))
        await raise_alert(session, response, given.link_id, given.found.rule,
                          given.found.severity, dict(given.found.text), deadlines,
                          row["given_at"])


def at_once(response_id: uuid.UUID, attempt_id: uuid.UUID | None, given: Given) -> dict[str, Any]:
    """The values for ``KEEP_AT_ONCE`` of an answer without a finding."""
    moment = now()
    return {"id": uuid.uuid4(), "response_id": response_id, "attempt_id": attempt_id,
            "link_id": given.link_id, "position": given.position, "open": given.open,
            "value": dict(given.value), "heard": given.heard, "confidence": given.confidence,
            "doubted": given.doubted, "given_by": given.given_by, "given_at": moment,
            "response": response_id, "item": given.link_id, "place": given.position,
            "moment": moment}


async def close_answers(where: Where, response_id: uuid.UUID, link_id: str) -> None:
    """The patient has nothing to add to the answers of an item."""
    await _CLOSE.run(where, response=response_id, item=link_id)


async def complete(where: Where, response_id: uuid.UUID) -> None:
    """Note that every question has been dealt with."""
    await _COMPLETE.run(where, response=response_id, moment=now())


async def set_language(where: Where, response_id: uuid.UUID, language: str) -> None:
    """The patient chose to go on in another language."""
    await _SPEAK.run(where, response=response_id, spoken=language)


def deadlines(critical_min: int, abnormal_min: int) -> Deadlines:
    """How long the staff has, by severity."""
    return {Severity.CRITICAL: timedelta(minutes=critical_min),
            Severity.ABNORMAL: timedelta(minutes=abnormal_min)}
