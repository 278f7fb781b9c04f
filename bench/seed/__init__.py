"""Invented patients by the million, for whoever wants to see the house full.

Nobody is meant, no telephone rings at their numbers, and no campaign of theirs runs.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import exists, select

from bench.seed.copy import write
from bench.seed.hospital import Given, hospital
from followup.cases.setup_models import CaseCategory, CaseSeverity
from followup.database.base import now
from followup.database.engine import Database
from followup.errors import Conflict
from followup.patients.models import Patient
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE, publish
from followup.spotchecks.models import ScoreCard

MOST = 5_000_000


async def plant(database: Database, patients: int, *, seed: int = 1,
                today: date | None = None) -> dict[str, int]:
    """Add so many patients with all that belongs to them; rows by table.

    Conflict when this seed has been planted before.
    """
    async with database.session() as session:
        if await session.scalar(select(exists().where(Patient.mrn == f"ZY{seed:02}{0:08}"))):
            raise Conflict(f"seed = {seed}: its patients are here already; choose another")
        row = await publish(session, load_questionnaire(POST_DISCHARGE.read_bytes()))
        given = Given(
            row.id.hex, [each.hex for each in await session.scalars(
                select(CaseCategory.id).order_by(CaseCategory.position, CaseCategory.id))],
            [(each.id.hex, each.accept_minutes, each.close_minutes) for each in
             await session.scalars(select(CaseSeverity).order_by(CaseSeverity.position))],
            (await session.scalars(select(ScoreCard.id).limit(1))).one().hex)
    return await write(database, hospital(patients, seed, today or now().date(), given))


async def has_patients(database: Database) -> bool:
    """Is there anybody in this database?"""
    async with database.session() as session:
        return bool(await session.scalar(select(exists().where(Patient.id.is_not(None)))))
