"""The patient of a case is called for an agent, once, and the call comes to the case by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update

from dialer.claiming import claim_call
from dialer.floor import Running
from followup.agents.models import Agent, AgentState
from followup.calls import ledger
from followup.calls.models import Attempt, Disposition
from followup.campaigns import preview
from followup.campaigns.house import House
from followup.campaigns.models import Campaign, CampaignMode, CampaignState, Task, TaskState
from followup.campaigns.retry import NextStep
from followup.campaigns.rules import CampaignRules
from followup.cases.calls import NotCalled, WhyNot, call_patient, last_call
from followup.cases.models import Case, EventKind
from followup.database.engine import Database
from followup.patients.models import Patient
from followup.views import cases as views
from tests.followup.cases.hospital import ME, tell
from tests.webconsole.hospital import Hospital, open_hospital


@pytest.fixture
async def hospital(database: Database, tmp_path: Path) -> Hospital:
    return await open_hospital(database, tmp_path)


async def a_case(database: Database, mrn: str) -> Case:
    async with database.session() as session:
        return await tell(session, patient=mrn)


async def ask(database: Database, case: Case, extension: str = "801") -> None:
    async with database.session() as session:
        await call_patient(session, case.id, extension, ME)


async def dial(database: Database, case: Case) -> Attempt:
    """Claim the call as the dialer does, and let the patient not answer."""
    async with database.session() as session:
        task = await last_call(session, case.id)
        assert task
        campaign = await session.get_one(Campaign, task.campaign_id)
        [asked] = await preview.accepted(session, campaign.id)
        running = Running(campaign.id, campaign.name, campaign.mode, 1,
                          CampaignRules.read(campaign.rules))
        attempt = await claim_call(session, "node1", House(), running, asked)
        assert attempt
    async with database.session() as session:
        await ledger.end(session, attempt.id, Disposition.NO_ANSWER, cause=19,
                         step=lambda *_: NextStep(TaskState.GAVE_UP))
        await session.execute(update(Agent).where(Agent.attempt_id == attempt.id).values(
            state=AgentState.AVAILABLE, attempt_id=None))
    return attempt


async def test_the_agent_who_asks_is_the_one_whose_phone_waits(database: Database,
                                                               hospital: Hospital) -> None:
    case = await a_case(database, "MR2026003")
    await ask(database, case)
    async with database.session() as session:
        task = await last_call(session, case.id)
        assert task and task.state is TaskState.DUE
        campaign = await session.get_one(Campaign, task.campaign_id)
        assert (campaign.mode, campaign.state) == (CampaignMode.PREVIEW, CampaignState.RUNNING)
        [waiting] = await preview.accepted(session, campaign.id)
        assert (await session.get_one(Agent, waiting.agent_id)).extension == "801"
        assert EventKind.CALLED in {one.kind for one in await views.events_of(session, case.id)}
    with pytest.raises(NotCalled) as refused:
        await ask(database, case)
    assert refused.value.why is WhyNot.CALLING


async def test_each_call_belongs_to_the_case_that_asked_for_it(database: Database,
                                                               hospital: Hospital) -> None:
    first, second = [await a_case(database, "MR2026003") for _ in range(2)]
    called = []
    for case in (first, second, first):
        await ask(database, case)
        called.append((await dial(database, case)).id)
    async with database.session() as session:
        for case, calls in ((first, {called[0], called[2]}), (second, {called[1]})):
            assert {one.attempt.id for one in await views.evidence_of(session, case.id)} == calls
        tasks = (await session.scalars(select(Task).join(Campaign).where(
            Campaign.name.startswith("意见回电")))).all()
        assert len(tasks) == 1 and tasks[0].state is TaskState.GAVE_UP


async def test_it_is_told_why_nobody_is_called(database: Database, hospital: Hospital) -> None:
    async def why(case: Case, extension: str = "801") -> WhyNot:
        with pytest.raises(NotCalled) as refused:
            await ask(database, case, extension)
        return refused.value.why

    case = await a_case(database, "MR2026003")
    assert await why(await a_case(database, "")) is WhyNot.NO_PATIENT
    assert await why(case, "999") is WhyNot.PHONE_AWAY
    async with database.session() as session:
        await session.execute(update(Agent).where(Agent.extension == "802").values(
            state=AgentState.OFFLINE))
    assert await why(case, "802") is WhyNot.PHONE_AWAY
    async with database.session() as session:
        await session.execute(update(Patient).where(Patient.mrn == "MR2026003").values(
            do_not_call=True))
    assert await why(case) is WhyNot.NO_CALLS
