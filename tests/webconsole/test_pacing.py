"""The page that tells why calls are placed, or are not."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select

from followup.campaigns.decisions import PacingDecision, Reason
from followup.campaigns.models import Campaign
from followup.database.base import now
from followup.database.engine import Database
from followup.people.models import Role
from tests.webconsole.conftest import Client, SignIn
from tests.webconsole.hospital import Hospital

INPUTS = {"agents": 4, "idle": 1, "soon_free": 1.26, "in_flight": 9, "ringing": 4, "asking": 5,
          "waiting": 0, "expected": 0.84, "needed": 40, "lost": 1, "budget": 0.03, "lines_free": 20}


async def decide(database: Database, reason: Reason, *, placed: int, minutes: float = 1) -> None:
    async with database.session() as session:
        campaign = await session.scalar(select(Campaign).limit(1))
        assert campaign is not None
        session.add(PacingDecision(
            id=uuid.uuid4(), at=now() - timedelta(minutes=minutes), campaign_id=campaign.id,
            reason=reason, wanted=placed, placed=placed, inputs=INPUTS))


@pytest.mark.parametrize("path", ["/pacing", "/pacing/live"])
async def test_a_decision_is_told_in_plain_words_with_its_numbers(
        client: Client, sign_in: SignIn, hospital: Hospital, database: Database,
        path: str) -> None:
    await decide(database, Reason.AHEAD, placed=3)
    await decide(database, Reason.NO_AGENT, placed=0, minutes=40)
    await sign_in(Role.SUPERVISOR.value)
    page = await (await client.get(path)).text()
    assert "约 0.8 通需要坐席；空闲 1 人，约 1.3 人即将空闲" in page
    assert "今日需要坐席 40 次，未及时接通 1 次（2.5%，上限 3.0%）" in page
    assert "没有人值班" not in page                    # that was long ago


async def test_the_page_says_that_nothing_was_decided(client: Client, sign_in: SignIn,
                                                      hospital: Hospital) -> None:
    await sign_in(Role.SUPERVISOR.value)
    assert "最近没有决策" in await (await client.get("/pacing")).text()
