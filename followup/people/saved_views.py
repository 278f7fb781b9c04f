"""Saved views: a list's filters and order under a name, one's own or shared with one's role."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import ForeignKey, UniqueConstraint, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from followup.database.base import Base, HasCreated, HasId
from followup.errors import Conflict, InvalidInput, NotFound
from followup.people.models import User

NAME_LENGTH = 30
QUERY_LENGTH = 1500
MOST = 20                        # of one user for one list


class SavedView(HasId, HasCreated, Base):
    """``query``: of the list's address, without the page."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("owner_id", "list", "name"),)

    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"))
    list: Mapped[str]
    name: Mapped[str]
    query: Mapped[str]
    role: Mapped[str | None] = mapped_column(index=True)     # whose users see it too


async def views_of(session: AsyncSession, user: User, of: str) -> Sequence[SavedView]:
    """What a user finds above a list: the own ones, then those that the role shares."""
    return (await session.scalars(
        select(SavedView)
        .where(SavedView.list == of, or_(SavedView.owner_id == user.id,
                                         SavedView.role == user.role.value))
        .order_by(SavedView.owner_id != user.id, SavedView.created_at, SavedView.id))).all()


async def save_view(session: AsyncSession, user: User, of: str, *, name: str, query: str,
                    shared: bool) -> SavedView:
    """Keep it. InvalidInput for a name that is none; Conflict when the user has one of this name,
    or too many."""
    if not 1 <= len(name) <= NAME_LENGTH or "\n" in name:
        raise InvalidInput(f"name: expected 1 to {NAME_LENGTH} characters", field="name",
                           expected=f"1-{NAME_LENGTH} characters")
    if len(query) > QUERY_LENGTH:
        raise InvalidInput("query: expected fewer filters", field="query", expected="fewer filters")
    mine = (SavedView.owner_id == user.id, SavedView.list == of)
    count = await session.scalar(select(func.count()).select_from(SavedView).where(*mine))
    if (count or 0) >= MOST:
        raise Conflict(f"there are {MOST} views of this list already")
    made: SavedView | None = await session.scalar(
        insert(SavedView).values(owner_id=user.id, list=of, name=name, query=query,
                                 role=user.role.value if shared else None)
        .on_conflict_do_nothing().returning(SavedView))
    if made is None:
        raise Conflict("there is a view of this name already")
    return made


async def remove_view(session: AsyncSession, user: User, view_id: uuid.UUID) -> SavedView:
    """Take an own one away; NotFound when it is none."""
    view = await session.get(SavedView, view_id)
    if view is None or view.owner_id != user.id:
        raise NotFound("there is no such view of yours")
    await session.delete(view)
    return view
