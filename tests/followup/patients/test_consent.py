"""I5: a patient who wants no more calls gets none."""

from __future__ import annotations

from sqlalchemy import select

from followup.calls import ledger
from followup.campaigns.house import House
from followup.campaigns.models import Task, TaskState
from followup.database.engine import Database
from followup.patients.consent import stop_calling
from followup.patients.models import Patient
from followup.people import audit
from followup.people.models import AuditEvent
from tests.followup.calls.test_ledger import fill


async def test_i5_after_an_opt_out_no_task_of_the_patient_is_called(database: Database) -> None:
    await fill(database, 2)
    async with database.session() as session:
        leaver = (await session.scalars(select(Patient).limit(1))).one()
        await stop_calling(session, leaver.id, actor="patient", why="call:x")
    async with database.session() as session:
        states = {task.patient_id: task.state for task in await session.scalars(select(Task))}
        assert states.pop(leaver.id) is TaskState.CANCELLED
        assert list(states.values()) == [TaskState.DUE]
        [event] = await session.scalars(
            select(AuditEvent).where(AuditEvent.action == audit.STOP_CALLING))
        assert (event.actor, event.subject) == ("patient", f"patient:{leaver.id}")
    async with database.session() as session:
        claimed = await ledger.claim(session, node="node1", house=House())
        assert claimed is not None and claimed.patient_id != leaver.id
    async with database.session() as session:
        assert await ledger.claim(session, node="node1", house=House()) is None
