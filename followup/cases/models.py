"""Cases: complaints and praise, with all that is said about them."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from followup.cases.deadlines import Clock, Deadline, Deadlines, Times
from followup.cases.setup_models import CaseCategory, CaseSeverity
from followup.cases.states import CaseKind, CaseState
from followup.database.base import Base, HasCreated, HasId, choice, now
from followup.patients.models import Patient
from followup.people.models import User


class Channel(StrEnum):
    """How it reached the hospital."""

    PHONE = "phone"
    FOLLOW_UP = "follow_up"          # said in a follow-up call
    VISIT = "visit"
    LETTER = "letter"
    WEB = "web"
    WECHAT = "wechat"
    SMS = "sms"
    HOTLINE = "hotline"              # the city's, the health authority's
    OTHER = "other"


class ConcernKind(StrEnum):
    """Whom a case is about."""

    DEPARTMENT = "department"
    PERSON = "person"


class EventKind(StrEnum):
    """What happened to a case. ``note`` stays inside, ``reply`` went to the person."""

    REGISTERED = "registered"
    MOVED = "moved"
    EDITED = "edited"
    TRANSFERRED = "transferred"
    NOTE = "note"
    REPLY = "reply"
    ATTACHED = "attached"
    EVIDENCE = "evidence"
    CALLED = "called"
    MESSAGED = "messaged"
    RECEIVED = "received"            # a message from the patient
    RATED = "rated"
    REMINDED = "reminded"
    ESCALATED = "escalated"


class Case(HasId, HasCreated, Base):
    """A complaint or praise."""

    __tablename__ = "feedback_case"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        CheckConstraint("satisfaction between 1 and 5", name="satisfaction"),
        Index(None, "created_at", "id"),
        Index(None, "patient_id"),
        Index(None, "owner_id"),
        Index("ix_feedback_case_open", "close_due", postgresql_where=text("state <> 'closed'")),
    )

    seq: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    kind: Mapped[CaseKind] = mapped_column(choice(CaseKind))
    state: Mapped[CaseState] = mapped_column(choice(CaseState), default=CaseState.REGISTERED)
    channel: Mapped[Channel] = mapped_column(choice(Channel))
    source: Mapped[str] = mapped_column(default="console")   # console, import, api:<token's name>
    external_id: Mapped[str | None]                          # as the source knows it
    patient_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("patient.id"))
    reporter: Mapped[str] = mapped_column(default="")        # who tells it, if not the patient
    contact: Mapped[str] = mapped_column(default="")         # how to reach them
    category_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case_category.id"))
    severity_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case_severity.id"))
    description: Mapped[str]
    happened_on: Mapped[date | None]
    registered_by: Mapped[str]

    department: Mapped[str] = mapped_column(default="")      # that looks after it
    owner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("app_user.id"))
    begun_at: Mapped[datetime] = mapped_column(default=now)  # registered, or reopened
    clock: Mapped[Clock] = mapped_column(choice(Clock), default=Clock.CALENDAR)  # of the deadlines
    accept_due: Mapped[datetime | None]
    accept_soon: Mapped[datetime | None]                     # when its owner is reminded
    answer_due: Mapped[datetime | None]
    answer_soon: Mapped[datetime | None]
    close_due: Mapped[datetime | None]
    close_soon: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    reopened: Mapped[int] = mapped_column(default=0)         # how often
    reminded_at: Mapped[datetime | None]                     # of the deadline that counts now
    escalated_at: Mapped[datetime | None]
    escalated_to_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("app_user.id"))
    satisfaction: Mapped[int | None]
    own: Mapped[dict[str, Any]] = mapped_column(default=dict)   # the hospital's fields, by id
    version: Mapped[int] = mapped_column(default=1)          # each change but words adds one

    patient: Mapped[Patient | None] = relationship()
    category: Mapped[CaseCategory | None] = relationship()
    severity: Mapped[CaseSeverity | None] = relationship()
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])
    escalated_to: Mapped[User | None] = relationship(foreign_keys=[escalated_to_id])
    concerns: Mapped[list[CaseConcern]] = relationship(
        order_by="CaseConcern.position", cascade="all, delete-orphan")

    @property
    def number(self) -> str:
        """What people call it by: C000012, or P000013 for praise."""
        return f"{'C' if self.kind is CaseKind.COMPLAINT else 'P'}{self.seq:06}"

    @property
    def times(self) -> Times:
        """For ``followup.cases.deadlines``."""
        def deadline(due: datetime | None, soon: datetime | None) -> Deadline | None:
            return Deadline(due, soon or due) if due else None

        return Times(Deadlines(deadline(self.accept_due, self.accept_soon),
                               deadline(self.answer_due, self.answer_soon),
                               deadline(self.close_due, self.close_soon)),
                     self.accepted_at, self.answered_at, self.closed_at)

    def be_due(self, deadlines: Deadlines, clock: Clock) -> None:
        """Give it these deadlines, counted by ``clock``; nobody has been reminded of them."""
        for column, moment in deadlines.columns().items():
            setattr(self, column, moment)
        self.clock, self.reminded_at, self.escalated_at = clock, None, None

    @property
    def departments(self) -> list[str]:
        """The departments concerned."""
        return [c.name for c in self.concerns if c.kind is ConcernKind.DEPARTMENT]

    @property
    def people(self) -> list[str]:
        """The members of staff concerned."""
        return [c.name for c in self.concerns if c.kind is ConcernKind.PERSON]


class CaseConcern(HasId, Base):
    """A department or a person that a case is about."""

    __tablename__ = "case_concern"
    __table_args__ = (UniqueConstraint("case_id", "kind", "name"), Index(None, "kind", "name"))

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("feedback_case.id"))
    kind: Mapped[ConcernKind] = mapped_column(choice(ConcernKind))
    name: Mapped[str]
    position: Mapped[int]


class CaseEvent(HasId, Base):
    """One thing that happened to a case; rows are only ever added."""

    __tablename__ = "case_event"
    __table_args__ = (Index(None, "case_id", "at"),)

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("feedback_case.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    kind: Mapped[EventKind] = mapped_column(choice(EventKind))
    by: Mapped[str]                                          # a user's name, or ""
    state: Mapped[CaseState | None] = mapped_column(choice(CaseState))   # reached by a move
    words: Mapped[str] = mapped_column(default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)   # {"field": [old, new]}, …
    version: Mapped[int]                                     # of the case after it


class CaseAttachment(HasId, HasCreated, Base):
    """A file that belongs to a case; the bytes are in the vault."""

    __tablename__ = "case_attachment"
    __table_args__ = (UniqueConstraint("case_id", "sha256"),)

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("feedback_case.id"))
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]                                        # bytes
    sha256: Mapped[str]
    added_by: Mapped[str]


class CaseEvidence(HasId, HasCreated, Base):
    """A call whose recording shows what a case is about."""

    __tablename__ = "case_evidence"
    __table_args__ = (UniqueConstraint("case_id", "attempt_id"), Index(None, "attempt_id"))

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("feedback_case.id"))
    attempt_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("attempt.id"))
    added_by: Mapped[str]
