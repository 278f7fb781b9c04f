"""Attempts, escalations and recordings."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, FetchedValue, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from followup.database.base import Base, HasCreated, HasId, choice, now


class AttemptState(StrEnum):
    """Steps of one dial; committed rows only ever move down this list."""

    COMMITTED = "committed"      # the row exists; Originate may or may not have been sent
    SENT = "sent"                # Asterisk has taken the Originate
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


class Disposition(StrEnum):
    """How an attempt ended."""

    COMPLETED = "completed"              # the questionnaire was finished
    ESCALATED = "escalated"              # an agent took the call over
    CALLBACK_ALERT = "callback_alert"    # needed an agent, none was free: an alert is open
    ABANDONED = "abandoned"              # answered, and no agent was there to speak with them
    PARTIAL = "partial"                  # hung up half-way
    WRONG_PERSON = "wrong_person"        # a wrong number, whoever answered said
    DEATH_REPORTED = "death_reported"    # whoever answered said that the patient has died
    CALL_BACK = "call_back"              # asked to be called another time
    REFUSED = "refused"                  # would not take part
    NO_INPUT = "no_input"                # answered, then neither key nor word
    VOICEMAIL = "voicemail"              # an answering machine, or a network's announcement
    IDENTITY_FAILED = "identity_failed"  # could not tell the patient's year of birth
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    INVALID_NUMBER = "invalid_number"
    CONGESTION = "congestion"            # trunk or gateway would not take the call
    FAILED = "failed"                    # answered, but our side broke
    NOT_PLACED = "not_placed"            # proven: Asterisk never got it; not counted as an attempt
    UNKNOWN = "unknown"                  # no proof either way: a person decides


class AnsweredBy(StrEnum):
    """Who was on the phone, as far as the call has shown."""

    PATIENT = "patient"          # told the patient's year of birth
    RELATIVE = "relative"        # said so, and when the patient can be reached


class EscalationState(StrEnum):
    """A live call on its way to an agent."""

    REQUESTED = "requested"
    RINGING = "ringing"
    BRIDGED = "bridged"
    NO_AGENT = "no_agent"
    ABANDONED = "abandoned"


class RecordingState(StrEnum):
    """``lost``: the call was to be recorded and no sound was found; that raises an alarm.

    ``refused``: the patient objected; nothing is kept. ``expired``: sealed once, and deleted when
    its time was over.
    """

    CAPTURING = "capturing"
    SEALED = "sealed"
    LOST = "lost"
    REFUSED = "refused"
    EXPIRED = "expired"


class Stored(StrEnum):
    """Where an encrypted recording lies. ``waiting``: in a folder, until S3 takes it."""

    FOLDER = "folder"
    S3 = "s3"
    WAITING = "waiting"


class CopyFormat(StrEnum):
    """What a browser plays in place of the sealed original."""

    OPUS = "opus"
    M4A = "m4a"


class Attempt(HasId, Base):
    """One dial of a task. Its ``id`` is the ChannelId that travels to Asterisk."""

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("task_id", "seq"),
        # the database itself refuses a second live call for a task or a patient
        Index("uq_attempt_live_task", "task_id", unique=True,
              postgresql_where=text("state <> 'ended'")),
        Index("uq_attempt_live_patient", "patient_id", unique=True,
              postgresql_where=text("state <> 'ended'")),
        Index(None, "patient_id", "committed_at"),
        Index("ix_attempt_live", "node", postgresql_where=text("state <> 'ended'")),
        Index("ix_attempt_contact_id", "contact_id",
              postgresql_where=text("contact_id is not null")),
        Index("ix_attempt_ended", "ended_at", "id", postgresql_where=text("state = 'ended'")),
        Index("ix_attempt_outcome", "disposition", "id",
              postgresql_where=text("disposition IS NOT NULL")),
        Index("ix_attempt_campaign_ended", "campaign_id", "ended_at", "id",
              postgresql_where=text("state = 'ended'")),
    )

    task_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("task.id"))
    campaign_id: Mapped[uuid.UUID] = mapped_column(       # the task's, set by a trigger
        ForeignKey("campaign.id"), FetchedValue())
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"))
    seq: Mapped[int]                                   # 1, 2, … within the task
    node: Mapped[str]                                  # the Asterisk that places it
    phone: Mapped[str]                                 # E.164 as it was when dialled
    contact_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("patient_contact.id"))
    state: Mapped[AttemptState] = mapped_column(choice(AttemptState),
                                                default=AttemptState.COMMITTED)
    committed_at: Mapped[datetime] = mapped_column(default=now)
    sent_at: Mapped[datetime | None]
    ringing_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[Disposition | None] = mapped_column(   # what the conversation came to so far
        choice(Disposition, "outcome"))
    disposition: Mapped[Disposition | None] = mapped_column(choice(Disposition))
    hangup_cause: Mapped[int | None]                   # Q.850
    sip_code: Mapped[int | None]
    hangup_point: Mapped[str | None]                   # linkId being asked when the call ended
    call_back_at: Mapped[datetime | None]              # the time that the patient asked for
    answered_by: Mapped[AnsweredBy | None] = mapped_column(choice(AnsweredBy))
    settled_by: Mapped[str | None]                     # event, cel, startup proof, person

    @property
    def channel_id(self) -> str:
        """The ChannelId given to Asterisk; it becomes the channel's Uniqueid."""
        return f"aftercall-{self.id}"


