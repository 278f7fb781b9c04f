"""What staff put right about a patient: the language, whether to call, further numbers."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from followup.calls.models import Attempt
from followup.errors import Conflict, NotFound
from followup.log import mask_phone
from followup.patients.consent import allow_calling, stop_calling
from followup.patients.models import Patient, PatientContact, Whose
from followup.people import audit


@dataclass(frozen=True, slots=True)
class Further:
    """A number beside the one in the record. ``id``: of a row that is there; None: a new one."""

    number: str                              # E.164
    whose: Whose = Whose.RELATIVE
    relation: str = ""
    id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Particulars:
    """How it is to be; checked. ``why``: what is told of a change of ``may_call``."""

    language: str
    may_call: bool
    contacts: Sequence[Further] = ()
    why: str = ""


def mark(patient: Patient) -> str:
    """Tells what a page showed of a patient from what is so by now."""
    told = json.dumps([patient.language, patient.do_not_call, *(
        (str(each.id), each.number, each.whose.value, each.relation)
        for each in patient.contacts)])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


async def change(session: AsyncSession, patient_id: uuid.UUID, wanted: Particulars, *, seen: str,
                 actor: str, address: str = "") -> None:
    """Make it so. NotFound; Conflict when it is no more what the page had shown (``seen``)."""
    patient = await session.scalar(
        select(Patient).where(Patient.id == patient_id).with_for_update()
        .options(selectinload(Patient.contacts)).execution_options(populate_existing=True))
    if patient is None:
        raise NotFound("there is no such patient")
    if mark(patient) != seen:
        raise Conflict("somebody else has changed this patient meanwhile")
    before = _told(patient)
    patient.language = wanted.language
    await _keep(session, patient, wanted.contacts)
    if patient.do_not_call and wanted.may_call:
        await allow_calling(session, patient, actor=actor, why=wanted.why, address=address)
    elif not patient.do_not_call and not wanted.may_call:
        await stop_calling(session, patient_id, actor=actor, why=wanted.why, address=address)
    after = _told(patient)
    changed = [name for name in before if before[name] != after[name]]
    if changed:
        audit.record(session, audit.CHANGE_PATIENT, actor=actor, address=address,
                     subject=f"patient:{patient_id}",
                     before={name: before[name] for name in changed},
                     after={name: after[name] for name in changed})


async def _keep(session: AsyncSession, patient: Patient, wanted: Sequence[Further]) -> None:
    """These numbers and no others, known ones where they stand, new ones after them."""
    kept = {each.id: each for each in wanted if each.id}
    gone = [row for row in patient.contacts if row.id not in kept]
    # a call remembers the number itself
    await session.execute(update(Attempt).where(
        Attempt.patient_id == patient.id, Attempt.contact_id.in_([row.id for row in gone]))
        .values(contact_id=None).execution_options(synchronize_session=False))
    last = max((row.position for row in patient.contacts), default=0)
    for row in gone:
        patient.contacts.remove(row)
        await session.delete(row)
    for row in patient.contacts:
        told = kept[row.id]
        if row.number != told.number:
            row.number = told.number
        row.whose, row.relation = told.whose, told.relation
    for place, told in enumerate((each for each in wanted if each.id is None), start=last + 1):
        patient.contacts.append(PatientContact(
            patient_id=patient.id, position=place, number=told.number, whose=told.whose,
            relation=told.relation))
    await session.flush()


def _told(patient: Patient) -> dict[str, Any]:
    """For the trail, which is read by people who see no numbers."""
    return {"language": patient.language, "contacts": [
        f"{mask_phone(each.number)} {each.relation or each.whose.value}"
        for each in patient.contacts]}
