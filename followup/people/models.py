"""Users, sessions, audit trail."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from followup.database.base import Base, HasCreated, HasId, choice, now


class Role(StrEnum):
    """What a user may do; every role may sign in and see the campaign's progress."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    MANAGER = "manager"
    AUDITOR = "auditor"
    DOCTOR = "doctor"
    ADMINISTRATOR = "administrator"


class Source(StrEnum):
    """Who knows the user's password."""

    LOCAL = "local"
    DIRECTORY = "directory"              # the hospital's LDAP directory


class Reach(StrEnum):
    """Whose patients somebody sees."""

    OWN = "own"                  # of the departments that are theirs
    ALL = "all"


class User(HasId, HasCreated, Base):
    """Somebody who signs in at the console."""

    __tablename__ = "app_user"

    username: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]                            # argon2id; "" with a directory
    role: Mapped[Role] = mapped_column(choice(Role))
    locale: Mapped[str] = mapped_column(default="zh")
    disabled: Mapped[bool] = mapped_column(default=False)
    departments: Mapped[list[Any]] = mapped_column(default=list)      # names, as stays have them
    reach: Mapped[Reach | None] = mapped_column(choice(Reach))        # null: as the role has it
    agent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("agent.id"))   # their phone
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    source: Mapped[Source] = mapped_column(choice(Source), default=Source.LOCAL)
    must_change_password: Mapped[bool] = mapped_column(default=False)   # it was given out, once
    second_step: Mapped[bool] = mapped_column(default=False)    # a code is asked for at sign-in


class SecondFactor(Base):
    """The authenticator app of a user, from the moment that its QR code was shown."""

    __tablename__ = "second_factor"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id"), primary_key=True)
    secret: Mapped[bytes]                                 # sealed
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)    # of time; no code counts twice


class RecoveryCode(HasId, Base):
    """Replaces the app once; 79 random bits, so a plain hash is enough."""

    __tablename__ = "recovery_code"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id"), index=True)
    code_hash: Mapped[str]
    used_at: Mapped[datetime | None]


class FormerPassword(HasId, HasCreated, Base):
    """A password that the user had before."""

    __tablename__ = "former_password"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id"), index=True)
    password_hash: Mapped[str]


class PermissionSetting(Base):
    """Where the hospital departs from the default: which roles have one permission."""

    __tablename__ = "permission_setting"

    id: Mapped[str] = mapped_column(primary_key=True)           # the permission's key
    roles: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))   # null: default
    changed_at: Mapped[datetime] = mapped_column(default=now)


class WebSession(Base):
    """A signed-in browser, or one that owes the second step; only the token's hash is kept."""

    __tablename__ = "web_session"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id"), index=True)
    csrf_token: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]                          # whatever is done
    idle_until: Mapped[datetime]                          # unless something is done
    seen_at: Mapped[datetime] = mapped_column(default=now)
    address: Mapped[str] = mapped_column(default="")
    browser: Mapped[str] = mapped_column(default="")      # as it calls itself
    awaits_code: Mapped[bool] = mapped_column(default=False)
    id: Mapped[uuid.UUID] = mapped_column(unique=True, default=uuid.uuid4)   # for pages

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class AuditEvent(Base):
    """Who saw or did what. Rows are only ever added: the database refuses the rest, but once to
    seal a row, that is, to give it its place in the chain of ``followup.people.chain``."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index(None, "subject", "at"), Index(None, "at"), Index(None, "actor", "at"),
        Index(None, "action", "at"),
        Index("ix_audit_event_unsealed", "id", postgresql_where=text("place is null")),
        CheckConstraint("(place is null) = (hash is null)", name="sealed"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now)
    actor: Mapped[str]                             # user name, "system", "terminal:<account>"
    action: Mapped[str]                                   # sign-in, play-recording, …
    subject: Mapped[str] = mapped_column(default="")      # patient:<id>, recording:<id>, …
    address: Mapped[str] = mapped_column(default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)   # "before" and "after", …
    place: Mapped[int | None] = mapped_column(BigInteger, unique=True)    # 1, 2, … in the chain
    hash: Mapped[str | None]                               # SHA-256 over the one before and this
