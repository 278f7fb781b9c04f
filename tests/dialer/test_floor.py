"""What the pacing sees of a floor, and what it learns, from a real PostgreSQL."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from bench.sample import fill
from dialer.floor import Floor, picture, read_floor
from dialer.learning import Learned
from dialer.placing import Limits, Placing
from followup.agents.models import Agent, AgentState
from followup.calls.models import (
    Attempt,
    AttemptState,
    Disposition,
    Escalation,
    EscalationState,
    Recording,
    RecordingMark,
)
from followup.campaigns.decisions import PacingDecision, Reason
from followup.campaigns.house import House
from followup.campaigns.models import Campaign, CampaignState, Task, TaskState
from followup.database.engine import Database
from followup.questionnaires.library import parsed
from followup.responses.models import Answer, Finding, GivenBy, Response, Severity
from followup.settings import DialerSettings

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOUSE = House()


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


class Ward:
    """A campaign whose calls and agents a test puts where it likes."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.campaign = uuid.UUID(int=0)

    async def open(self, tasks: int) -> None:
        self.campaign = await fill(self.database, tasks)
        async with self.database.session() as session:
            await session.execute(update(Task).values(due_at=ago(3600)))

    async def call(self, **what: object) -> uuid.UUID:
        """An attempt of a task that is due."""
        async with self.database.session() as session:
            task = await session.scalar(select(Task).where(Task.state == TaskState.DUE).limit(1))
            assert task is not None
            task.state = TaskState.CALLING
            attempt = Attempt(id=uuid.uuid4(), task_id=task.id, patient_id=task.patient_id, seq=1,
                              node="node1", phone="+8613800138000", **what)
            session.add(attempt)
            campaign = await session.get_one(Campaign, self.campaign)
            session.add(Response(id=uuid.uuid4(), task_id=task.id, patient_id=task.patient_id,
                                 questionnaire_id=campaign.questionnaire_id, language="zh"))
            return attempt.id

    async def add(self, *rows: object) -> None:
        async with self.database.session() as session:
            for row in rows:
                session.add(row)
                await session.flush()

    async def agent(self, state: AgentState, since: float = 10, **what: object) -> uuid.UUID:
        agent = Agent(id=uuid.uuid4(), extension=str(8000 + since), name="n", languages=["zh"],
                      state=state, state_since=ago(since), **what)
        await self.add(agent)
        return agent.id

    async def answer(self, attempt_id: uuid.UUID, link_id: str, at: datetime, *,
                     finding: bool = False) -> None:
        async with self.database.session() as session:
            attempt = await session.get_one(Attempt, attempt_id)
            response = await session.scalar(
                select(Response).where(Response.task_id == attempt.task_id))
            assert response is not None
            answer = Answer(id=uuid.uuid4(), response_id=response.id, attempt_id=attempt_id,
                            link_id=link_id, value={"valueBoolean": True}, heard="1",
                            given_by=GivenBy.KEY, given_at=at)
            session.add(answer)
            await session.flush()
            if finding:
                session.add(Finding(id=uuid.uuid4(), response_id=response.id, answer_id=answer.id,
                                    link_id=link_id, rule="r", severity=Severity.ABNORMAL,
                                    text={}))

    async def links(self) -> list[str]:
        async with self.database.session() as session:
            campaign = await session.get_one(Campaign, self.campaign)
            return [item.link_id for item in parsed(campaign.questionnaire).order
                    if item.is_question]

    async def floor(self) -> Floor:
        async with self.database.session() as session:
            return await read_floor(session, NOW, ago(36000))


async def test_every_open_call_is_seen_at_its_stage(database: Database) -> None:
    ward = Ward(database)
    await ward.open(8)
    links = await ward.links()
    answered = {"state": AttemptState.ANSWERED, "committed_at": ago(100), "sent_at": ago(99),
                "answered_at": ago(80)}
    await ward.call(state=AttemptState.RINGING, committed_at=ago(8), sent_at=ago(7))
    asked = await ward.call(**answered)
    recording = Recording(id=uuid.uuid4(), attempt_id=asked, capture_file="c", created_at=ago(80))
    await ward.add(recording, *(
        RecordingMark(recording_id=recording.id, at_ms=ms, kind="question", link_id=link)
        for ms, link in ((1000, links[0]), (30000, links[3]))))
    unrecorded = await ward.call(**answered)
    await ward.answer(unrecorded, links[4], ago(12), finding=True)
    waits = await ward.call(**answered)
    await ward.add(Escalation(id=uuid.uuid4(), attempt_id=waits, requested_at=ago(6)))
    served = await ward.call(**answered)
    agent = await ward.agent(AgentState.ON_CALL, 40, attempt_id=served)
    await ward.add(Escalation(id=uuid.uuid4(), attempt_id=served, agent_id=agent,
                              state=EscalationState.BRIDGED, requested_at=ago(50),
                              bridged_at=ago(40)))
    await ward.call(state=AttemptState.ENDED, committed_at=ago(500), ended_at=ago(400))

    placing = Placing(DialerSettings(), HOUSE)
    floor = await ward.floor()
    assert len(floor.calls) == 5
    [campaign] = floor.campaigns
    day = placing.day(NOW)
    seen = picture(floor, campaign, day, free=7, budget=0.03)
    assert [seen.now - since for since in seen.ringing.values()] == [7]
    assert sorted((one.item, round(seen.now - one.since), one.pending)
                  for one in seen.asking.values()) == [(3, 50, False), (5, 12, True)]
    assert [seen.now - since for since in seen.waiting.values()] == [6]
    assert [seen.now - since for since in seen.talking.values()] == [40]
    assert (seen.agents, seen.idle, seen.lines_free) == (1, 0, 7)


