"""The list of recordings by pages, and what it may be filtered by."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, Row, String, Uuid, any_, cast, func, literal, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from followup.agents.models import Agent
from followup.alarms.models import Alarm, AlarmKind
from followup.calls.models import Attempt, Escalation, Recording, RecordingState
from followup.campaigns.models import Campaign
from followup.cases.calls import CaseCall
from followup.patients.models import Patient
from followup.questionnaires.models import QuestionnaireRow
from followup.recordings.models import RecordingCheck, RecordingComment, RecordingHold
from followup.responses.models import Answer
from followup.spotchecks.models import SpotCheckRecall
from followup.spotchecks.population import prepare
from followup.views.keyed import Columns, Order, page
from followup.views.reach import within
from followup.views.recording_filter import (
    IS_MESSAGE,
    Kind,
    RecordingFilter,
    Sealing,
    Told,
    tells,
    where,
)

PAGE = 40
COUNTED = 10_000             # more are not counted one by one
CAMPAIGNS = 200              # the newest are offered
NEWS = 100                   # more new ones are not counted one by one
LONGEST_CALL = timedelta(days=1)             # from its beginning until it is sealed
_TABLE = Recording.__table__.c
COLUMNS: Columns = {         # what the list may be sorted by
    "called": _TABLE.created_at, "length": func.coalesce(_TABLE.duration_ms, 0)}
NEWEST = Order("called", down=True)
_VERSION = QuestionnaireRow.title + " " + QuestionnaireRow.version


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list."""

    recording: Recording
    attempt: Attempt
    patient: Patient
    campaign: str                    # its name
    questionnaire: str               # title and version; the whole of it weighs more than a page
    agent: Agent | None              # who spoke last
    kinds: tuple[Kind, ...]
    sealing: tuple[Sealing, ...]     # how it stands, then what else is to be said of that
    held: bool
    comments: int
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines, the next page's cursor, how many there are in all (``COUNTED`` + 1: more)."""

    lines: list[Line]
    after: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be chosen in the filters."""

    campaigns: Sequence[tuple[uuid.UUID, str]]
    questionnaires: Sequence[tuple[uuid.UUID, str]]
    agents: Sequence[Agent]


async def list_recordings(session: AsyncSession, wanted: RecordingFilter, zone: ZoneInfo, *,
                          order: Order = NEWEST, after: str = "", numbers: bool = False) -> Page:
    """A page of the list; ``after`` is a cursor of an earlier page with the same order."""
    await prepare(session)
    meant = where(wanted, zone, numbers=numbers)
    some = select(Recording.id).where(*meant).limit(COUNTED + 1).subquery()
    count = await session.scalar(select(func.count()).select_from(some)) or 0
    return Page(*await some_recordings(session, wanted, zone, order=order, after=after, size=PAGE,
                                       numbers=numbers), count)


async def count_since(session: AsyncSession, wanted: RecordingFilter, zone: ZoneInfo,
                      moment: datetime, *, numbers: bool = False) -> int:
    """How many of the list have begun or been sealed since; ``NEWS`` is as many or more."""
    some = select(Recording.id).where(
        *where(wanted, zone, numbers=numbers), Recording.created_at > moment - LONGEST_CALL,
        or_(Recording.created_at > moment, Recording.sealed_at > moment)).limit(NEWS).subquery()
    return await session.scalar(select(func.count()).select_from(some)) or 0


async def some_recordings(session: AsyncSession, wanted: RecordingFilter, zone: ZoneInfo, *,
                          order: Order, after: str, size: int,
                          numbers: bool = False) -> tuple[list[Line], str | None]:
    """So many of the list, uncounted, and the cursor of what follows."""
    await prepare(session)
    rows, onward = await page(
        session, select(Recording).where(*where(wanted, zone, numbers=numbers)), COLUMNS,
        _TABLE.id, order, after=after, size=size)
    return await _lines(session, [row[0] for row in rows]), onward


async def choices(session: AsyncSession) -> Choices:
    """Campaigns (the newest), versions of questionnaires, agents."""
    questionnaires = await session.execute(
        select(QuestionnaireRow.id, _VERSION)
        .order_by(QuestionnaireRow.title, QuestionnaireRow.created_at.desc()))
    agents = await session.scalars(select(Agent).order_by(Agent.extension))
    return Choices(await campaigns(session), [(key, name) for key, name in questionnaires],
                   agents.all())


async def campaigns(session: AsyncSession) -> Sequence[tuple[uuid.UUID, str]]:
    """The newest campaigns that the visitor sees, by id and name."""
    rows = await session.execute(within(
        select(Campaign.id, Campaign.name).order_by(Campaign.created_at.desc(), Campaign.id)
        .limit(CAMPAIGNS), Campaign))
    return [(key, name) for key, name in rows]


async def _lines(session: AsyncSession, recordings: Sequence[Recording]) -> list[Line]:
    """These recordings with what a line tells of each: one query more, however many they are."""
    last = (select(Escalation.attempt_id, Escalation.agent_id).where(
        Escalation.attempt_id == Attempt.id, Escalation.bridged_at.is_not(None))
        .order_by(Escalation.bridged_at.desc(), Escalation.id).limit(1).lateral())
    flags: dict[str, Any] = {
        "joined": last.c.attempt_id.is_not(None),
        "case": select(CaseCall.id).where(CaseCall.task_id == Attempt.task_id).exists(),
        "recheck": select(SpotCheckRecall.id).where(
            SpotCheckRecall.task_id == Attempt.task_id).exists(),
        "message": select(Answer.id).where(Answer.attempt_id == Attempt.id, IS_MESSAGE).exists(),
        "verified": select(RecordingCheck.recording_id).where(
            RecordingCheck.recording_id == Recording.id).exists(),
        "failed": select(Alarm.id).where(
            Alarm.kind == AlarmKind.RECORDING_CHANGED, Alarm.cleared_at.is_(None),
            Alarm.subject == cast(Recording.id, String)).exists(),
        "held": select(RecordingHold.id).where(RecordingHold.recording_id == Recording.id,
                                               RecordingHold.released_at.is_(None)).exists(),
        "comments": select(func.count()).where(
            RecordingComment.recording_id == Recording.id).scalar_subquery(),
        **{told.value: tells(told) for told in Told}}
    rows = await session.execute(
        select(Recording.id, Attempt, Patient, Campaign.name, _VERSION, Agent,
               *(value.label(name) for name, value in flags.items()))
        .join(Attempt, Attempt.id == Recording.attempt_id)
        .join(Patient, Patient.id == Recording.patient_id)
        .join(Campaign, Campaign.id == Recording.campaign_id)
        .join(QuestionnaireRow, QuestionnaireRow.id == Campaign.questionnaire_id)
        .outerjoin(last, true()).outerjoin(Agent, Agent.id == last.c.agent_id)
        .where(Recording.id == any_(literal([each.id for each in recordings], ARRAY(Uuid)))))
    known = {row[0]: row for row in rows}
    return [_line(each, known[each.id]) for each in recordings]


def _line(recording: Recording, row: Any) -> Line:
    _, attempt, patient, campaign, questionnaire, agent, *_ = row
    return Line(recording, attempt, patient, campaign, questionnaire, agent,
                _kinds(row, agent), _sealing(recording, row), row.held, row.comments,
                tuple(each for each in Told if getattr(row, each.value)))


def _kinds(row: Row[Any], agent: Agent | None) -> tuple[Kind, ...]:
    spoken = Kind.IVR
    if row.joined:
        spoken = Kind.BROWSER if agent is not None and agent.kind == "webrtc" else Kind.AGENT
    return (spoken, *(each for each in (Kind.CASE, Kind.RECHECK, Kind.MESSAGE)
                      if getattr(row, each.value)))


def _sealing(recording: Recording, row: Row[Any]) -> tuple[Sealing, ...]:
    if recording.state is RecordingState.CAPTURING:
        return (Sealing.WAITING,)
    found = [Sealing(recording.state.value)]
    if row.failed:
        found = [Sealing.FAILED]
    elif row.verified and recording.state is RecordingState.SEALED:
        found = [Sealing.VERIFIED]
    return (*found, Sealing.SHORT) if recording.missing_ms else tuple(found)
