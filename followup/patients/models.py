"""Patients and their stays."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from followup.database.base import Base, HasCreated, HasId, choice, now
from followup.patients.search_keys import search_keys
from followup.patients.zones import checked_timezone

NEVER = date.min             # the last discharge of who has had none


class Sex(StrEnum):
    """Administrative sex, as FHIR names it."""

    MALE = "male"
    FEMALE = "female"
    UNKNOWN = "unknown"


def _keys(context: Any) -> list[str]:
    """``search_keys`` of a row that is inserted by a statement of its own."""
    given = context.get_current_parameters()
    return search_keys(given["name"], given["mrn"])


class Death(StrEnum):
    """``reported``: whoever answered a call said so, and staff are to look; never set by more."""

    REPORTED = "reported"
    CONFIRMED = "confirmed"


class Patient(HasId, HasCreated, Base):
    """A person the hospital looks after; known by the medical record number.

    ``search_keys`` follow name and record number, ``last_discharged_on`` the stays (by a trigger).
    """

    __tablename__ = "patient"
    __table_args__ = (Index(None, "last_discharged_on", "id"), Index(None, "phone_reversed"))

    mrn: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    sex: Mapped[Sex] = mapped_column(choice(Sex), default=Sex.UNKNOWN)
    birth_date: Mapped[date | None]
    phone: Mapped[str]                                  # E.164, e.g. +8613800001234
    phone_invalid_at: Mapped[datetime | None]           # when the network said so
    phone_wrong_at: Mapped[datetime | None]             # when whoever answered said so
    timezone: Mapped[str | None]                        # IANA; else what the number tells
    language: Mapped[str] = mapped_column(default="zh")
    do_not_call: Mapped[bool] = mapped_column(default=False)
    death: Mapped[Death | None] = mapped_column(choice(Death))     # goes with do_not_call
    death_told_at: Mapped[datetime | None]
    # do_not_call as it was before that, should it be untrue
    wanted_no_calls: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    # who has a number is asked by its last digits
    phone_reversed: Mapped[str] = mapped_column(String(collation="C"),
                                                Computed("reverse(phone)", persisted=True))
    last_discharged_on: Mapped[date] = mapped_column(default=NEVER,
                                                     server_default=text("'0001-01-01'"))
    search_keys: Mapped[list[str]] = mapped_column(ARRAY(String), default=_keys,
                                                   server_default=text("'{}'"))

    encounters: Mapped[list[Encounter]] = relationship(
        back_populates="patient", order_by="Encounter.discharged_on.desc()")
    contacts: Mapped[list[PatientContact]] = relationship(order_by="PatientContact.position")

    @validates("timezone")
    def _known_timezone(self, _: str, value: str | None) -> str | None:
        return value if value is None else checked_timezone(value)

    @validates("name", "mrn")
    def _found_by(self, field: str, value: str) -> str:
        known = {"name": self.name, "mrn": self.mrn, field: value}
        self.search_keys = search_keys(known["name"] or "", known["mrn"] or "")
        return value

    @validates("phone")
    def _new_phone(self, _: str, value: str) -> str:
        self.phone_invalid_at = self.phone_wrong_at = None      # that was said of another number
        return value


class PatientKey(Base):
    """One of a patient's ``search_keys``; kept by the database, so that each is a place in an
    index."""

    __tablename__ = "patient_key"
    __table_args__ = (Index(None, "key", "patient_id"),)

    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(collation="C"), primary_key=True)


class Whose(StrEnum):
    """Who answers at a number."""

    OWN = "own"
    RELATIVE = "relative"


class PatientContact(HasId, HasCreated, Base):
    """A further number of a patient; the one in the patient's own row comes before all of them."""

    __tablename__ = "patient_contact"
    __table_args__ = (UniqueConstraint("patient_id", "position"),
                      CheckConstraint("position > 0", name="position"),
                      Index(None, "number_reversed"))

    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"))
    position: Mapped[int]                               # 1, 2, …: the order of calling
    number: Mapped[str]                                 # E.164
    number_reversed: Mapped[str] = mapped_column(String(collation="C"),
                                                 Computed("reverse(number)", persisted=True))
    whose: Mapped[Whose] = mapped_column(choice(Whose), default=Whose.OWN)
    relation: Mapped[str] = mapped_column(default="")   # of a relative: daughter, husband, …
    invalid_at: Mapped[datetime | None]                 # when the network said so
    wrong_at: Mapped[datetime | None]                   # when whoever answered said so

    @validates("number")
    def _new_number(self, _: str, value: str) -> str:
        self.invalid_at = self.wrong_at = None
        return value


class Encounter(HasId, HasCreated, Base):
    """One stay in hospital that ended with a discharge."""

    __tablename__ = "encounter"
    __table_args__ = (UniqueConstraint("patient_id", "discharged_on", "department"),
                      Index(None, "discharged_on"),
                      Index(None, "department", "discharged_on", "patient_id"))

    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"))
    department: Mapped[str]
    diagnosis: Mapped[str] = mapped_column(default="")
    operation: Mapped[str] = mapped_column(default="")
    attending_doctor: Mapped[str] = mapped_column(default="")
    discharged_on: Mapped[date]

    patient: Mapped[Patient] = relationship(back_populates="encounters")
