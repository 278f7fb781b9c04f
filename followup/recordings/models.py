"""Seals, messages in the patient's own voice, holds, comments, clips, and rules on how long
recordings are kept."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from followup.calls.models import Disposition, Recording, Stored
from followup.campaigns.models import Campaign
from followup.database.base import Base, HasCreated, HasId, choice
from followup.people.models import User


class RecordingSeal(Base):
    """One link of the chain: what was sealed, and a hash over it and the link before. The database
    lets nobody change a row."""

    __tablename__ = "recording_seal"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    recording_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recording.id"), unique=True)
    sha256: Mapped[str]                  # of the WAV as it was sealed
    size: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[int]
    sealed_at: Mapped[datetime]
    seal: Mapped[str]                    # SHA-256, see recordings/chain.py


class RecordingCheck(Base):
    """When a recording was last read from its first byte to its last and was what had been sealed:
    before it was played, or by ``aftercall recordings verify``."""

    __tablename__ = "recording_check"

    recording_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recording.id"), primary_key=True)
    checked_at: Mapped[datetime]


class VoiceMessage(HasId, Base):
    """A message that a patient left as an answer, encrypted as recordings are. It is in the call's
    recording too, but for calls that were not recorded."""

    __tablename__ = "voice_message"
    __table_args__ = (Index(None, "recording_id"), Index(None, "stored"))

    recording_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recording.id"))
    name: Mapped[str] = mapped_column(unique=True)       # as the answer names it
    file: Mapped[str | None]                             # where it is kept; None: its time is over
    stored: Mapped[Stored | None] = mapped_column(choice(Stored))
    sha256: Mapped[str]
    sealed_at: Mapped[datetime]


class RecordingHold(HasId, HasCreated, Base):
    """Somebody wants a recording kept, whatever the rules say, until it is released."""

    __tablename__ = "recording_hold"
    __table_args__ = (
        Index("uq_recording_hold_open", "recording_id", unique=True,
              postgresql_where=text("released_at IS NULL")),
        Index(None, "recording_id"),
    )

    recording_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recording.id"))
    reason: Mapped[str]
    set_by: Mapped[str]
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None]
    release_reason: Mapped[str] = mapped_column(default="")


class RecordingComment(HasId, HasCreated, Base):
    """A word on a moment of a recording."""

    __tablename__ = "recording_comment"
    __table_args__ = (Index(None, "recording_id"),)

    recording_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recording.id"))
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id"))
    at_ms: Mapped[int]
    text: Mapped[str]

    author: Mapped[User] = relationship()


class RecordingClip(HasId, HasCreated, Base):
    """A stretch of a recording, shared inside the house by a link that ends."""

    __tablename__ = "recording_clip"
    __table_args__ = (Index(None, "recording_id"),)

    recording_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recording.id"))
    from_ms: Mapped[int]
    to_ms: Mapped[int]
    title: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)     # SHA-256 of the link's token
    made_by: Mapped[str]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]

    recording: Mapped[Recording] = relationship()


class RetentionRule(HasId, HasCreated, Base):
    """How many days recordings are kept: of a campaign, of an outcome, of both, or of all."""

    __tablename__ = "retention_rule"
    __table_args__ = (UniqueConstraint("campaign_id", "disposition",
                                       postgresql_nulls_not_distinct=True),)

    campaign_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("campaign.id"))
    disposition: Mapped[Disposition | None] = mapped_column(choice(Disposition))
    days: Mapped[int]
    set_by: Mapped[str]

    campaign: Mapped[Campaign | None] = relationship()
