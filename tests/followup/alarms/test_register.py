"""An alarm is open once, however often it is raised."""

from __future__ import annotations

from sqlalchemy import func, select

from followup.alarms.models import Alarm, AlarmKind
from followup.alarms.register import clear_alarm, open_alarms, raise_alarm
from followup.database.engine import Database


async def test_it_is_open_once_until_it_is_cleared_and_may_come_again(database: Database) -> None:
    for _ in range(2):
        for _ in range(2):
            async with database.session() as session:
                await raise_alarm(session, AlarmKind.NODE_LOST, "node1")
        async with database.session() as session:
            (alarm,) = await open_alarms(session)
            assert alarm.subject == "node1" and alarm.seen_at > alarm.raised_at
            await clear_alarm(session, AlarmKind.NODE_LOST, "node2")
            assert len(await open_alarms(session)) == 1
            await clear_alarm(session, AlarmKind.NODE_LOST, "node1")
        async with database.session() as session:
            assert not await open_alarms(session)
    async with database.session() as session:
        assert await session.scalar(select(func.count()).select_from(Alarm)) == 2
