"""Patients and their stays."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from followup.database.base import Base, HasCreated, HasId, choice, now
from followup.patients.zones import checked_timezone


class Sex(StrEnum):
    """Administrative sex, as FHIR names it."""

    MALE = "male"
    FEMALE = "female"
    UNKNOWN = "unknown"


class Patient(HasId, HasCreated, Base):
    """A person the hospital looks after; known by the medical record number."""

    __tablename__ = "patient"

    mrn: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    sex: Mapped[Sex] = mapped_column(choice(Sex), default=Sex.UNKNOWN)
    birth_date: Mapped[date | None]
    phone: Mapped[str]                                  # E.164, e.g. +8613800001234
    phone_invalid_at: Mapped[datetime | None]           # when the network said so
    timezone: Mapped[str | None]                        # IANA; else what the number tells
    language: Mapped[str] = mapped_column(default="zh")
    do_not_call: Mapped[bool] = mapped_column(default=False)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    encounters: Mapped[list[Encounter]] = relationship(
        back_populates="patient", order_by="Encounter.discharged_on.desc()")
    contacts: Mapped[list[PatientContact]] = relationship(order_by="PatientContact.position")

    @validates("timezone")
    def _known_timezone(self, _: str, value: str | None) -> str | None:
        return value if value is None else checked_timezone(value)

    @validates("phone")
    def _new_phone(self, _: str, value: str) -> str:
        self.phone_invalid_at = None                    # that was said of another number
        return value


class Whose(StrEnum):
    """Who answers at a number."""

    OWN = "own"
    RELATIVE = "relative"


class PatientContact(HasId, HasCreated, Base):
    """A further number of a patient; the one in the patient's own row comes before all of them."""

    __tablename__ = "patient_contact"
    __table_args__ = (UniqueConstraint("patient_id", "position"),
                      CheckConstraint("position > 0", name="position"))

    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"))
    position: Mapped[int]                               # 1, 2, …: the order of calling
    number: Mapped[str]                                 # E.164
    whose: Mapped[Whose] = mapped_column(choice(Whose), default=Whose.OWN)
    relation: Mapped[str] = mapped_column(default="")   # of a relative: daughter, husband, …
    invalid_at: Mapped[datetime | None]                 # when the network said so

    @validates("number")
    def _new_number(self, _: str, value: str) -> str:
        self.invalid_at = None
        return value


class Encounter(HasId, HasCreated, Base):
    """One stay in hospital that ended with a discharge."""

    __tablename__ = "encounter"
    __table_args__ = (UniqueConstraint("patient_id", "discharged_on", "department"),
                      Index(None, "discharged_on"))

    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"))
    department: Mapped[str]
    diagnosis: Mapped[str] = mapped_column(default="")
    operation: Mapped[str] = mapped_column(default="")
    attending_doctor: Mapped[str] = mapped_column(default="")
    discharged_on: Mapped[date]

    patient: Mapped[Patient] = relationship(back_populates="encounters")
