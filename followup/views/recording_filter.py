"""Which recordings are meant: the filters of list and export, as they stand in addresses."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Uuid, cast, false, literal_column, select, union

from followup.agents.models import Agent
from followup.alarms.models import Alarm, AlarmKind
from followup.calls.models import (
    Attempt,
    Disposition,
    Escalation,
    Recording,
    RecordingMark,
    RecordingState,
)
from followup.campaigns.models import Campaign
from followup.cases.calls import CaseCall
from followup.patients.models import Patient, PatientKey
from followup.patients.search_keys import fold, last_digits
from followup.people.scope import current_scope
from followup.recordings.models import RecordingCheck, RecordingComment, RecordingHold
from followup.responses.models import Answer
from followup.spotchecks.models import SpotCheckRecall
from followup.views.addresses import (
    SEARCH_LENGTH,
    AddressFilter,
    Yes,
    an_id,
    as_date,
    midnight,
    one_of,
)
from followup.views.reach import seen
from followup.views.search import has_number, in_range

_SEAL = re.compile(r"#?([0-9]{1,18})")
# written out, so that the planner can prove that the partial indexes fit
IS_MESSAGE: ColumnElement[bool] = literal_column("answer.given_by = 'message'")
_FINDING: ColumnElement[bool] = literal_column("recording_mark.kind = 'finding'")
_ESCALATION: ColumnElement[bool] = literal_column("recording_mark.kind = 'escalation'")


class Kind(StrEnum):
    """What sort of call it was; one may be of several."""

    IVR = "ivr"                  # nobody spoke but the questionnaire
    AGENT = "agent"              # an agent spoke, at whatever phone
    BROWSER = "browser"          # … in the browser
    CASE = "case"                # asked for in a complaint
    RECHECK = "recheck"          # called again for a spot check
    MESSAGE = "message"          # the patient left a message


class Sealing(StrEnum):
    """How a recording stands."""

    WAITING = "waiting"          # the call lives, or its sound waits for the keeper
    SEALED = "sealed"
    VERIFIED = "verified"        # sealed, and since then read whole and found unchanged
    FAILED = "failed"            # not what was sealed, or gone
    SHORT = "short"              # lacks some of its call
    LOST = "lost"
    REFUSED = "refused"
    EXPIRED = "expired"


class Told(StrEnum):
    """What stands out in a call."""

    FINDING = "finding"
    ESCALATION = "escalation"


@dataclass(frozen=True, slots=True)
class RecordingFilter(AddressFilter):
    """Each field as it stands in the address; empty: any."""

    q: str = ""                  # a patient, a telephone number's end, a seal's number, an id
    begin: str = ""              # days of the call, both included
    end: str = ""
    department: str = ""
    campaign: str = ""
    questionnaire: str = ""
    agent: str = ""
    patient: str = ""
    kind: str = ""
    outcome: str = ""
    seal: str = ""
    told: str = ""
    held: str = ""
    comments: str = ""


def read_filter(query: Mapping[str, str]) -> RecordingFilter:
    """The filter of an address; InvalidInput names a field that does not fit."""
    given = RecordingFilter.as_told(query)
    for name, choices in (("kind", Kind), ("outcome", Disposition), ("seal", Sealing),
                          ("told", Told), ("held", Yes), ("comments", Yes)):
        one_of(name, given[name], choices)
    for name in ("campaign", "questionnaire", "agent", "patient"):
        if given[name]:
            an_id(name, given[name])
    for name in ("begin", "end"):
        if given[name]:
            as_date(name, given[name])
    return RecordingFilter(**given)


def where(wanted: RecordingFilter, zone: ZoneInfo, *, numbers: bool) -> list[ColumnElement[bool]]:
    """The filter, within what the visitor sees, as conditions on ``Recording`` alone: what a page
    or a count looks at is one table and few rows of others. ``numbers``: may they search by
    telephone number?"""
    scope = current_scope()
    found = [seen(Recording, scope)] if scope.limited else []
    if wanted.begin:
        found.append(Recording.created_at >= midnight(as_date("begin", wanted.begin), zone))
    if wanted.end:
        found.append(Recording.created_at < midnight(
            as_date("end", wanted.end) + timedelta(days=1), zone))
    if wanted.department:
        found.append(Recording.department == wanted.department)
    for column, told in ((Recording.campaign_id, wanted.campaign),
                         (Recording.patient_id, wanted.patient)):
        if told:
            found.append(column == uuid.UUID(told))
    if wanted.questionnaire:
        found.append(Recording.campaign_id.in_(select(Campaign.id).where(
            Campaign.questionnaire_id == uuid.UUID(wanted.questionnaire))))
    if wanted.agent:
        found.append(_of_calls(_joined().where(Escalation.agent_id == uuid.UUID(wanted.agent))))
    if wanted.kind:
        found.append(of_kind(Kind(wanted.kind)))
    if wanted.outcome:
        found.append(_of_calls(select(Attempt.id).where(
            Attempt.disposition == Disposition(wanted.outcome))))
    if wanted.seal:
        found.append(sealed_so(Sealing(wanted.seal)))
    if wanted.told:
        found.append(tells(Told(wanted.told)))
    if wanted.held:
        found.append(Recording.id.in_(select(RecordingHold.recording_id).where(
            RecordingHold.released_at.is_(None))))
    if wanted.comments:
        found.append(Recording.id.in_(select(RecordingComment.recording_id)))
    if wanted.q:
        found.append(_search(wanted.q[:SEARCH_LENGTH], numbers))
    return found


def of_kind(kind: Kind) -> ColumnElement[bool]:
    """Recordings of such calls."""
    match kind:
        case Kind.IVR:
            spoken: ColumnElement[bool] = _joined().where(
                Escalation.attempt_id == Recording.attempt_id).exists()
            return ~spoken
        case Kind.AGENT:
            return _of_calls(_joined())
        case Kind.BROWSER:
            return _of_calls(_joined().where(Escalation.agent_id.in_(
                select(Agent.id).where(Agent.kind == "webrtc"))))
        case Kind.CASE:
            return _of_calls(select(Attempt.id).where(
                Attempt.task_id.in_(select(CaseCall.task_id))))
        case Kind.RECHECK:
            return _of_calls(select(Attempt.id).where(
                Attempt.task_id.in_(select(SpotCheckRecall.task_id))))
        case Kind.MESSAGE:
            return _of_calls(select(Answer.attempt_id).where(IS_MESSAGE))


def sealed_so(how: Sealing) -> ColumnElement[bool]:
    """Recordings that stand so."""
    match how:
        case Sealing.WAITING:
            return Recording.state == RecordingState.CAPTURING
        case Sealing.VERIFIED:
            return Recording.id.in_(select(RecordingCheck.recording_id)) & (
                Recording.state == RecordingState.SEALED) & ~sealed_so(Sealing.FAILED)
        case Sealing.FAILED:
            return Recording.id.in_(select(cast(Alarm.subject, Uuid)).where(
                Alarm.kind == AlarmKind.RECORDING_CHANGED, Alarm.cleared_at.is_(None)))
        case Sealing.SHORT:
            return Recording.missing_ms > 0
        case _:
            return Recording.state == RecordingState(how.value)


def tells(what: Told) -> ColumnElement[bool]:
    """Recordings with such a mark."""
    return select(RecordingMark.id).where(
        RecordingMark.recording_id == Recording.id,
        _FINDING if what is Told.FINDING else _ESCALATION).exists()


def _joined() -> Any:
    """Calls that an agent has joined."""
    return select(Escalation.attempt_id).where(Escalation.bridged_at.is_not(None))


def _of_calls(calls: Any) -> ColumnElement[bool]:
    return Recording.attempt_id.in_(calls)


def _search(text: str, numbers: bool) -> ColumnElement[bool]:
    """A patient's name, pinyin or record number; the end of a telephone number; the number of a
    seal; the id that an alarm tells of."""
    found: list[ColumnElement[bool]] = []
    if fold(text):
        found.append(Recording.patient_id.in_(
            select(PatientKey.patient_id).where(in_range(text))))
    if numbers and (digits := last_digits(text)):
        found.append(Recording.patient_id.in_(select(Patient.id).where(has_number(digits))))
    if number := _SEAL.fullmatch(text):
        found.append(Recording.seal_number == int(number[1]))
    with suppress(ValueError):
        found.append(Recording.id == uuid.UUID(text))
    if len(found) < 2:
        return found[0] if found else false()
    # each by its own index; a disjunction would be asked of every recording
    return Recording.id.in_(union(*(select(Recording.id).where(each) for each in found)))
