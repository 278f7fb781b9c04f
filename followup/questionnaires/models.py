"""Questionnaires as stored: FHIR resources, immutable once active."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from followup.database.base import Base, HasCreated, HasId, choice


class QuestionnaireStatus(StrEnum):
    """FHIR PublicationStatus."""

    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"


class QuestionnaireRow(HasId, HasCreated, Base):
    """One version of a questionnaire; ``resource`` is the FHIR Questionnaire."""

    __tablename__ = "questionnaire"
    __table_args__ = (UniqueConstraint("url", "version"),)

    url: Mapped[str]
    version: Mapped[str]
    title: Mapped[str]
    status: Mapped[QuestionnaireStatus] = mapped_column(choice(QuestionnaireStatus))
    resource: Mapped[dict[str, Any]]
