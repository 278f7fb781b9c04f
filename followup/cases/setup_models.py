"""What a hospital sets up for its cases: categories, severities, templates, rules, words."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from followup.cases.deadlines import Limits
from followup.cases.states import CaseKind, CaseState
from followup.database.base import Base, HasCreated, HasId, choice


class Named:
    """A name in both languages; what is not ``active`` is offered no more, and stays known."""

    name_zh: Mapped[str]
    name_en: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)

    def name(self, locale: str) -> str:
        """The name as the reader speaks."""
        return self.name_en if locale == "en" and self.name_en else self.name_zh


class CaseCategory(HasId, Named, Base):
    """What a case is about; a tree."""

    __tablename__ = "case_category"

    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case_category.id"))


class CaseSeverity(HasId, Named, Base):
    """How bad it is, and how soon it is to be accepted and closed."""

    __tablename__ = "case_severity"
    __table_args__ = (CheckConstraint("accept_minutes > 0 and close_minutes >= accept_minutes",
                                      name="minutes"),)

    accept_minutes: Mapped[int]
    close_minutes: Mapped[int]
    escalate_to_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("app_user.id"))

    @property
    def limits(self) -> Limits:
        """For ``followup.cases.deadlines``."""
        return Limits(timedelta(minutes=self.accept_minutes),
                      timedelta(minutes=self.close_minutes))


class CaseTemplate(HasId, Base):
    """Words for a reply; {number}, {hospital} and {name} are filled in."""

    __tablename__ = "case_template"

    name: Mapped[str]
    body: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)


class CaseRule(HasId, Base):
    """Where new cases go; the first that fits, by position."""

    __tablename__ = "case_rule"

    position: Mapped[int] = mapped_column(default=0)
    kind: Mapped[CaseKind | None] = mapped_column(choice(CaseKind))
    category_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case_category.id"))
    department: Mapped[str | None]                       # among those concerned
    to_department: Mapped[str] = mapped_column(default="")
    to_owner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("app_user.id"))


class CaseStateName(Base):
    """What this hospital calls a state; an empty name is ours."""

    __tablename__ = "case_state_name"

    state: Mapped[CaseState] = mapped_column(choice(CaseState), primary_key=True)
    name_zh: Mapped[str] = mapped_column(default="")
    name_en: Mapped[str] = mapped_column(default="")


class ApiToken(HasId, HasCreated, Base):
    """Lets another system register cases; only the token's hash is kept."""

    __tablename__ = "api_token"

    name: Mapped[str] = mapped_column(unique=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_by: Mapped[str]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
