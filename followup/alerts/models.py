"""Alerts."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from followup.database.base import Base, HasCreated, HasId, choice
from followup.patients.models import Patient
from followup.responses.models import Severity


class AlertState(StrEnum):
    """``in_call``: an agent is with the patient; ``open``: somebody must act by the deadline."""

    OPEN = "open"
    IN_CALL = "in_call"
    CLOSED = "closed"


class Alert(HasId, HasCreated, Base):
    """What a response's findings ask of the staff; one open alert for each response."""

    __tablename__ = "alert"
    __table_args__ = (
        Index("uq_alert_live_response", "response_id", unique=True,
              postgresql_where=text("state <> 'closed'")),
        Index("ix_alert_open", "deadline", postgresql_where=text("state <> 'closed'")),
        Index("ix_alert_closed", "closed_at", "id", postgresql_where=text("state = 'closed'")),
    )

    response_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("response.id"))
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"), index=True)
    severity: Mapped[Severity] = mapped_column(choice(Severity))
    state: Mapped[AlertState] = mapped_column(choice(AlertState), default=AlertState.OPEN)
    reasons: Mapped[list[Any]]           # [{"rule", "link_id", "severity", "text": {"zh", "en"}}]
    deadline: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]        # a user's or agent's name
    note: Mapped[str] = mapped_column(default="")

    patient: Mapped[Patient] = relationship()
