"""What is found by a few letters: patients by name, pinyin, record or telephone number, and cases.

The ranking is pure; each kind of thing takes one query, of an index's range and a few rows.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, false, select, union
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, selectinload

from followup.cases.models import Case
from followup.patients.models import Encounter, Patient, PatientContact, PatientKey
from followup.patients.search_keys import LAST, fold, last_digits, search_keys
from followup.people.scope import current_scope
from followup.views.reach import seen, within

SHOWN = 6                        # of a kind
LOOKED_AT = 40                   # of which the best are shown
LONGEST = 60
WORDS_FROM = 2                   # fewer letters are part of every description
_NUMBER = re.compile(r"([CP])?0*([0-9]{1,15})", re.IGNORECASE)


class Fit(IntEnum):
    """How well something fits what was typed; the best first."""

    WHOLE = 0
    BEGINS = 1
    WITHIN = 2


def fit(typed: str, name: str) -> Fit | None:
    """How ``typed`` fits a name: by its words, its pinyin or initials, or any part of it."""
    wanted, whole = fold(typed), fold(name)
    if not wanted:
        return None
    if wanted == whole:
        return Fit.WHOLE
    if whole.startswith(wanted) or any(
            key.startswith(wanted) for key in search_keys(name, "")):
        return Fit.BEGINS
    return Fit.WITHIN if wanted in whole else None


def best(typed: str, named: Mapping[str, Iterable[str]], most: int = SHOWN) -> list[str]:
    """The keys of ``named`` of which a name fits, the best first, else in their order."""
    ranked: list[tuple[Fit, int, str]] = []
    for place, (key, names) in enumerate(named.items()):
        fits = [found for name in names if (found := fit(typed, name)) is not None]
        if fits:
            ranked.append((min(fits), place, key))
    return [key for _, _, key in sorted(ranked)[:most]]


@dataclass(frozen=True, slots=True)
class FoundPatient:
    """A patient, and why: the key that fits, or None for a telephone number."""

    patient: Patient
    department: str                  # of the last stay
    key: str | None


def in_range(typed: str) -> ColumnElement[bool]:
    """The keys that begin with what was typed."""
    wanted = fold(typed)
    return and_(PatientKey.key >= wanted, PatientKey.key < wanted + LAST)


def named(patient_id: ColumnElement[uuid.UUID], typed: str) -> ColumnElement[bool]:
    """Of a patient who is found by ``typed``: by name, pinyin, initials or record number."""
    return patient_id.in_(select(PatientKey.patient_id).where(in_range(typed))) if fold(typed) \
        else false()


def matching(typed: str) -> Select[str, uuid.UUID]:
    """(key, patient_id) of all who are found by ``typed``, each once, in the order of keys."""
    wanted = fold(typed)
    earlier = aliased(PatientKey)
    # asked row by row, with a limit: as a join it would be of all who fit, for the first few
    sooner = select(earlier.key).where(
        earlier.patient_id == PatientKey.patient_id, earlier.key >= wanted,
        earlier.key < PatientKey.key).limit(1).scalar_subquery()
    return (select(PatientKey.key, PatientKey.patient_id).where(in_range(typed), sooner.is_(None))
            .order_by(PatientKey.key, PatientKey.patient_id))


def has_number(digits: str) -> ColumnElement[bool]:
    """The patient's number, or a relative's, ends with these ``last_digits``."""
    after = digits + ":"             # sorts after the digits
    own = select(Patient.id).where(Patient.phone_reversed >= digits, Patient.phone_reversed < after)
    contacts = select(PatientContact.patient_id).where(
        PatientContact.number_reversed >= digits, PatientContact.number_reversed < after)
    return Patient.id.in_(union(own, contacts))


async def find_patients(session: AsyncSession, typed: str, *, numbers: bool,
                        most: int = SHOWN) -> list[FoundPatient]:
    """Who fits best, of those that the visitor sees. ``numbers``: by telephone number too."""
    scope = current_scope()
    only = (seen(Patient, scope),) if scope.limited else ()
    last = within(select(Encounter.department).where(Encounter.patient_id == Patient.id)
                  .order_by(Encounter.discharged_on.desc()).limit(1), Encounter).scalar_subquery()
    rows: list[Row[Any]] = []
    if numbers and (digits := last_digits(typed)):
        rows += (await session.execute(select(Patient, last, PatientKey.key).select_from(Patient)
                 .outerjoin(PatientKey, and_(PatientKey.patient_id == Patient.id,
                                             PatientKey.key == fold(typed)))
                 .where(has_number(digits), *only).limit(LOOKED_AT))).all()
    if fold(typed):
        keys = matching(typed).limit(None if only else LOOKED_AT).subquery()
        rows += (await session.execute(
            select(Patient, last, keys.c.key).join(keys, keys.c.patient_id == Patient.id)
            .where(*only).order_by(keys.c.key, Patient.id).limit(LOOKED_AT))).all()
    found = {row[0].id: FoundPatient(*row) for row in reversed(rows)}
    return _ranked(fold(typed), list(found.values()))[:most]


def _ranked(wanted: str, found: Sequence[FoundPatient]) -> list[FoundPatient]:
    """Whoever is exactly what was typed, then by how much more there is, then who was here last."""
    return sorted(found, key=lambda each: (
        each.key != wanted, each.key is not None and len(each.key) - len(wanted),
        -each.patient.last_discharged_on.toordinal(), each.patient.id))


async def find_cases(session: AsyncSession, typed: str, *, most: int = SHOWN) -> list[Case]:
    """The case of this number, else the newest of whose words it is a part."""
    query = within(select(Case).options(selectinload(Case.patient)), Case)
    if number := _NUMBER.fullmatch(typed.strip()):
        return list(await session.scalars(query.where(Case.seq == int(number[2]))))
    if len(typed.strip()) < WORDS_FROM:
        return []
    return list(await session.scalars(
        query.where(Case.description.icontains(typed.strip(), autoescape=True))
        .order_by(Case.created_at.desc(), Case.id.desc()).limit(most)))
