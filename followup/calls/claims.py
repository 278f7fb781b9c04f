"""Claiming the next call: a due task that may be called now, and its attempt, in one transaction.

A task that may not be called now is put off to when it may, so that it is looked at once and not in
every decision; many of them at once, a limited number a decision, however many are due.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from followup.calls.models import Attempt, AttemptState
from followup.campaigns.holidays import holidays_from
from followup.campaigns.house import House
from followup.campaigns.models import Campaign, CampaignState, Held, Task, TaskState
from followup.campaigns.numbers import Number, Try, choose
from followup.campaigns.permission import REMEMBERED, May, Never, PutOff, Verdict, permit
from followup.campaigns.retry import counts
from followup.campaigns.rules import CampaignRules
from followup.database.base import now
from followup.errors import InvalidInput
from followup.log import get_logger
from followup.patients.models import Patient, PatientContact, Whose
from followup.patients.zones import zones_of
from followup.questionnaires.models import QuestionnaireRow, QuestionnaireStatus
from followup.responses.models import Response

log = get_logger(__name__)

# tasks looked at in one decision; nearly always the first may be called
PAGES = (1, 50, 400)


@dataclass(frozen=True)
class _Running:
    """A running campaign. ``withdrawn``: its questionnaire is finished, but begun by nobody."""

    id: uuid.UUID
    rules: CampaignRules
    withdrawn: bool


@dataclass(frozen=True)
class _Known:
    """What was read of the patients of a page, by patient, after their rows were locked."""

    attempts: Mapping[uuid.UUID, Sequence[Any]]
    contacts: Mapping[uuid.UUID, Sequence[Any]]
    holidays: Mapping[date, bool]


async def claim(session: AsyncSession, *, node: str, house: House,
                campaign_id: uuid.UUID | None = None, task_id: uuid.UUID | None = None,
                moment: datetime | None = None) -> Attempt | None:
    """Take the most urgent due task and write its next attempt; None when nothing may be called.

    ``campaign_id``: of that campaign only; else of the first, by priority, that has any;
    ``task_id``: that task only. The caller commits before it dials. Tasks and patients that another
    worker is claiming are passed over.
    """
    moment = moment or now()
    campaigns = await _running(session, campaign_id)
    holidays = await holidays_from(session, moment) if campaigns else {}
    for campaign in campaigns:
        for size in PAGES if task_id is None else (PAGES[0],):
            page = await _page(session, campaign, moment, size, task_id)
            known = _Known(*await _read(session, page), holidays)
            attempt = await _first_of(session, page, known, campaign, house, node, moment)
            if attempt is not None:
                return attempt
            if len(page) < size:
                break
    return None


async def _running(session: AsyncSession, only: uuid.UUID | None) -> list[_Running]:
    """Held until the transaction ends: a campaign is paused after what was claimed of it is seen,
    and from then on nothing is.
    """
    query = (select(Campaign.id, Campaign.rules, QuestionnaireRow.status)
             .join(QuestionnaireRow, QuestionnaireRow.id == Campaign.questionnaire_id)
             .where(Campaign.state == CampaignState.RUNNING)
             .order_by(Campaign.started_at, Campaign.id)
             .with_for_update(read=True, of=Campaign, skip_locked=True))
    if only is not None:
        query = query.where(Campaign.id == only)
    found = []
    for row in await session.execute(query):
        try:
            rules = CampaignRules.read(row.rules)
        except InvalidInput as error:
            log.warning("a campaign is not called: its rules do not fit",
                        campaign_id=str(row.id), reason=error.message)
            continue
        found.append(_Running(row.id, rules, row.status == QuestionnaireStatus.RETIRED))
    return sorted(found, key=lambda campaign: campaign.rules.priority)


async def _page(session: AsyncSession, campaign: _Running, moment: datetime,
                size: int, only: uuid.UUID | None) -> Sequence[Any]:
    """The most urgent due tasks with their patients, both locked."""
    on_call = select(Attempt.id).where(Attempt.patient_id == Task.patient_id,
                                       Attempt.state != AttemptState.ENDED)
    return (await session.execute(
        select(Task.id, Task.patient_id, Patient.phone, Patient.phone_invalid_at,
               Patient.phone_wrong_at, Patient.timezone, Patient.do_not_call)
        .join(Patient, Patient.id == Task.patient_id)
        .where(Task.campaign_id == campaign.id, Task.state == TaskState.DUE,
               Task.due_at <= moment, ~on_call.exists(),
               *([_begun()] if campaign.withdrawn else []),
               *([Task.id == only] if only else []))
        .order_by(Task.priority, Task.due_at)
        .limit(size)
        # not so strongly that an answer or alert of the patient's could not be stored meanwhile
        .with_for_update(skip_locked=True, key_share=True, of=(Task, Patient)))).all()


def _begun() -> ColumnElement[bool]:
    return select(Response.id).where(Response.task_id == Task.id).correlate(Task).exists()


async def _read(session: AsyncSession, page: Sequence[Any]) -> tuple[
        Mapping[uuid.UUID, Sequence[Any]], Mapping[uuid.UUID, Sequence[Any]]]:
    """Attempts and further numbers of the page's patients.

    Statements of their own: they see what others committed before the patients' rows were ours.
    """
    if not page:
        return {}, {}
    patients = {row.patient_id for row in page}
    attempts = await session.execute(
        select(Attempt.patient_id, Attempt.task_id, Attempt.phone, Attempt.state,
               Attempt.disposition, Attempt.committed_at)
        .where(Attempt.patient_id.in_(patients)))
    contacts = await session.execute(
        select(PatientContact.patient_id, PatientContact.id, PatientContact.number,
               PatientContact.whose, PatientContact.invalid_at, PatientContact.wrong_at)
        .where(PatientContact.patient_id.in_(patients)).order_by(PatientContact.position))
    return _by_patient(attempts), _by_patient(contacts)


def _by_patient(rows: Iterable[Any]) -> Mapping[uuid.UUID, Sequence[Any]]:
    found: dict[uuid.UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.patient_id].append(row)
    return found


async def _first_of(session: AsyncSession, page: Sequence[Any], known: _Known,
                    campaign: _Running, house: House, node: str,
                    moment: datetime) -> Attempt | None:
    """The attempt of the first task that may be called; those before it are put off."""
    @cache                                   # most of a page are in one zone and were not called
    def verdict(zones: tuple[ZoneInfo, ...], dialled: tuple[datetime, ...]) -> Verdict:
        return permit(moment, house.hours(campaign.rules, zones, known.holidays), dialled,
                      house.caps)

    held: list[dict[str, Any]] = []
    attempt = None
    for task in page:
        before = known.attempts.get(task.patient_id, ())
        if any(each.state is not AttemptState.ENDED for each in before):
            continue                                       # on the phone since we looked
        mine = [each for each in before if each.task_id == task.id]
        number = choose(_numbers(task, known), [Try(each.phone, each.disposition) for each in mine],
                        campaign.rules.numbers)
        if task.do_not_call:
            held.append(_hold(task.id, TaskState.CANCELLED, Held.DO_NOT_CALL))
            continue
        if number is None:
            held.append(_hold(task.id, TaskState.NEEDS_PERSON, Held.NO_NUMBER))
            continue
        dialled = tuple(each.committed_at for each in before
                        if each.committed_at > moment - REMEMBERED
                        and (each.disposition is None or counts(each.disposition)))
        match verdict(zones_of(number.number, task.timezone), dialled):
            case PutOff(until, why):
                held.append(_hold(task.id, TaskState.DUE, why, until))
            case Never(why):
                held.append(_hold(task.id, TaskState.NEEDS_PERSON, why))
            case May():
                attempt = Attempt(
                    id=uuid.uuid4(), task_id=task.id, patient_id=task.patient_id,
                    seq=len(mine) + 1, node=node, phone=number.number,
                    contact_id=number.contact_id, state=AttemptState.COMMITTED,
                    committed_at=moment)
                break
    await _put_off(session, held)
    if attempt is not None:
        session.add(attempt)
        await session.execute(update(Task).where(Task.id == attempt.task_id)
                              .values(state=TaskState.CALLING, held_why=None))
        await session.flush()
    return attempt


def _numbers(task: Any, known: _Known) -> list[Number]:
    return [Number(task.phone, invalid=bool(task.phone_invalid_at or task.phone_wrong_at)),
            *(Number(each.number, each.id, each.whose is Whose.OWN,
                     bool(each.invalid_at or each.wrong_at))
              for each in known.contacts.get(task.patient_id, ()))]


def _hold(task_id: uuid.UUID, state: TaskState, why: Held,
          until: datetime | None = None) -> dict[str, Any]:
    return {"id": task_id, "state": state, "held_why": why} | ({"due_at": until} if until else {})


async def _put_off(session: AsyncSession, held: Iterable[dict[str, Any]]) -> None:
    """One statement for all that are put off alike, as those of one zone are."""
    alike: dict[tuple[Any, ...], list[uuid.UUID]] = defaultdict(list)
    for each in held:
        alike[each["state"], each["held_why"], each.get("due_at")].append(each["id"])
    for (state, why, until), ids in alike.items():
        values = {"state": state, "held_why": why} | ({"due_at": until} if until else {})
        await session.execute(update(Task).where(Task.id.in_(ids)).values(values)
                              .execution_options(synchronize_session=False))
