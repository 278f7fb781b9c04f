"""The demo: a week of discharges is followed up on a simulated voice gateway."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
import uuid
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console
from rich.live import Live
from sqlalchemy import func, or_, select, text

from aftercall.demo.patients import sample_list
from aftercall.demo.report import Report, read_report
from aftercall.demo.show import Screen, Tally, print_report
from aftercall.demo.stage import set_stage
from aftercall.house import RunningHouse, open_house
from aftercall.provision.paths import exclusive
from followup.calls.models import (
    Attempt,
    AttemptState,
    Escalation,
    EscalationState,
    Recording,
    RecordingState,
)
from followup.campaigns.models import CampaignState, Task, TaskState
from followup.campaigns.progress import move, plan
from followup.database.base import now
from followup.database.engine import Database
from followup.errors import Unavailable
from followup.log import configure
from followup.patients.importing import import_patients
from followup.people.accounts import create_user
from followup.people.models import Role
from followup.people.passwords import generate_password
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE, publish
from followup.responses.models import Answer, Finding
from ivr.prompts.audio import telephone_wav
from ivr.prompts.preparation import prepare_prompts
from recordings.vault import Vault
from simgateway.gateway import SimGateway
from simgateway.personas import load_personas
from simgateway.render import SimAgent

CAMPAIGN = "出院后随访（演示）"
USER = "demo"
WORDS_PER_MINUTE = 170               # of what personas speak
LONGEST_S = 170                      # `--exit` ends within three minutes


@dataclass(frozen=True)
class SignIn:
    """How to look at the console."""

    url: str
    username: str
    password: str


async def demo(folder: Path, *, stay: bool, as_json: bool) -> int:
    """Run it all; the exit code. ``folder`` is the demo's own and is cleared."""
    console = Console(stderr=True)
    configure("warning" if stay or not as_json else "error", "text")

    def say(line: str) -> None:
        console.print(f"[dim]·[/dim] {line}", highlight=False)

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with exclusive(folder.with_name(folder.name + ".lock"), say):
        settings = set_stage(folder)
        await asyncio.to_thread(shutil.rmtree, folder / "postgres", ignore_errors=True)
        async with AsyncExitStack() as stack:
            house = await stack.enter_async_context(
                open_house(settings, say, log_dir=folder / "log"))
            gateway = await _open_gateway(stack, house)
            sign_in = await _create_user(house)
            campaign_id = await _plan(house)
            say(f"console: {sign_in.url}  user: {sign_in.username}  "
                f"password: {sign_in.password}")
            await _follow(house, campaign_id, console)
            report = await _read(house, gateway, campaign_id)
            if as_json:
                print(json.dumps(report.as_dict(), ensure_ascii=False, indent=2), flush=True)
            else:
                print_report(console, report)
            if stay:
                say(f"the console stays up at {sign_in.url} "
                    f"({sign_in.username} / {sign_in.password}); Ctrl-C ends the demo")
                await asyncio.Event().wait()
            return 0 if report.ok else 1


async def _open_gateway(stack: AsyncExitStack, house: RunningHouse) -> SimGateway:
    settings, install = house.settings, house.install
    node = settings.nodes[0]
    gateway = SimGateway(
        install.command(), settings.data_dir / "gateway", modules_dir=install.modules_dir,
        data_dir=install.data_dir, sip_port=settings.trunk.port, bind=settings.trunk.host,
        node_address=node.sip_bind, node_port=node.sip_port,
        rtp_start=node.rtp_end + 1, rtp_end=node.rtp_end + 499,
        agents=[SimAgent(agent.extension, house.secrets.agents[agent.extension].get_secret_value(),
                         talk_s=8)
                for agent in settings.agents if agent.kind == "sip"])
    for persona in gateway.config.personas:
        for name, words in persona.words.items():
            gateway.record(name, telephone_wav(await asyncio.to_thread(
                house.book.voice.speak, words, persona.language, WORDS_PER_MINUTE)))
    await gateway.start()
    stack.push_async_callback(gateway.stop)
    await gateway.registered()
    return gateway


async def _create_user(house: RunningHouse) -> SignIn:
    password = generate_password()
    async with house.database.session() as session:
        await create_user(session, USER, password, name="演示", role=Role.ADMINISTRATOR)
    return SignIn(house.settings.console_url, USER, password)


async def _plan(house: RunningHouse) -> uuid.UUID:
    today = date.today()                                          # noqa: DTZ011  the user's day
    await import_patients(house.database, sample_list(today),
                          region=house.settings.phone_region, today=today)
    async with house.database.session() as session:
        questionnaire = await publish(session, load_questionnaire(POST_DISCHARGE.read_bytes()))
        campaign = await plan(session, CAMPAIGN, questionnaire.id,
                              discharged_from=today - timedelta(days=7), discharged_to=today)
    await prepare_prompts(house.database, house.book, house.settings, campaign.id)
    async with house.database.session() as session:
        await move(session, campaign.id, CampaignState.RUNNING)
    return campaign.id


async def _follow(house: RunningHouse, campaign_id: uuid.UUID, console: Console) -> None:
    """Show progress until nobody is left to call today, and all sound is sealed."""
    screen = Screen()
    deadline = time.monotonic() + LONGEST_S
    with Live(screen.render(), console=console, refresh_per_second=4) as live:
        while True:
            tally = await _tally(house.database, campaign_id)
            screen.update(tally)
            live.update(screen.render())
            if tally.settled == tally.tasks and await _sealed(house.database):
                return
            if time.monotonic() > deadline:
                raise Unavailable(f"the campaign did not end in time: see the logs in "
                                  f"{house.settings.data_dir / 'log'}")
            await asyncio.sleep(0.25)


async def _tally(database: Database, campaign_id: uuid.UUID) -> Tally:
    ours = select(Attempt.id).join(Task, Task.id == Attempt.task_id).where(
        Task.campaign_id == campaign_id)
    waiting = or_(Task.state == TaskState.CALLING,
                  (Task.state == TaskState.DUE) & (Task.due_at <= now()))
    async with database.session() as session:
        tasks = await session.scalar(select(func.count()).select_from(Task).where(
            Task.campaign_id == campaign_id)) or 0
        unsettled = await session.scalar(select(func.count()).select_from(Task).where(
            Task.campaign_id == campaign_id, waiting)) or 0
        live = Counter(state.value for state in await session.scalars(
            select(Attempt.state).where(Attempt.id.in_(ours),
                                        Attempt.state != AttemptState.ENDED)))
        answers = await session.scalar(select(func.count()).select_from(Answer)) or 0
        findings = await session.scalar(select(func.count()).select_from(Finding)) or 0
        talking = await session.scalar(select(func.count()).select_from(Escalation).where(
            Escalation.state == EscalationState.BRIDGED, Escalation.ended_at.is_(None))) or 0
    return Tally(tasks, tasks - unsettled, live, answers, findings, talking)


async def _sealed(database: Database) -> bool:
    async with database.session() as session:
        return not await session.scalar(select(func.count()).select_from(Recording).where(
            Recording.state == RecordingState.CAPTURING))


async def _read(house: RunningHouse, gateway: SimGateway, campaign_id: uuid.UUID) -> Report:
    async with house.database.session() as session:
        await session.execute(text("set transaction read only"))
        return await read_report(session, campaign_id, Vault.of(house.settings, house.secrets),
                                 await asyncio.to_thread(gateway.calls), load_personas())
