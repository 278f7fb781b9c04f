"""What whoever answered said of the patient: a wrong number, or a death. Staff look into both.

Nothing of it is taken for true on the word of a call: a number is not called, and a patient neither
called nor written to, until somebody of the staff has looked.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from followup.alerts import register
from followup.calls.models import Attempt, Disposition
from followup.campaigns.models import Campaign, CampaignState, Held, Task, TaskState
from followup.errors import Conflict, NotFound
from followup.patients.models import Death, Patient, PatientContact
from followup.people import audit
from followup.responses.models import Response, Severity

DIED = "death-reported"
DIED_TEXT = {"zh": "接电话的人说患者已去世，请核实并更正档案",
             "en": "Whoever answered said that the patient has died: please check, and set the"
                   " record right"}


async def report(session: AsyncSession, attempt: Attempt, response: Response, what: Disposition,
                 deadlines: register.Deadlines, moment: datetime) -> None:
    """Keep what a call has told: Disposition.WRONG_PERSON or DEATH_REPORTED."""
    if what is Disposition.WRONG_PERSON:
        await _mark_wrong(session, attempt.patient_id, attempt.phone, moment)
        told = audit.REPORT_WRONG_NUMBER
    else:
        await _stop(session, attempt.patient_id, moment)
        await register.raise_alert(session, response, "", DIED, Severity.ABNORMAL, DIED_TEXT,
                                   deadlines, moment)
        told = audit.REPORT_DEATH
    audit.record(session, told, actor="call", subject=f"patient:{attempt.patient_id}",
                 why=f"call:{attempt.id}")


async def _mark_wrong(session: AsyncSession, patient_id: uuid.UUID, phone: str,
                      moment: datetime | None) -> None:
    """Of this patient's numbers: it may well be somebody else's right one."""
    await session.execute(update(Patient).values(phone_wrong_at=moment)
                          .where(Patient.id == patient_id, Patient.phone == phone))
    await session.execute(update(PatientContact).values(wrong_at=moment)
                          .where(PatientContact.patient_id == patient_id,
                                 PatientContact.number == phone))


async def _stop(session: AsyncSession, patient_id: uuid.UUID, moment: datetime) -> None:
    """No call and no message; what is planned waits for what staff find."""
    await session.execute(update(Patient).where(Patient.id == patient_id, Patient.death.is_(None))
                          .values(death=Death.REPORTED, death_told_at=moment, do_not_call=True,
                                  wanted_no_calls=Patient.do_not_call))
    await session.execute(
        update(Task).where(Task.patient_id == patient_id, Task.state == TaskState.DUE)
        .values(state=TaskState.NEEDS_PERSON, held_why=Held.DEATH_REPORTED))


async def settle_death(session: AsyncSession, patient_id: uuid.UUID, *, died: bool, actor: str,
                       why: str, moment: datetime, address: str = "") -> None:
    """What staff have found. Not so: what waited goes on, unless they wanted no calls before.

    NotFound; Conflict when nothing of the kind is to be looked at (any more).
    """
    patient = await session.get(Patient, patient_id, with_for_update=True)
    if patient is None:
        raise NotFound("there is no such patient")
    if patient.death is not Death.REPORTED:
        raise Conflict("nobody waits for this to be looked at")
    waiting = (Task.patient_id == patient_id, Task.state == TaskState.NEEDS_PERSON,
               or_(Task.held_why == Held.DEATH_REPORTED,
                   Task.disposition == Disposition.DEATH_REPORTED))
    if died:
        patient.death = Death.CONFIRMED
        await session.execute(update(Task).where(*waiting).values(state=TaskState.CANCELLED))
    else:
        patient.death, patient.death_told_at = None, None
        patient.do_not_call = patient.wanted_no_calls    # as they once asked themselves
        live = select(Campaign.id).where(Campaign.state.in_(
            (CampaignState.DRAFT, CampaignState.RUNNING, CampaignState.PAUSED)))
        await session.execute(
            update(Task).where(*waiting, Task.campaign_id.in_(live))
            .values(state=TaskState.CANCELLED if patient.do_not_call else TaskState.DUE,
                    held_why=None, due_at=moment))
    audit.record(session, audit.CONFIRM_DEATH if died else audit.REFUTE_DEATH, actor=actor,
                 subject=f"patient:{patient_id}", address=address, why=why)


async def number_is_right(session: AsyncSession, patient_id: uuid.UUID,
                          contact_id: uuid.UUID | None, *, actor: str, address: str = "") -> None:
    """Staff have asked: the number (None: the one in the record) is the patient's after all."""
    row: Patient | PatientContact | None = await session.get(Patient, patient_id)
    if contact_id is not None:
        row = await session.scalar(select(PatientContact).where(
            PatientContact.id == contact_id, PatientContact.patient_id == patient_id))
    if row is None:
        raise NotFound("there is no such number")
    if isinstance(row, Patient):
        row.phone_wrong_at = None
    else:
        row.wrong_at = None
    audit.record(session, audit.NUMBER_IS_RIGHT, actor=actor, subject=f"patient:{patient_id}",
                 address=address)
