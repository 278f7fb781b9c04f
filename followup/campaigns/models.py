"""Campaigns and their tasks."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from followup.database.base import Base, HasCreated, HasId, choice, now
from followup.patients.models import Encounter, Patient
from followup.questionnaires.models import QuestionnaireRow


class CampaignMode(StrEnum):
    """How calls are paced."""

    PREVIEW = "preview"
    PROGRESSIVE = "progressive"
    PREDICTIVE = "predictive"
    IVR = "ivr"

    @property
    def reserves(self) -> bool:
        """Whether an agent is reserved before the patient's phone rings."""
        return self in (CampaignMode.PREVIEW, CampaignMode.PROGRESSIVE)

    @property
    def by_hand(self) -> bool:
        """Whether agents say which call is placed next."""
        return self is CampaignMode.PREVIEW


class CampaignState(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"


class TaskState(StrEnum):
    """Where a task stands. ``needs_person``: only a human may decide how it goes on."""

    DUE = "due"
    CALLING = "calling"
    DONE = "done"
    GAVE_UP = "gave_up"
    NEEDS_PERSON = "needs_person"
    CANCELLED = "cancelled"


OPEN_TASKS = (TaskState.DUE, TaskState.CALLING)


class Held(StrEnum):
    """Why a task that was due has not been called."""

    HOURS = "hours"                  # out of the calling hours, where the patient is
    HOLIDAY = "holiday"
    CAP_5_MIN = "cap_5_min"          # called too often within 5 minutes, over all campaigns
    CAP_24_H = "cap_24_h"            # … within 24 hours
    NEXT_DAY = "next_day"            # the cap was reached today: no more before tomorrow
    NO_HOURS = "no_hours"            # there is no time at which a call would be allowed
    NO_NUMBER = "no_number"          # none is left that is not known to be invalid or wrong
    DO_NOT_CALL = "do_not_call"
    DEATH_REPORTED = "death_reported"    # on a call; staff have not looked yet


class Campaign(HasId, HasCreated, Base):
    """A batch of call tasks under one pacing mode."""

    __tablename__ = "campaign"

    name: Mapped[str] = mapped_column(unique=True)
    mode: Mapped[CampaignMode] = mapped_column(choice(CampaignMode), default=CampaignMode.IVR)
    state: Mapped[CampaignState] = mapped_column(choice(CampaignState), default=CampaignState.DRAFT)
    questionnaire_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("questionnaire.id"))
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    rules: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))

    questionnaire: Mapped[QuestionnaireRow] = relationship(lazy="joined", innerjoin=True)


class Task(HasId, HasCreated, Base):
    """One follow-up call due for one patient; may take several attempts."""

    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("campaign_id", "encounter_id"),
        Index("ix_task_claim", "campaign_id", "priority", "due_at",
              postgresql_where=text("state = 'due'")),
        Index("ix_task_waiting", "campaign_id", "held_why", "due_at",
              postgresql_where=text("state = 'due'")),
        Index(None, "patient_id"),
        # the list of a campaign's follow-ups, however it is sorted, without looking at them
        Index("ix_task_list", "campaign_id", "due_at", "id",
              postgresql_include=["state", "disposition", "attempts_made"]),
    )

    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaign.id"))
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"))
    encounter_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("encounter.id"))
    state: Mapped[TaskState] = mapped_column(choice(TaskState), default=TaskState.DUE)
    due_at: Mapped[datetime] = mapped_column(default=now)
    priority: Mapped[int] = mapped_column(default=100)          # lower goes first
    attempts_made: Mapped[int] = mapped_column(default=0)       # attempts really dialled
    held_why: Mapped[Held | None] = mapped_column(choice(Held))     # since it was last looked at
    disposition: Mapped[str | None]                             # of the last attempt
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    campaign: Mapped[Campaign] = relationship()
    patient: Mapped[Patient] = relationship()
    encounter: Mapped[Encounter] = relationship()


class Holiday(Base):
    """A day on which no call is placed; ``working``: one that is worked, though at the weekend."""

    __tablename__ = "holiday"

    day: Mapped[date] = mapped_column(primary_key=True)
    name: Mapped[str]
    working: Mapped[bool] = mapped_column(default=False)