async def test_agents_are_seen_as_long_as_they_have_been_busy(database: Database) -> None:
    """Wrap-up counts from the beginning of the talk, as what is learned of it does."""
    ward = Ward(database)
    await ward.open(1)
    call = await ward.call(state=AttemptState.ENDED, committed_at=ago(500), ended_at=ago(20))
    await ward.agent(AgentState.AVAILABLE, 11)
    await ward.agent(AgentState.OFFLINE, 12)
    await ward.agent(AgentState.MISSED, 13, wrap_up_until=NOW + timedelta(seconds=60))
    await ward.agent(AgentState.RESERVED, 14)
    wraps = await ward.agent(AgentState.WRAP_UP, 20, wrap_up_until=NOW + timedelta(seconds=10))
    await ward.agent(AgentState.WRAP_UP, 31, wrap_up_until=ago(1))
    await ward.add(Escalation(id=uuid.uuid4(), attempt_id=call, agent_id=wraps,
                              state=EscalationState.BRIDGED, requested_at=ago(210),
                              bridged_at=ago(200), ended_at=ago(20)))
    busy = [desk.busy_since for desk in (await ward.floor()).desks]
    assert busy == [None, ago(14), ago(200), None]


async def test_only_running_campaigns_with_somebody_due_are_asked_about(
        database: Database) -> None:
    ward = Ward(database)
    await ward.open(1)
    paused = await fill(database, 1)
    urgent = await fill(database, 1)
    async with database.session() as session:
        await session.execute(update(Task).values(due_at=ago(10)))
        await session.execute(update(Task).where(Task.campaign_id == urgent).values(priority=1))
        await session.execute(update(Campaign).where(Campaign.id == paused)
                              .values(state=CampaignState.PAUSED))
    assert [one.id for one in (await ward.floor()).campaigns] == [urgent, ward.campaign]
    await ward.call(state=AttemptState.RINGING)
    await ward.call(state=AttemptState.RINGING)
    await ward.call(state=AttemptState.RINGING)
    assert (await ward.floor()).campaigns == []


async def test_a_new_leader_knows_what_the_old_one_knew(database: Database) -> None:
    ward = Ward(database)
    await ward.open(60)
    links = await ward.links()
    agent = await ward.agent(AgentState.AVAILABLE)
    old = Learned(wrap_up_s=30)

    async def call(number: int) -> None:
        end = ago(5000 - 60 * number)
        placed = end - timedelta(seconds=300)
        met = number % 2 == 0
        attempt = await ward.call(
            state=AttemptState.ENDED, committed_at=placed, sent_at=placed, ended_at=end,
            answered_at=placed + timedelta(seconds=9) if met else None,
            disposition=Disposition.ESCALATED if met else Disposition.NO_ANSWER)
        if met:
            await ward.answer(attempt, links[0], placed + timedelta(seconds=20), finding=True)
            bridged = placed + timedelta(seconds=40) if number % 4 == 0 else None
            await ward.add(Escalation(
                id=uuid.uuid4(), attempt_id=attempt, agent_id=agent, bridged_at=bridged,
                state=EscalationState.BRIDGED if bridged else EscalationState.NO_AGENT,
                requested_at=placed + timedelta(seconds=30), ended_at=end))

    async def learn(who: Learned) -> int:
        async with database.session() as session:
            return await who.catch_up(session, NOW)

    for number in range(30):
        await call(number)
        if number % 7 == 0:
            await learn(old)
    await learn(old)
    assert await learn(old) == 0                       # nothing is learned twice
    new = Learned(wrap_up_s=30)
    assert await learn(new) == 30
    campaign = str(ward.campaign)
    assert old.path(campaign) == new.path(campaign) == (campaign, "骨科")
    assert old.days == new.days
    assert new.days[campaign][-1] == (15, 7)
    for path in ((), (campaign,), (campaign, "骨科")):
        one, other = old.knowledge.group(*path), new.knowledge.group(*path)
        assert one.answer.value(9) == other.answer.value(9)
        assert one.handle.moments == other.handle.moments
        assert one.item.moments == other.item.moments
        assert one.abnormal_at(0).value() == other.abnormal_at(0).value()
    nothing = Learned(wrap_up_s=30).knowledge.group()
    known = new.knowledge.group()
    assert known.abnormal_at(0).value() > nothing.abnormal_at(0).value()
    assert known.handle.moments[0] > nothing.handle.moments[0]


async def test_a_decision_is_kept_when_calls_were_placed_or_the_reason_changed(
        database: Database) -> None:
    ward = Ward(database)
    await ward.open(3)
    placing = Placing(DialerSettings(), HOUSE)
    async with database.session() as session:
        session.add(PacingDecision(id=uuid.uuid4(), at=NOW - timedelta(days=40), wanted=1, placed=1,
                                   campaign_id=ward.campaign, reason=Reason.AHEAD, inputs={}))

    async def decide(placed: int, free: int = 5) -> None:
        async with database.session() as session:
            floor = await placing.look(session, NOW)
        [campaign] = floor.campaigns
        decision = placing.decide(floor, campaign, Limits(free, 1000, 5))
        await placing.keep(database.session, floor, campaign, decision, placed)

    for placed, free in ((2, 5), (0, 5), (0, 5), (0, 0), (0, 0), (1, 5)):
        await decide(placed, free)
    async with database.session() as session:
        kept = list(await session.scalars(select(PacingDecision)))
    assert sorted((one.reason.value, one.placed) for one in kept) == [
        ("alerts_only", 1), ("alerts_only", 2), ("lines_full", 0)]
    assert {one.inputs["agents"] for one in kept} == {0}
