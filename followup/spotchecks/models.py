"""Plans of spot checks, the follow-ups they drew, and all that came of each."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from followup.database.base import Base, HasCreated, HasId, choice, now
from followup.people.models import User
from followup.spotchecks.sampling import By, Method
from followup.spotchecks.scoring import Card, Verdict
from followup.spotchecks.states import ItemState


class CallAgainBy(StrEnum):
    """Who calls the patient again."""

    HAND = "hand"                # somebody by telephone; the answers are typed in
    IVR = "ivr"                  # the dialer, as any follow-up


class ScoreCard(HasId, HasCreated, Base):
    """One version of a score card; a row never changes, a change is the next version."""

    __tablename__ = "score_card"
    __table_args__ = (UniqueConstraint("name", "version"),)

    name: Mapped[str]
    version: Mapped[int]
    criteria: Mapped[list[Any]]
    pass_mark: Mapped[int]
    created_by: Mapped[str]

    @property
    def card(self) -> Card:
        """The card itself, checked."""
        return Card.read(self.criteria, self.pass_mark)


class SpotCheckPlan(HasId, HasCreated, Base):
    """A sample: how it was drawn, from what, and by whom."""

    __tablename__ = "spot_check_plan"
    __table_args__ = (Index(None, "created_at"),)

    name: Mapped[str] = mapped_column(unique=True)
    method: Mapped[Method] = mapped_column(choice(Method))
    by: Mapped[By | None] = mapped_column(choice(By))      # the strata of a stratified sample
    seed: Mapped[int] = mapped_column(BigInteger)
    since: Mapped[date]                                    # of the calls' ends, both inclusive
    until: Mapped[date]
    department: Mapped[str] = mapped_column(default="")    # only this one
    size: Mapped[int]                                      # as many as were drawn
    population: Mapped[int]                                # of so many
    strata: Mapped[dict[str, Any]]                         # name -> [how many, how many drawn]
    double_percent: Mapped[int] = mapped_column(default=0)
    card_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("score_card.id"))
    created_by: Mapped[str]

    card: Mapped[ScoreCard] = relationship(lazy="joined", innerjoin=True)


class SpotCheck(HasId, Base):
    """One follow-up of a sample. Department and agent are kept as they were when it was drawn."""

    __tablename__ = "spot_check"
    __table_args__ = (UniqueConstraint("plan_id", "attempt_id"), Index(None, "attempt_id"),
                      Index(None, "person_id"))

    plan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("spot_check_plan.id"))
    attempt_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("attempt.id"))
    place: Mapped[int]                                     # 1, 2, … within the plan
    stratum: Mapped[str] = mapped_column(default="")
    risk: Mapped[int] = mapped_column(default=0)
    reasons: Mapped[list[Any]] = mapped_column(default=list)   # [["short", 7], …]
    department: Mapped[str]
    agent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("agent.id"))
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("app_user.id"))   # at the phone
    twice: Mapped[bool] = mapped_column(default=False)     # two inspectors, blind
    state: Mapped[ItemState] = mapped_column(choice(ItemState), default=ItemState.OPEN)
    points: Mapped[float | None]                           # of 100, once it is checked
    verdict: Mapped[Verdict | None] = mapped_column(choice(Verdict))
    fatal: Mapped[bool] = mapped_column(default=False)
    settled_by: Mapped[str | None]                         # where two inspectors differed
    settled_note: Mapped[str] = mapped_column(default="")
    checked_at: Mapped[datetime | None]

    plan: Mapped[SpotCheckPlan] = relationship(lazy="joined", innerjoin=True)
    person: Mapped[User | None] = relationship(lazy="joined")
    scores: Mapped[list[SpotCheckScore]] = relationship(order_by="SpotCheckScore.seat",
                                                        lazy="selectin")
    notes: Mapped[list[SpotCheckNote]] = relationship(order_by="SpotCheckNote.at_ms",
                                                      lazy="selectin")
    appeal: Mapped[SpotCheckAppeal | None] = relationship(lazy="selectin")
    correction: Mapped[SpotCheckCorrection | None] = relationship(lazy="selectin")
    recall: Mapped[SpotCheckRecall | None] = relationship(lazy="selectin")

    @property
    def scored_by(self) -> frozenset[uuid.UUID]:
        """The inspectors whose score is in."""
        return frozenset(score.inspector_id for score in self.scores)


class SpotCheckScore(HasId, HasCreated, Base):
    """A card that an inspector has filled in."""

    __tablename__ = "spot_check_score"
    __table_args__ = (UniqueConstraint("check_id", "inspector_id"),
                      UniqueConstraint("check_id", "seat"),
                      CheckConstraint("seat IN (1, 2)", name="seat"))

    check_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("spot_check.id"))
    seat: Mapped[int]
    inspector_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id"))
    marks: Mapped[dict[str, Any]]                          # criterion -> points, null: not fitting
    points: Mapped[float]
    verdict: Mapped[Verdict] = mapped_column(choice(Verdict))
    fatal: Mapped[bool]
    remark: Mapped[str] = mapped_column(default="")

    inspector: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class SpotCheckNote(HasId, HasCreated, Base):
    """A word on a moment of the recording."""

    __tablename__ = "spot_check_note"
    __table_args__ = (Index(None, "check_id"),)

    check_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("spot_check.id"))
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id"))
    at_ms: Mapped[int]
    text: Mapped[str]

    author: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class SpotCheckAppeal(HasId, HasCreated, Base):
    """What the person who was checked says to the score, and what came of it."""

    __tablename__ = "spot_check_appeal"

    check_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("spot_check.id"), unique=True)
    by: Mapped[str]
    text: Mapped[str]
    points_before: Mapped[float]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    upheld: Mapped[bool | None]
    answer: Mapped[str] = mapped_column(default="")


class SpotCheckCorrection(HasId, HasCreated, Base):
    """What is to be put right, by when, and that it was."""

    __tablename__ = "spot_check_correction"
    __table_args__ = (Index(None, "due_on"),)

    check_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("spot_check.id"), unique=True)
    text: Mapped[str]
    due_on: Mapped[date]
    ordered_by: Mapped[str]
    report: Mapped[str] = mapped_column(default="")
    reported_by: Mapped[str | None]
    reported_at: Mapped[datetime | None]
    returned: Mapped[str] = mapped_column(default="")      # why it was not done yet
    accepted_by: Mapped[str | None]
    accepted_at: Mapped[datetime | None]


class SpotCheckRecall(HasId, Base):
    """The task by which the patient is asked once more."""

    __tablename__ = "spot_check_recall"

    check_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("spot_check.id"), unique=True)
    task_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("task.id"), unique=True)
    how: Mapped[CallAgainBy] = mapped_column(choice(CallAgainBy))
    asked_by: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(default=now)
    done_at: Mapped[datetime | None]                       # by hand: when the answers were in
