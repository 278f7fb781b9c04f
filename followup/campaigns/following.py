"""A task's next step, by its campaign's rules and its patient's hours and numbers."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.calls.models import Attempt, Disposition
from followup.campaigns.holidays import holidays_from
from followup.campaigns.house import House
from followup.campaigns.models import Campaign, CampaignState, Task, TaskState
from followup.campaigns.numbers import Number, Try, choose
from followup.campaigns.retry import NextStep, OtherNumber, next_step
from followup.campaigns.rules import CampaignRules
from followup.database.base import now
from followup.patients.models import Patient, PatientContact, Whose
from followup.patients.zones import zones_of

Step = Callable[[Disposition, int, datetime | None], NextStep]


async def step_of(session: AsyncSession, attempt_id: uuid.UUID, disposition: Disposition,
                  house: House, moment: datetime | None = None) -> Step:
    """The retry policy for one attempt that ends so, as ``ledger.end`` asks it.

    It holds the campaign until the transaction ends: who cancels it meanwhile sees what came of
    the task, and cancels it too.
    """
    moment = moment or now()
    attempt = await session.get_one(Attempt, attempt_id)
    state, kept, timezone = (await session.execute(
        select(Campaign.state, Campaign.rules, Patient.timezone)
        .join(Task, Task.campaign_id == Campaign.id).join(Patient, Patient.id == Task.patient_id)
        .where(Task.id == attempt.task_id).with_for_update(read=True, of=Campaign))).one()
    # of a campaign whose rules do not fit nothing more is claimed, but this call has ended
    rules = CampaignRules.if_valid(kept) or CampaignRules()
    hours = house.hours(rules, zones_of(attempt.phone, timezone),
                        await holidays_from(session, moment))
    other = OtherNumber.NONE
    if disposition is Disposition.INVALID_NUMBER:
        other = await _other_number(session, attempt, rules)

    def step(how: Disposition, made: int, call_back_at: datetime | None) -> NextStep:
        following = next_step(how, made, rules.max_attempts or house.max_attempts, moment, hours,
                              call_back_at, retries=rules.retry, other_number=other,
                              jitter=random.random())  # noqa: S311 - no secret
        if state is CampaignState.CANCELLED and following.state is TaskState.DUE:
            return NextStep(TaskState.CANCELLED)
        return following

    return step


async def _other_number(session: AsyncSession, attempt: Attempt,
                        rules: CampaignRules) -> OtherNumber:
    """What is left, now that the number just called is known to be invalid."""
    patient = await session.get_one(Patient, attempt.patient_id)
    contacts = await session.scalars(
        select(PatientContact).where(PatientContact.patient_id == patient.id)
        .order_by(PatientContact.position))
    tries = [Try(phone, how) for phone, how in await session.execute(
        select(Attempt.phone, Attempt.disposition)
        .where(Attempt.task_id == attempt.task_id, Attempt.id != attempt.id))]
    left = choose(
        [Number(patient.phone, invalid=bool(patient.phone_invalid_at or patient.phone_wrong_at)),
         *(Number(each.number, each.id, each.whose is Whose.OWN,
                  bool(each.invalid_at or each.wrong_at))
           for each in contacts)],
        [*tries, Try(attempt.phone, Disposition.INVALID_NUMBER)], rules.numbers)
    if left is None:
        return OtherNumber.NONE
    return OtherNumber.TRIED if any(each.number == left.number for each in tries) \
        else OtherNumber.FRESH
