"""Data to measure on, and how figures are summed up."""

from __future__ import annotations

import statistics
import uuid
from collections.abc import Sequence

from sqlalchemy import insert, text

from followup.campaigns.models import Campaign, CampaignMode, CampaignState, Task, TaskState
from followup.database.base import now
from followup.database.engine import Database
from followup.patients.models import Encounter, Patient, Sex
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE, publish

_CHUNK = 2000


async def fill(database: Database, tasks: int) -> uuid.UUID:
    """A running campaign with so many due tasks, one a patient; its id."""
    campaign_id = uuid.uuid4()
    async with database.session() as session:
        row = await publish(session, load_questionnaire(POST_DISCHARGE.read_bytes()))
        session.add(Campaign(id=campaign_id, name=f"bench {campaign_id}", mode=CampaignMode.IVR,
                             state=CampaignState.RUNNING, questionnaire_id=row.id))
    for start in range(0, tasks, _CHUNK):
        ids = [(uuid.uuid4(), uuid.uuid4()) for _ in range(start, min(start + _CHUNK, tasks))]
        async with database.session() as session:
            await session.execute(insert(Patient), [
                {"id": patient, "mrn": patient.hex, "name": "测试", "sex": Sex.UNKNOWN,
                 "phone": f"+861380013{index % 10000:04d}", "language": "zh",
                 "do_not_call": False, "updated_at": now()}
                for index, (patient, _) in enumerate(ids, start)])
            await session.execute(insert(Encounter), [
                {"id": stay, "patient_id": patient, "department": "骨科", "diagnosis": "",
                 "operation": "", "attending_doctor": "", "discharged_on": now().date()}
                for patient, stay in ids])
            await session.execute(insert(Task), [
                {"id": uuid.uuid4(), "campaign_id": campaign_id, "patient_id": patient,
                 "encounter_id": stay, "state": TaskState.DUE, "due_at": now(), "priority": 100,
                 "attempts_made": 0, "updated_at": now()} for patient, stay in ids])
    async with database.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("analyze"))
    return campaign_id


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Median, 99th percentile and longest, in milliseconds."""
    ordered = sorted(seconds)
    return {"p50_ms": round(statistics.median(ordered) * 1000, 3),
            "p99_ms": round(ordered[int(len(ordered) * 0.99) - 1] * 1000, 3),
            "max_ms": round(ordered[-1] * 1000, 3)}