class Escalation(HasId, HasCreated, Base):
    """A live call handed, or to be handed, to an agent."""

    __tablename__ = "escalation"
    __table_args__ = (Index(None, "attempt_id"), Index(None, "agent_id", "requested_at"),
                      Index(None, "ended_at"))

    attempt_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("attempt.id"))
    alert_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("alert.id"))
    agent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("agent.id"))
    state: Mapped[EscalationState] = mapped_column(choice(EscalationState),
                                                   default=EscalationState.REQUESTED)
    requested_at: Mapped[datetime] = mapped_column(default=now)   # the patient needs a person
    ringing_at: Mapped[datetime | None]
    bridged_at: Mapped[datetime | None]                           # the agent's voice is there
    ended_at: Mapped[datetime | None]


class Recording(HasId, HasCreated, Base):
    """The sound of one attempt: stereo, patient left, hospital right."""

    __tablename__ = "recording"
    __table_args__ = (
        Index("ix_recording_to_seal", "created_at", postgresql_where=text("state = 'capturing'")),
        Index("ix_recording_to_link", "sealed_at", "id", postgresql_where=text(
            "sealed_at IS NOT NULL AND seal_number IS NULL")),
        Index("ix_recording_to_prepare", "sealed_at", postgresql_where=text(
            "state = 'sealed' AND stored IS NOT NULL AND prepared_at IS NULL")),
        Index("ix_recording_to_hand_over", "sealed_at", postgresql_where=text(
            "state = 'sealed' AND stored = 'waiting'")),
        Index("ix_recording_to_remove", "id", postgresql_where=text(
            "state = 'expired' AND file IS NOT NULL")),
        Index(None, "created_at", "id"),
        Index(None, "department", "created_at", "id"),
        Index(None, "campaign_id", "created_at", "id"),
        Index(None, "patient_id"),
        Index("ix_recording_length", text("coalesce(duration_ms, 0)"), "id"),
        # few rows of very many, which lists are filtered by
        Index("ix_recording_short", "created_at", "id", postgresql_where=text("missing_ms > 0")),
        Index("ix_recording_not_sealed", "state", "created_at", "id",
              postgresql_where=text("state <> 'sealed'")),
    )

    attempt_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("attempt.id"), unique=True)
    # of the call's task and stay, kept by triggers: lists and reach go by them without a join
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"), FetchedValue())
    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaign.id"), FetchedValue())
    department: Mapped[str] = mapped_column(FetchedValue())
    state: Mapped[RecordingState] = mapped_column(choice(RecordingState),
                                                  default=RecordingState.CAPTURING)
    capture_file: Mapped[str]            # name within the spool folder
    file: Mapped[str | None]             # its name where it is kept, once sealed
    stored: Mapped[Stored | None] = mapped_column(choice(Stored))   # None: a plain file of old
    sha256: Mapped[str | None]
    size: Mapped[int | None]             # bytes
    duration_ms: Mapped[int | None]
    sealed_at: Mapped[datetime | None]
    seal_number: Mapped[int | None] = mapped_column(BigInteger, unique=True)    # in the chain
    missing_ms: Mapped[int] = mapped_column(default=0)   # of the call that were not recorded
    prepared_at: Mapped[datetime | None]                 # peaks and copy were made
    copies: Mapped[list[Any]] = mapped_column(           # a CopyFormat for each that was made
        default=list, server_default=text("'[]'"))
    expired_at: Mapped[datetime | None]

    marks: Mapped[list[RecordingMark]] = relationship(order_by="RecordingMark.at_ms")


class RecordingMark(HasId, Base):
    """A moment in a recording that somebody may want to jump to."""

    __tablename__ = "recording_mark"
    __table_args__ = (
        Index(None, "recording_id"),
        Index("ix_recording_mark_told", "kind", "recording_id",
              postgresql_where=text("kind IN ('finding', 'escalation')")),
    )

    recording_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recording.id"))
    at_ms: Mapped[int]                   # from the start of the recording
    kind: Mapped[str]                    # see ivr.conversation.actions.Mark
    link_id: Mapped[str | None]
    label: Mapped[str] = mapped_column(default="")


class DialerLeader(Base):
    """One row: which term of leadership it is. Who claims a call holds it against their own."""

    __tablename__ = "dialer_leader"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    epoch: Mapped[int] = mapped_column(BigInteger)
    taken_at: Mapped[datetime] = mapped_column(default=now)
