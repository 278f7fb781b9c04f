"""Responses, answers and findings."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from followup.database.base import Base, HasCreated, HasId, choice, now


class ResponseState(StrEnum):
    """FHIR QuestionnaireResponse.status, the part of it that we use."""

    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    STOPPED = "stopped"


class GivenBy(StrEnum):
    """How an answer reached us."""

    KEY = "key"
    VOICE = "voice"
    MESSAGE = "message"
    AGENT = "agent"
    FORM = "form"


class Severity(StrEnum):
    """What a rule says of an answer."""

    ABNORMAL = "abnormal"
    CRITICAL = "critical"


class Response(HasId, HasCreated, Base):
    """A QuestionnaireResponse, alive over attempts and channels: one for each task."""

    __tablename__ = "response"

    task_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("task.id"), unique=True)
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"), index=True)
    questionnaire_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("questionnaire.id"))
    state: Mapped[ResponseState] = mapped_column(choice(ResponseState),
                                                 default=ResponseState.IN_PROGRESS)
    language: Mapped[str]
    completed_at: Mapped[datetime | None]

    answers: Mapped[list[Answer]] = relationship(order_by="(Answer.given_at, Answer.position)")
    findings: Mapped[list[Finding]] = relationship(order_by="Finding.created_at")


class Answer(HasId, Base):
    """What a patient said to one item. Never overwritten: a correction supersedes."""

    __tablename__ = "answer"
    __table_args__ = (
        Index("uq_answer_current", "response_id", "link_id", "position", unique=True,
              postgresql_where=text("superseded_at IS NULL")),
        # few rows: what spot checks look for among very many
        Index("ix_answer_doubtful", "attempt_id",
              postgresql_where=text("confidence < 0.6 OR given_by = 'agent' "
                                    "OR superseded_at IS NOT NULL OR doubted IS NOT NULL")),
        # fewer still: messages in the patient's own voice
        Index("ix_answer_message", "attempt_id",
              postgresql_where=text("given_by = 'message'")),
    )

    response_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("response.id"))
    attempt_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("attempt.id"))
    link_id: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)       # among several answers to one item
    open: Mapped[bool] = mapped_column(default=False)      # the patient may have more to add
    value: Mapped[dict[str, Any]]        # FHIR value[x], e.g. {"valueDecimal": 38.5}
    heard: Mapped[str]                   # the keys or words themselves
    confidence: Mapped[float] = mapped_column(default=1.0)
    doubted: Mapped[str | None]          # heard before and not confirmed, where it says otherwise
    given_by: Mapped[GivenBy] = mapped_column(choice(GivenBy))
    given_at: Mapped[datetime] = mapped_column(default=now)
    superseded_at: Mapped[datetime | None]


class Finding(HasId, HasCreated, Base):
    """A rule that fired on an answer."""

    __tablename__ = "finding"

    response_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("response.id"), index=True)
    answer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("answer.id"), unique=True)
    link_id: Mapped[str]
    rule: Mapped[str]
    severity: Mapped[Severity] = mapped_column(choice(Severity))
    text: Mapped[dict[str, Any]]         # {"zh": …, "en": …}
