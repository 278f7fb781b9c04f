"""Headset agents."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from followup.database.base import Base, HasCreated, HasId, choice, now


class AgentState(StrEnum):
    """What an agent is doing."""

    OFFLINE = "offline"
    AVAILABLE = "available"
    RESERVED = "reserved"        # chosen for a call, the phone rings
    ON_CALL = "on_call"
    WRAP_UP = "wrap_up"          # until ``wrap_up_until``, then available
    MISSED = "missed"            # did not pick up: left alone until ``wrap_up_until``


class Agent(HasId, HasCreated, Base):
    """A person with a headset; ``extension`` names the SIP or WebRTC endpoint."""

    __tablename__ = "agent"

    extension: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(default="sip")             # sip or webrtc
    languages: Mapped[list[str]] = mapped_column(ARRAY(String))
    skills: Mapped[list[str]] = mapped_column(ARRAY(String), default=list,
                                              server_default=text("'{}'"))
    state: Mapped[AgentState] = mapped_column(choice(AgentState), default=AgentState.OFFLINE)
    state_since: Mapped[datetime] = mapped_column(default=now)   # idle the longest goes first
    wrap_up_until: Mapped[datetime | None]
    attempt_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("attempt.id"))

    @property
    def endpoint(self) -> str:
        """The PJSIP endpoint's name."""
        return f"agent-{self.extension}"
