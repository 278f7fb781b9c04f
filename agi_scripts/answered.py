"""A call that has been answered: all that it needs to know, read at once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Table, bindparam, false, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY, insert

from followup.calls import ledger
from followup.calls.models import Attempt, AttemptState, Recording, RecordingMark, RecordingState
from followup.campaigns.calling_hours import CallingHours
from followup.campaigns.house import House
from followup.campaigns.models import Campaign, CampaignMode, Holiday, Task
from followup.campaigns.rules import CampaignRules
from followup.database.base import now
from followup.database.statements import Statement, Where, values_of
from followup.errors import NotFound
from followup.patients.models import Encounter, Patient
from followup.patients.zones import zones_of
from followup.questionnaires.definition import Questionnaire
from followup.responses import store
from followup.responses.models import Answer
from followup.settings import DialerSettings
from recordings.naming import capture_name

DAYS_AHEAD = 15              # that a patient may name, and today
_ATTEMPT, _TASK, _CAMPAIGN, _PATIENT, _STAY, _RECORDING, _A_MARK, _HOLIDAY = (
    cast("Table", model.__table__)
    for model in (Attempt, Task, Campaign, Patient, Encounter, Recording, RecordingMark, Holiday))
_HOLIDAYS, _WORKED = (
    select(func.array_agg(_HOLIDAY.c.day))
    .where(_HOLIDAY.c.working == working, _HOLIDAY.c.day >= func.current_date() - 1,
           _HOLIDAY.c.day < func.current_date() + DAYS_AHEAD + 1).scalar_subquery()
    for working in (false(), true()))
_OPEN = Statement(
    select(_ATTEMPT.c.task_id, _ATTEMPT.c.patient_id, _PATIENT.c.mrn, _PATIENT.c.name,
           _PATIENT.c.birth_date, _PATIENT.c.language, _STAY.c.department, _CAMPAIGN.c.mode,
           _CAMPAIGN.c.rules, _CAMPAIGN.c.questionnaire_id, _ATTEMPT.c.phone,
           _PATIENT.c.timezone, _HOLIDAYS.label("holidays"), _WORKED.label("worked"))
    .join(_TASK, _TASK.c.id == _ATTEMPT.c.task_id)
    .join(_CAMPAIGN, _CAMPAIGN.c.id == _TASK.c.campaign_id)
    .join(_PATIENT, _PATIENT.c.id == _TASK.c.patient_id)
    .join(_STAY, _STAY.c.id == _TASK.c.encounter_id)
    .where(_ATTEMPT.c.id == bindparam("attempt"), _ATTEMPT.c.state != AttemptState.ENDED))
_RECORD = Statement(
    insert(_RECORDING)
    .values(values_of("id", "attempt_id", "capture_file", "created_at", "state"))
    .on_conflict_do_nothing(index_elements=["attempt_id"]).returning(_RECORDING.c.id))
_RECORDED = Statement(select(_RECORDING.c.id, _RECORDING.c.created_at)
                      .where(_RECORDING.c.attempt_id == bindparam("attempt")))
_IN_A_MARK = ("id", "recording_id", "at_ms", "kind", "link_id", "label")
_ROWS = func.unnest(*(
    bindparam(f"mark_{name}", type_=ARRAY(_A_MARK.c[name].type)) for name in _IN_A_MARK
)).table_valued(*_IN_A_MARK).render_derived()
# kept once, however often they are sent: the reply to a commit may have been lost
_MARKS = insert(_A_MARK).from_select(
    _IN_A_MARK, select(*(_ROWS.c[name] for name in _IN_A_MARK))
).on_conflict_do_nothing(index_elements=["id"])
_KEEP_MARKS = Statement(_MARKS)
_ANSWER = Statement(store.KEEP_AT_ONCE.add_cte(_MARKS.returning(_A_MARK.c.id).cte("marked")))


Marks: TypeAlias = Sequence[dict[str, Any]]      # as ``mark_of`` makes them


@dataclass
class Call:
    """One answered follow-up call."""

    id: uuid.UUID                                # the attempt's
    response_id: uuid.UUID
    patient_id: uuid.UUID
    mrn: str
    name: str
    birth_date: date | None
    department: str
    language: str                                # spoken now
    questionnaire: Questionnaire
    mode: CampaignMode                           # who speaks with them
    hold_s: int                                  # how long they may be asked to wait for an agent
    zone: ZoneInfo                               # of the clock that they go by
    hours: CallingHours                          # in which they may be called
    skill: str | None = None                     # that agent must have it
    answers: list[Answer] = field(default_factory=list)      # given in earlier calls
    recording_id: uuid.UUID | None = None
    recording_since: datetime | None = None
    # rows of recording_mark, written with what comes next
    marks: list[dict[str, Any]] = field(default_factory=list)

    def hours_from(self, today: date) -> dict[str, str]:
        """When they may be called on the coming days, as a conversation wants to know it."""
        days = (today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD))
        found = ((day, self.hours.on(day, self.zone)) for day in days)
        return {day.isoformat(): f"{hours[0]:%H:%M}-{hours[1]:%H:%M}"
                for day, hours in found if hours}

    def mark(self, kind: str, link_id: str | None = None, label: str = "") -> None:
        """Note this moment of the recording; kept with what comes next."""
        if self.recording_id is not None and self.recording_since is not None:
            self.marks.append(mark_of(self.recording_id, self.recording_since, kind, link_id,
                                      label))


async def read(where: Where, attempt_id: uuid.UUID) -> tuple[Mapping[str, Any], store.Begun]:
    """What there is of the call that has just been answered; NotFound for a stranger's."""
    await ledger.advance(where, attempt_id, AttemptState.ANSWERED)
    rows = await _OPEN.run(where, attempt=attempt_id)
    if not rows:
        raise NotFound("no live attempt has this id")
    row = rows[0]
    return row, await store.begin_response(where, row["task_id"], row["patient_id"],
                                           row["questionnaire_id"], row["language"])


