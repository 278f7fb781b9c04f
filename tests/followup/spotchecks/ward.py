"""A hospital with finished calls, people to check them, and a plan."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.database.base import now
from followup.database.engine import Database
from followup.people.models import Role, User
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE, publish
from followup.questionnaires.models import QuestionnaireRow
from followup.spotchecks.desk import Actor
from followup.spotchecks.models import SpotCheck, SpotCheckPlan
from followup.spotchecks.plans import Wish, make_plan, newest_cards
from followup.spotchecks.sampling import Method
from tests.webconsole.hospital import Hospital, add_users, open_hospital

ZONE = ZoneInfo("Asia/Shanghai")
# what a filled-in standard card holds when nothing is wrong
ALL_WELL = {"identity": "5", "questions": "5", "answers": "5", "advice": "5", "manner": "5",
            "missed": "0", "made-up": "0"}
POOR = {**ALL_WELL, "questions": "1", "answers": "1"}


async def open_ward(database: Database, folder: Path) -> Hospital:
    """A follow-up morning, with users."""
    await add_users(database)
    return await open_hospital(database, folder)


async def plan_of(session: AsyncSession, name: str = "十一月抽检", **more: Any) -> SpotCheckPlan:
    """A plan over everything that has ended."""
    today = now().astimezone(ZONE).date()
    cards = await newest_cards(session)
    wish: dict[str, Any] = {"method": Method.RANDOM, "since": today - timedelta(days=2),
                            "until": today, "size": 50, "card_id": cards[0].id, "seed": 7, **more}
    return await make_plan(session, Wish(name=name, **wish), ZONE, actor="auditor")


async def open_checks(database: Database, hospital: Hospital, **more: Any) -> None:
    """A plan; the hospital knows its id, and that of the escalated call's check."""
    async with database.session() as session:
        hospital.plan = (await plan_of(session, **more)).id
        hospital.check = (await check_of(session, hospital.escalated)).id


async def publish_other(session: AsyncSession) -> QuestionnaireRow:
    """Another questionnaire, with another question under the name "feeling"."""
    resource = load_questionnaire(POST_DISCHARGE.read_bytes()).resource
    items = [{**item, "text": "护士给您打过电话吗？"} if item["linkId"] == "feeling" else item
             for item in resource["item"]]
    return await publish(session, load_questionnaire({
        **resource, "url": "urn:hospital:second-call", "title": "复核问卷", "item": items}))


async def check_of(session: AsyncSession, attempt_id: uuid.UUID) -> SpotCheck:
    """The check of a call, in the latest plan."""
    return (await session.scalars(
        select(SpotCheck).join(SpotCheckPlan, SpotCheckPlan.id == SpotCheck.plan_id)
        .where(SpotCheck.attempt_id == attempt_id)
        .order_by(SpotCheckPlan.created_at.desc()).limit(1))).one()


async def actor(session: AsyncSession, role: Role) -> Actor:
    """The user of a role."""
    return Actor((await session.scalars(select(User).where(User.role == role))).one(), "127.0.0.1")
