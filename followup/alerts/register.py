"""Raises, hands over and closes alerts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from followup.alerts.models import Alert, AlertState
from followup.database.base import now
from followup.errors import Conflict, NotFound
from followup.responses.models import Response, Severity

Deadlines = Mapping[Severity, timedelta]

# A shorter word with an agent has settled nothing: the alert stays for a call-back.
SETTLING_TALK = timedelta(seconds=5)


async def raise_alert(session: AsyncSession, response: Response, link_id: str, rule: str,
                      severity: Severity, text: dict[str, str], deadlines: Deadlines,
                      moment: datetime) -> Alert:
    """Open the response's alert, or add a reason to the one that is open already."""
    reason: dict[str, Any] = {"rule": rule, "link_id": link_id, "severity": severity.value,
                              "text": text}
    deadline = moment + deadlines[severity]
    alert = await live_alert(session, response.id)
    if alert is None:
        alert = Alert(id=uuid.uuid4(), response_id=response.id, patient_id=response.patient_id,
                      severity=severity, state=AlertState.OPEN, reasons=[reason],
                      deadline=deadline)
        session.add(alert)
        return alert
    alert.reasons = [*(r for r in alert.reasons if r["link_id"] != link_id), reason]
    alert.deadline = min(alert.deadline, deadline)
    if severity is Severity.CRITICAL:
        alert.severity = severity
    return alert


async def live_alert(session: AsyncSession, response_id: uuid.UUID) -> Alert | None:
    """The response's alert that is not closed."""
    return await session.scalar(
        select(Alert).where(Alert.response_id == response_id, Alert.state != AlertState.CLOSED)
        .with_for_update())


async def agent_took_over(session: AsyncSession, alert_id: uuid.UUID) -> None:
    """An agent is with the patient."""
    await session.execute(
        update(Alert).where(Alert.id == alert_id, Alert.state == AlertState.OPEN)
        .values(state=AlertState.IN_CALL))


async def agent_is_done(session: AsyncSession, alert_id: uuid.UUID, talk: timedelta,
                        agent: str) -> None:
    """The agent's call is over: settled when they really talked, else open again."""
    alert = await session.get(Alert, alert_id, with_for_update=True)
    if alert is None or alert.state is AlertState.CLOSED:
        return
    if talk >= SETTLING_TALK:
        alert.state, alert.closed_at, alert.closed_by = AlertState.CLOSED, now(), agent
    else:
        alert.state = AlertState.OPEN


async def close(session: AsyncSession, alert_id: uuid.UUID, by: str, note: str) -> Alert:
    """Close an alert by hand; Conflict when somebody else has done so meanwhile."""
    alert = await session.get(Alert, alert_id, with_for_update=True)
    if alert is None:
        raise NotFound("there is no such alert")
    if alert.state is AlertState.CLOSED:
        raise Conflict("the alert is closed already", closed_by=alert.closed_by or "")
    alert.state, alert.closed_at, alert.closed_by, alert.note = AlertState.CLOSED, now(), by, note
    return alert
