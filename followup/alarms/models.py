"""Alarms."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from followup.database.base import Base, HasId, choice, now


class AlarmKind(StrEnum):
    """What is wrong. ``subject`` of the alarm tells with which part."""

    GATEWAY_REFUSES = "gateway_refuses"      # node: its calls are refused, none is placed
    GATEWAY_SILENT = "gateway_silent"        # node: the gateway does not answer
    NODE_LOST = "node_lost"                  # node: no connection to its Asterisk
    CASES_LATE = "cases_late"                # department: complaints past their deadline
    CORRECTIONS_LATE = "corrections_late"    # department: its spot checks' corrections are late
    ACCOUNT_GUESSED = "account_guessed"      # user name: somebody tries one password after another
    DIRECTORY_LOST = "directory_lost"        # address: the directory for signing in does not answer
    MESSAGES_REFUSED = "messages_refused"    # provider: it takes no messages, all wait
    MESSAGES_UNSURE = "messages_unsure"      # provider: it is not known whether some were sent
    DISK_LOW = "disk_low"                    # folder: recordings will soon find no room
    RECORDINGS_WAIT = "recordings_wait"      # storage: it takes none, they wait in the spool
    RECORDINGS_LOST = "recordings_lost"      # in the last day some were lost, or lack their end
    RECORDING_CHANGED = "recording_changed"  # recording: not what was sealed


class Alarm(HasId, Base):
    """A trouble from when it began until it was over; one open alarm for a kind and subject."""

    __tablename__ = "alarm"
    __table_args__ = (
        Index("uq_alarm_open", "kind", "subject", unique=True,
              postgresql_where=text("cleared_at IS NULL")),
    )

    kind: Mapped[AlarmKind] = mapped_column(choice(AlarmKind))
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    raised_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime] = mapped_column(default=now)        # last
    cleared_at: Mapped[datetime | None]
