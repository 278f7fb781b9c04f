"""Patients and their stays."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from followup.database.base import Base, HasCreated, HasId, choice, now


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
    language: Mapped[str] = mapped_column(default="zh")
    do_not_call: Mapped[bool] = mapped_column(default=False)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    encounters: Mapped[list[Encounter]] = relationship(
        back_populates="patient", order_by="Encounter.discharged_on.desc()")


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
