"""A forecast from recorded calls, on a real PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bench.sample import fill
from dialer.simulator.history import scenario_from
from followup.agents.models import Agent
from followup.calls.models import (
    Attempt,
    AttemptState,
    Disposition,
    Escalation,
    EscalationState,
)
from followup.campaigns.models import Task
from followup.database.base import now
from followup.database.engine import Database
from followup.errors import InvalidInput
from followup.settings import Settings
from followup.views.telephone import telephone_history

SETTINGS = Settings(agents=[{"extension": "1001", "name": "a"}])


async def record(database: Database, answered: int, unanswered: int) -> None:
    """Answered after 8 or 12 s, spoken with for 60 s; every fifth then talks 100 s to an agent."""
    await fill(database, answered + unanswered)
    began = now() - timedelta(days=1)

    def at(seconds: float) -> object:
        return began + timedelta(seconds=seconds)

    async with database.session() as session:
        tasks = (await session.scalars(select(Task))).all()
        agent = Agent(extension="1001", name="a", languages=["zh"])
        session.add(agent)
        for place, task in enumerate(tasks):
            ring = 8 if place % 2 else 12
            attempt = Attempt(task_id=task.id, patient_id=task.patient_id, seq=1, node="n",
                              phone="+8613800130000", state=AttemptState.ENDED,
                              committed_at=began, ringing_at=at(0))
            if place < answered:
                attempt.answered_at, attempt.ended_at = at(ring), at(ring + 160)
                attempt.disposition = Disposition.ESCALATED
                if place % 5:
                    attempt.ended_at = at(ring + 60)
                    attempt.disposition = Disposition.COMPLETED
            else:
                attempt.ended_at, attempt.disposition = at(28), Disposition.NO_ANSWER
            session.add(attempt)
            await session.flush()
            if place < answered and place % 5 == 0:
                session.add(Escalation(attempt_id=attempt.id, agent_id=agent.id,
                                       state=EscalationState.BRIDGED, requested_at=at(ring + 60),
                                       bridged_at=at(ring + 60), ended_at=at(ring + 160)))


async def test_the_next_day_goes_as_the_recorded_ones_went(database: Database) -> None:
    await record(database, answered=60, unanswered=60)
    async with database.session() as session:
        history = await telephone_history(session, now() - timedelta(days=7))
    scenario = scenario_from(history, SETTINGS)
    assert scenario.answer_probability == pytest.approx(0.5)
    assert scenario.ring_mean_s == pytest.approx(10, abs=0.1)
    assert scenario.ringout_s == pytest.approx(28, abs=0.1)
    assert scenario.ivr_mean_s == pytest.approx(60, abs=0.1)
    assert scenario.escalation_share == pytest.approx(0.2)
    assert scenario.handle_mean_s == pytest.approx(100 + SETTINGS.dialer.wrap_up_s, abs=0.1)
    assert (scenario.agents, scenario.lines) == (1, SETTINGS.trunk.channels)


async def test_too_few_calls_tell_nothing(database: Database) -> None:
    await record(database, answered=5, unanswered=5)
    async with database.session() as session:
        history = await telephone_history(session, now() - timedelta(days=7))
    with pytest.raises(InvalidInput, match="at least 50 ended calls"):
        scenario_from(history, SETTINGS)
