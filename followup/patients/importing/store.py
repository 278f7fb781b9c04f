"""Writing a patient list: new patients and stays are added, known ones brought up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from followup.database.engine import Database
from followup.patients.importing.reader import Contact, PatientList, PatientRecord, Stay, read
from followup.patients.importing.report import ImportReport
from followup.patients.models import Encounter, Patient, PatientContact

_CHUNK = 500


async def import_patients(database: Database, data: bytes, *, region: str,
                          today: date) -> ImportReport:
    """Read a list and store what fits, in one transaction; ListRefused when it is no list."""
    patients = await asyncio.to_thread(read, data, region=region, today=today)
    async with database.session() as session:
        return await store(session, patients)


async def store(session: AsyncSession, patients: PatientList) -> ImportReport:
    """Store the records within the caller's transaction.

    Importing the same list twice changes nothing. Cells left empty never erase what is known.
    """
    report = ImportReport(refused=patients.faults, notes=patients.notes)
    # everybody locks patients in the same order, so that two imports cannot deadlock
    records = sorted(patients.records, key=lambda record: record.mrn)
    for start in range(0, len(records), _CHUNK):
        await _store_chunk(session, records[start:start + _CHUNK], report)
    return report


async def _store_chunk(session: AsyncSession, records: Sequence[PatientRecord],
                       report: ImportReport) -> None:
    created = set()
    for record in records:
        values = {"mrn": record.mrn, **record.patient}
        added = await session.scalar(insert(Patient).values(**values)
                                     .on_conflict_do_nothing(index_elements=["mrn"])
                                     .returning(Patient.mrn))
        created.update([added] if added else [])
    found = await session.scalars(
        select(Patient).where(Patient.mrn.in_([record.mrn for record in records]))
        .order_by(Patient.mrn).with_for_update().execution_options(populate_existing=True))
    by_mrn = {patient.mrn: patient for patient in found}
    stays = await _stays(session, [(by_mrn[record.mrn], stay) for record in records
                                   for stay in record.stays], report)
    stays |= await _contacts(session, [(by_mrn[record.mrn], contact) for record in records
                                       for contact in record.contacts])
    for record in records:
        patient = by_mrn[record.mrn]
        changed = _change(patient, record.patient) | (patient.id in stays)
        if record.mrn in created:
            report.created += 1
        elif changed:
            report.updated += 1
        else:
            report.unchanged += 1
    await session.flush()


async def _stays(session: AsyncSession, wanted: Sequence[tuple[Patient, Stay]],
                 report: ImportReport) -> set[object]:
    """Upsert stays; the ids of the patients of whom anything became new or different."""
    found = await session.scalars(
        select(Encounter).with_for_update().execution_options(populate_existing=True)
        .where(Encounter.patient_id.in_({patient.id for patient, _ in wanted})))
    known = {(stay.patient_id, stay.discharged_on, stay.department): stay for stay in found}
    touched: set[object] = set()
    for patient, stay in wanted:
        texts = {name: text for name in ("diagnosis", "operation", "attending_doctor")
                 if (text := getattr(stay, name)) is not None}
        encounter = known.get((patient.id, stay.discharged_on, stay.department))
        if encounter is None:
            # the patient's row is locked: nobody else adds this stay meanwhile
            session.add(Encounter(patient_id=patient.id, discharged_on=stay.discharged_on,
                                  department=stay.department, **texts))
            report.encounters += 1
            touched.add(patient.id)
        elif _change(encounter, texts):
            touched.add(patient.id)
    return touched


async def _contacts(session: AsyncSession,
                    wanted: Sequence[tuple[Patient, Contact]]) -> set[object]:
    """Upsert further numbers; the ids of the patients of whom one became new or different."""
    if not wanted:
        return set()
    found = await session.scalars(
        select(PatientContact).execution_options(populate_existing=True)
        .where(PatientContact.patient_id.in_({patient.id for patient, _ in wanted})))
    known = {(each.patient_id, each.position): each for each in found}
    touched: set[object] = set()
    for patient, contact in wanted:
        values: dict[str, object] = {"number": contact.number, "whose": contact.whose}
        if contact.relation is not None:
            values["relation"] = contact.relation
        row = known.get((patient.id, contact.position))
        if row is None:
            # the patient's row is locked: nobody else adds this number meanwhile
            session.add(PatientContact(patient_id=patient.id, position=contact.position, **values))
            touched.add(patient.id)
        elif _change(row, values):
            touched.add(patient.id)
    return touched


def _change(row: Patient | PatientContact | Encounter, values: dict[str, object]) -> bool:
    """Set what differs; whether anything did."""
    differing = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    return bool(differing)
