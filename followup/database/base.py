"""What every table shares: naming of constraints, types, and columns of time."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import DateTime, Enum, MetaData, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def choice(enum: type[StrEnum], name: str = "") -> Enum:
    """Column type of a StrEnum: its values as text, held by a CHECK constraint ``name``."""
    return Enum(enum, native_enum=False, length=32, values_callable=lambda e: [m.value for m in e],
                name=name or enum.__name__.lower(), create_constraint=True)


class Base(DeclarativeBase):
    """Declarative base; constraints get stable names so that migrations can name them."""

    metadata = MetaData(naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    })
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        uuid.UUID: Uuid(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }


class HasId:
    """A random 128-bit id, made by us so that it is known before the row is."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)


class HasCreated:
    """When the row came to be."""

    created_at: Mapped[datetime] = mapped_column(default=now, server_default=text("now()"))
