"""Published questionnaires in the database; a version never changes once it is there."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from followup.campaigns.models import Campaign, CampaignState, Task, TaskState
from followup.errors import Conflict, NotFound
from followup.questionnaires.definition import Questionnaire
from followup.questionnaires.faults import UnsoundQuestionnaire, fault
from followup.questionnaires.fhir import load_questionnaire, reading
from followup.questionnaires.models import QuestionnaireRow, QuestionnaireStatus
from followup.responses.models import Response

SAMPLES = Path(__file__).with_name("samples")
POST_DISCHARGE = SAMPLES / "post-discharge.json"

_KEPT = 64                   # questionnaires that were read, by their row, with what was read
_parsed: dict[uuid.UUID, tuple[dict[str, Any], Questionnaire]] = {}
_released: set[uuid.UUID] = set()        # of those: what will never change


async def publish(session: AsyncSession, questionnaire: Questionnaire) -> QuestionnaireRow:
    """Store a version; the newest active version of a url is the one in force.

    The same url and version with the same content is a no-op (but a draft may become active), with
    other content, or once it is withdrawn, a Conflict.
    """
    status = QuestionnaireStatus(questionnaire.status)
    if status is QuestionnaireStatus.RETIRED:
        raise UnsoundQuestionnaire([
            fault("", "status", "one-of", status.value, values=("draft", "active"))])
    await session.execute(insert(QuestionnaireRow).values(
        url=questionnaire.url, version=questionnaire.version, title=questionnaire.title,
        status=status, resource=dict(questionnaire.resource),
    ).on_conflict_do_nothing(index_elements=["url", "version"]))
    row = await get_version(session, questionnaire.url, questionnaire.version)
    await session.refresh(row, with_for_update=True)
    if row.status is QuestionnaireStatus.RETIRED:
        raise Conflict(f"version {row.version} of {row.url} is withdrawn: give it a new version",
                       field="version")
    if {**row.resource, "status": ""} != {**questionnaire.resource, "status": ""} or \
            (row.status is QuestionnaireStatus.ACTIVE and status is not row.status):
        raise Conflict(f"version {questionnaire.version} of {questionnaire.url} is published "
                       "already with other content: give the change a new version",
                       field="version")
    if row.status is not status:
        row.status, row.resource = status, dict(questionnaire.resource)
    await session.flush()
    await _go_on_with_successor(session, row.url)
    return row


async def withdraw(session: AsyncSession, url: str, version: str) -> QuestionnaireRow:
    """Take a version out of use; NotFound when there is none.

    Who has begun to answer it finishes it, in this call or a later one. Campaigns go on with the
    newest active version of the url; while there is none, whoever has not begun is not called.
    """
    row = await get_version(session, url, version)
    await session.refresh(row, with_for_update=True)
    row.status = QuestionnaireStatus.RETIRED
    await session.flush()
    await _go_on_with_successor(session, url)
    return row


async def _go_on_with_successor(session: AsyncSession, url: str) -> None:
    successor = await session.scalar(_active(url))
    if successor is None:
        return
    retired = select(QuestionnaireRow.id).where(
        QuestionnaireRow.url == url, QuestionnaireRow.status == QuestionnaireStatus.RETIRED)
    await session.execute(
        update(Campaign).where(Campaign.questionnaire_id.in_(retired),
                               Campaign.state != CampaignState.CANCELLED)
        .values(questionnaire_id=successor.id))


async def get_version(session: AsyncSession, url: str, version: str = "") -> QuestionnaireRow:
    """A version, whatever its status, or the newest one; NotFound when there is none."""
    query = select(QuestionnaireRow).where(QuestionnaireRow.url == url)
    if version:
        query = query.where(QuestionnaireRow.version == version)
    row = await session.scalar(query.order_by(QuestionnaireRow.created_at.desc()).limit(1))
    if row is None:
        raise NotFound(f"there is no questionnaire {url}" + (f" {version}" if version else ""))
    return row


def exported(row: QuestionnaireRow) -> dict[str, Any]:
    """The FHIR resource as it was imported, with the status it has now."""
    return {**row.resource, "status": row.status.value}


@dataclass(frozen=True)
class Shelved:
    """A version, and how many tasks wait for a successor as nobody has begun to answer it."""

    row: QuestionnaireRow
    waiting: int


async def shelf(session: AsyncSession) -> list[Shelved]:
    """Every version, by url, the newest first."""
    waiting = (select(func.count()).select_from(Task).join(Task.campaign)
               .where(Campaign.questionnaire_id == QuestionnaireRow.id,
                      QuestionnaireRow.status == QuestionnaireStatus.RETIRED,
                      Task.state == TaskState.DUE,
                      ~select(Response.id).where(Response.task_id == Task.id).exists())
               .correlate(QuestionnaireRow).scalar_subquery())
    rows = await session.execute(select(QuestionnaireRow, waiting).order_by(
        QuestionnaireRow.url, QuestionnaireRow.created_at.desc()))
    return [Shelved(row, count) for row, count in rows]


async def get_active(session: AsyncSession, url: str) -> QuestionnaireRow:
    """The newest active version; NotFound when there is none. ``parsed`` turns it into one."""
    row = await session.scalar(_active(url))
    if row is None:
        raise NotFound(f"no active questionnaire {url}")
    return row


def parsed(row: QuestionnaireRow) -> Questionnaire:
    """The questionnaire of a stored row; read once, as every call needs it."""
    return _known(row) or _keep(row, load_questionnaire(row.resource, stored=True))


async def by_id(session: AsyncSession, questionnaire_id: uuid.UUID) -> Questionnaire:
    """The questionnaire that a response was begun with.

    Read item by item: the sound of other calls passes in between.
    """
    row = await session.get_one(QuestionnaireRow, questionnaire_id)
    steps = reading(row.resource, stored=True)
    while (known := _known(row)) is None:
        try:
            next(steps)
        except StopIteration as end:
            return _keep(row, end.value)
        await asyncio.sleep(0)
    return known


def _known(row: QuestionnaireRow) -> Questionnaire | None:
    """What was read of the row before, unless it has changed: a draft may."""
    resource, questionnaire = _parsed.get(row.id, (None, None))
    if questionnaire is None or resource != row.resource:
        return None
    _release(row)
    return questionnaire


def _keep(row: QuestionnaireRow, questionnaire: Questionnaire) -> Questionnaire:
    if len(_parsed) >= _KEPT and row.id not in _parsed:
        oldest = next(iter(_parsed))
        _parsed.pop(oldest)
        _released.discard(oldest)
    _parsed[row.id] = row.resource, questionnaire
    _release(row)
    return questionnaire


def _release(row: QuestionnaireRow) -> None:
    if row.status is not QuestionnaireStatus.DRAFT:
        _released.add(row.id)


def at_hand(questionnaire_id: uuid.UUID) -> Questionnaire | None:
    """The same without asking the database, where this process has read a released one."""
    return _parsed[questionnaire_id][1] if questionnaire_id in _released else None


def _active(url: str) -> Select[QuestionnaireRow]:
    return (select(QuestionnaireRow)
            .where(QuestionnaireRow.url == url,
                   QuestionnaireRow.status == QuestionnaireStatus.ACTIVE)
            .order_by(QuestionnaireRow.created_at.desc()).limit(1))
