"""The people of the console, for its pages."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.agents.models import Agent
from followup.errors import NotFound
from followup.people import audit
from followup.people.models import AuditEvent, Role, User
from followup.views.keyed import Columns, Order, page

PAGE = 50
SEARCH_LENGTH = 60
STATES = ("active", "disabled")
_TABLE = User.__table__.c
COLUMNS: Columns = {"username": _TABLE.username, "name": _TABLE.name, "added": _TABLE.created_at}
BY_USERNAME = Order("username")


@dataclass(frozen=True, slots=True)
class Line:
    """A user, the phone that is theirs, and when they last signed in."""

    user: User
    agent: Agent | None
    signed_in_at: datetime | None


async def list_people(session: AsyncSession, *, search: str = "", role: Role | None = None,
                      state: str = "", order: Order = BY_USERNAME, after: str = "",
                      size: int | None = None) -> tuple[list[Line], str | None]:
    """A page, and the cursor of the page that follows. ``search``: part of a name, a user name or
    a department; ``state``: one of STATES."""
    signed_in = (select(func.max(AuditEvent.at)).where(
        AuditEvent.subject == func.concat("user:", User.username),
        AuditEvent.action == audit.SIGN_IN).correlate(User).scalar_subquery())
    query: Any = select(User, Agent, signed_in).outerjoin(Agent, Agent.id == User.agent_id)
    if search := search.strip()[:SEARCH_LENGTH]:
        query = query.where(or_(User.name.icontains(search, autoescape=True),
                                User.username.icontains(search.lower(), autoescape=True),
                                User.departments.contains([search])))
    if role is not None:
        query = query.where(User.role == role)
    if state:
        query = query.where(User.disabled.is_(state == "disabled"))
    rows, onward = await page(session, query, COLUMNS, _TABLE.id, order, after=after,
                              size=size or PAGE)
    return [Line(*row) for row in rows], onward


async def find_person(session: AsyncSession, user_id: uuid.UUID) -> User:
    """A user; NotFound when there is none."""
    user = await session.get(User, user_id)
    if user is None:
        raise NotFound("there is no such user")
    return user


async def phones(session: AsyncSession) -> Sequence[Agent]:
    """Every agent's phone, by extension."""
    return (await session.scalars(select(Agent).order_by(Agent.extension))).all()