def call_of(attempt_id: uuid.UUID, row: Mapping[str, Any], begun: store.Begun,
            questionnaire: Questionnaire, answers: list[Answer], dialer: DialerSettings) -> Call:
    """The call that was read."""
    house = House.of(dialer)
    zones = zones_of(row["phone"], row["timezone"])
    exceptions = {**dict.fromkeys(row["holidays"] or (), False),
                  **dict.fromkeys(row["worked"] or (), True)}
    # whoever is on the phone already is not to suffer for rules that do not fit
    rules = CampaignRules.if_valid(row["rules"]) or CampaignRules()
    return Call(
        id=attempt_id, response_id=begun.id, patient_id=row["patient_id"], mrn=row["mrn"],
        name=row["name"], birth_date=row["birth_date"], department=row["department"],
        language=begun.language, questionnaire=questionnaire, mode=CampaignMode(row["mode"]),
        hold_s=rules.hold(dialer.hold_max_s), zone=zones[0] if len(zones) == 1 else house.zone,
        hours=house.hours(rules, zones, exceptions), skill=rules.skill, answers=answers)


async def announce(where: Where, call: Call) -> str:
    """Its recording is about to start: what it is marked by, and the name of its file."""
    name = capture_name(call.id)
    recording_id, moment = uuid.uuid4(), now()
    made = await _RECORD.run(where, id=recording_id, attempt_id=call.id, capture_file=name,
                             created_at=moment, state=RecordingState.CAPTURING)
    if not made:
        [found] = await _RECORDED.run(where, attempt=call.id)
        recording_id, moment = found["id"], found["created_at"]
    call.recording_id, call.recording_since = recording_id, moment
    return name


async def answer(where: Where, call: Call, given: store.Given, marks: Marks) -> None:
    """Keep an answer without a finding, and marks, in one statement."""
    await _ANSWER.run(where, **store.at_once(call.response_id, call.id, given),
                      **_in_columns(call, marks))


async def keep_marks(where: Where, call: Call, marks: Marks) -> None:
    """Keep some of its marks."""
    if marks:
        await _KEEP_MARKS.run(where, **_in_columns(call, marks))


def _in_columns(call: Call, marks: Marks) -> dict[str, list[Any]]:
    """A question is asked once the answer before it is kept, however long that took."""
    for mark in marks:
        if mark["kind"] == "question" and call.recording_since is not None:
            mark["at_ms"] = since_ms(call.recording_since)
    return {f"mark_{name}": [mark[name] for mark in marks] for name in _IN_A_MARK}


def mark_of(recording_id: uuid.UUID, since: datetime, kind: str, link_id: str | None = None,
            label: str = "") -> dict[str, Any]:
    """A row of recording_mark for this moment."""
    return {"id": uuid.uuid4(), "recording_id": recording_id, "at_ms": since_ms(since),
            "kind": kind, "link_id": link_id, "label": label}


def since_ms(start: datetime) -> int:
    """From there until now."""
    return round((now() - start) / timedelta(milliseconds=1))
