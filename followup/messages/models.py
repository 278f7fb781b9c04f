"""Messages to and from patients, and the numbers that want none."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from followup.database.base import Base, HasCreated, HasId, choice, now
from followup.message_settings import MessageTemplate
from followup.messages.states import MessageState


class MessageChannel(StrEnum):
    """What carries a message."""

    SMS = "sms"


class Direction(StrEnum):
    """From whom to whom."""

    OUT = "out"
    IN = "in"


class Message(HasId, HasCreated, Base):
    """One message. Its id is the one that the provider is told, and says back."""

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("direction = 'in' or patient_id is not null", name="to_somebody"),
        Index(None, "patient_id", "created_at"),
        Index(None, "case_id"),
        Index(None, "number", "created_at"),
        Index(None, "created_at", "id"),
        Index(None, "state", "created_at", "id"),
        Index("ix_message_queued", "due_at", postgresql_where=text("state = 'queued'")),
        Index("ix_message_checked", "check_at",
              postgresql_where=text("state in ('sending', 'sent', 'unsure')")),
        # a reply is told again and again until we have said that we have it
        Index("uq_message_received", "provider", "provider_id", unique=True,
              postgresql_where=text("direction = 'in'")),
    )

    direction: Mapped[Direction] = mapped_column(choice(Direction), default=Direction.OUT)
    channel: Mapped[MessageChannel] = mapped_column(choice(MessageChannel),
                                                    default=MessageChannel.SMS)
    patient_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("patient.id"))
    case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("feedback_case.id"))
    number: Mapped[str]                                      # E.164
    relation: Mapped[str] = mapped_column(default="")        # of a relative's number
    template: Mapped[str] = mapped_column(default="")        # its code with the provider
    values: Mapped[dict[str, Any]] = mapped_column(default=dict)   # of the template's variables
    text: Mapped[str]                                        # as the phone shows it
    language: Mapped[str] = mapped_column(default="zh")
    parts: Mapped[int] = mapped_column(default=1)
    state: Mapped[MessageState] = mapped_column(choice(MessageState), default=MessageState.QUEUED)
    due_at: Mapped[datetime] = mapped_column(default=now)    # not before
    expires_at: Mapped[datetime | None]                      # not after
    check_at: Mapped[datetime | None]                        # when to ask what became of it
    attempts: Mapped[int] = mapped_column(default=0)
    tried_at: Mapped[datetime | None]                        # last handed over
    sent_at: Mapped[datetime | None]                         # taken by the provider
    ended_at: Mapped[datetime | None]                        # delivered, failed, expired
    provider: Mapped[str] = mapped_column(default="")
    provider_id: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")           # the last one's code
    written_by: Mapped[str] = mapped_column(default="")


class MessageTemplateRow(HasId, HasCreated, Base):
    """A text with its variables, as it is registered with the provider under ``code``."""

    __tablename__ = "message_template"

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]                                        # what staff call it
    language: Mapped[str] = mapped_column(default="zh")
    text: Mapped[str]
    labels: Mapped[dict[str, Any]] = mapped_column(default=dict)     # of what is typed, by variable
    lengths: Mapped[dict[str, Any]] = mapped_column(default=dict)
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)          # one more with each change
    changed_at: Mapped[datetime] = mapped_column(default=now)
    changed_by: Mapped[str] = mapped_column(default="")      # empty: the settings file
    from_file: Mapped[str | None] = mapped_column(unique=True)   # its code there: taken over once

    @property
    def template(self) -> MessageTemplate:
        """As messages are written with it."""
        return MessageTemplate(code=self.code, name=self.name, text=self.text,
                               language=self.language, labels=self.labels, lengths=self.lengths)


class MessageOptOut(Base):
    """A number that gets no messages any more, because whoever has it said so: by a reply, else
    to somebody of the staff."""

    __tablename__ = "message_opt_out"

    number: Mapped[str] = mapped_column(primary_key=True)    # E.164
    at: Mapped[datetime] = mapped_column(default=now)
    words: Mapped[str] = mapped_column(default="")           # as they wrote it, or why
    noted_by: Mapped[str] = mapped_column(default="", server_default="")   # empty: by a reply
