"""What a hospital sets up for its cases: categories, severities, templates, rules, words."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Self
from zoneinfo import ZoneInfo

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from followup.campaigns.calling_hours import Days
from followup.cases.deadlines import Clock, Limits
from followup.cases.office_hours import OfficeHours
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
    """How bad it is, and how soon it is to be accepted, answered (or not) and closed."""

    __tablename__ = "case_severity"
    __table_args__ = (
        CheckConstraint("accept_minutes > 0 and close_minutes >= accept_minutes", name="minutes"),
        CheckConstraint("answer_minutes between accept_minutes and close_minutes", name="answer"))

    clock: Mapped[Clock] = mapped_column(choice(Clock), default=Clock.CALENDAR)
    accept_minutes: Mapped[int]
    answer_minutes: Mapped[int | None]
    close_minutes: Mapped[int]
    escalate_to_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("app_user.id"))

    @property
    def limits(self) -> Limits:
        """For ``followup.cases.deadlines``."""
        return Limits(timedelta(minutes=self.accept_minutes),
                      timedelta(minutes=self.close_minutes),
                      timedelta(minutes=self.answer_minutes) if self.answer_minutes else None,
                      self.clock)


class CaseHours(Base):
    """The office's hours, by which some deadlines count: one row, or none while nobody has set
    them. Which days are holidays, or worked at a weekend, the calendar of calls knows."""

    __tablename__ = "case_hours"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, default=1, autoincrement=False)
    opens: Mapped[time]
    closes: Mapped[time]
    pause_from: Mapped[time | None]
    pause_until: Mapped[time | None]
    weekdays: Mapped[list[Any]]                          # 1 is Monday
    timezone: Mapped[str]

    @classmethod
    def of(cls, hours: OfficeHours) -> Self:
        """A row for these."""
        pause = hours.pause or (None, None)
        return cls(id=1, opens=hours.opens, closes=hours.closes, pause_from=pause[0],
                   pause_until=pause[1], weekdays=sorted(hours.days.weekdays),
                   timezone=hours.zone.key)

    def told(self) -> dict[str, Any]:
        """What it says, for the audit trail."""
        return {column.name: value if isinstance(value, list | None) else str(value)
                for column in self.__table__.columns if column.name != "id"
                for value in [getattr(self, column.name)]}

    def hours(self, exceptions: Mapping[date, bool]) -> OfficeHours:
        """For ``followup.cases.office_hours``."""
        pause = (self.pause_from, self.pause_until) if self.pause_from and self.pause_until \
            else None
        return OfficeHours(self.opens, self.closes, pause,
                           Days(frozenset(self.weekdays), exceptions), ZoneInfo(self.timezone))


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


class Use(StrEnum):
    """What the form does with one of our fields."""

    OPTIONAL = "optional"
    NEEDED = "needed"
    LEFT_OUT = "left_out"


# the fields about which a hospital may decide; the others are needed by the work itself
TUNABLE = ("category", "patient", "departments", "people", "reporter", "contact", "happened_on")


class CaseFormField(Base):
    """What the forms do with one of ``TUNABLE``; a field without a row is optional."""

    __tablename__ = "case_form_field"

    field: Mapped[str] = mapped_column(primary_key=True)
    complaint: Mapped[Use] = mapped_column(choice(Use, "use_complaint"),
                                           default=Use.OPTIONAL)
    praise: Mapped[Use] = mapped_column(choice(Use, "use_praise"), default=Use.OPTIONAL)


class FieldType(StrEnum):
    """What a field of the hospital's own holds."""

    TEXT = "text"
    LONG = "long"
    NUMBER = "number"
    DAY = "day"
    CHOICE = "choice"


class CaseField(HasId, Named, Base):
    """A field of the hospital's own, asked about complaints, praise (``kind``) or both."""

    __tablename__ = "case_field"

    kind: Mapped[CaseKind | None] = mapped_column(choice(CaseKind))
    type: Mapped[FieldType] = mapped_column(choice(FieldType), default=FieldType.TEXT)
    choices: Mapped[list[Any]] = mapped_column(default=list)
    needed: Mapped[bool] = mapped_column(default=False)

    @property
    def key(self) -> str:
        """What it is called among the fields of a form."""
        return f"own_{self.id}"


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
