"""A small hospital with complaints: what several tests of cases begin with."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.cases import changes
from followup.cases.intake import check
from followup.cases.models import Case
from followup.cases.register import By, register
from followup.cases.setup import load_setup
from followup.cases.states import Move
from followup.database.engine import Database
from followup.people.models import AuditEvent, Role, User

TODAY = date(2026, 11, 25)
ME = By("agent", "林护士", "10.0.0.9")
OTHER = By("doctor", "徐医生")
GOOD: dict[str, Any] = {"kind": "complaint", "channel": "phone", "severity": "一般",
                        "description": "换药时护士态度生硬，等了四十分钟没人解释",
                        "departments": "骨科", "people": "方护士"}


async def tell(session: AsyncSession, by: By = ME, moment: Any = None, **change: Any) -> Case:
    """Register a complaint."""
    setup = await load_setup(session)
    told = check({**GOOD, **change}, setup, TODAY)
    return (await register(session, told, setup, by, moment=moment))[0]


async def add_user(session: AsyncSession, name: str, role: Role = Role.DOCTOR) -> User:
    """Somebody who can own a case."""
    user = User(username=name, name=name, role=role, password_hash="-")
    session.add(user)
    await session.flush()
    return user


async def audited(session: AsyncSession, case: Case) -> list[tuple[str, str]]:
    """(actor, action) of the trail of a case, in order."""
    return [(row.actor, row.action) for row in await session.scalars(
        select(AuditEvent).where(AuditEvent.subject == f"case:{case.id}").order_by(AuditEvent.id))]


async def step(database: Database, case: Case, *names: str, **more: Any) -> Case:
    """Take steps, each with words."""
    for name in names:
        async with database.session() as session:
            case = await changes.move(session, case.id, Move(name), case.version, ME,
                                      words=f"{name} 说明", **more)
    return case
