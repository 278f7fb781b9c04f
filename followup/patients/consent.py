"""What patients agree to: being called."""

from __future__ import annotations

import uuid

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from followup.campaigns.models import Task, TaskState
from followup.errors import Conflict
from followup.patients.models import Patient
from followup.people import audit


async def stop_calling(session: AsyncSession, patient_id: uuid.UUID, *, actor: str,
                       why: str = "", address: str = "") -> None:
    """No follow-up call any more; what was still to be called is cancelled.

    ``actor`` is a username, or "patient". A call that is under way goes on to its end.
    """
    await session.execute(update(Patient).where(Patient.id == patient_id)
                          .values(do_not_call=True))
    await session.execute(
        update(Task).where(Task.patient_id == patient_id, Task.state == TaskState.DUE)
        .values(state=TaskState.CANCELLED))
    audit.record(session, audit.STOP_CALLING, actor=actor, subject=f"patient:{patient_id}",
                 address=address, why=why)


async def allow_calling(session: AsyncSession, patient: Patient, *, actor: str, why: str = "",
                        address: str = "") -> None:
    """Calls are welcome again; what was cancelled stays so, later campaigns call.

    Conflict where the patient is told, or known, to have died: that is to be settled first.
    """
    if patient.death is not None:
        raise Conflict("a death was told of")
    patient.do_not_call = False
    audit.record(session, audit.ALLOW_CALLING, actor=actor, subject=f"patient:{patient.id}",
                 address=address, why=why)
