"""A whole hospital for a journey: house, simulated gateway, patients, a short questionnaire.

Prompts are short tones (prompts.py), so that a call takes seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from aftercall.house import RunningHouse, open_house
from aftercall.loopback_ports import free_port, media_ports
from followup.agents.models import Agent
from followup.alerts.models import Alert
from followup.calls.models import (
    Attempt,
    AttemptState,
    Disposition,
    Escalation,
    Recording,
    RecordingMark,
    RecordingState,
)
from followup.campaigns.models import CampaignMode, CampaignState, Task, TaskState
from followup.campaigns.progress import move, plan
from followup.database.base import now
from followup.patients.models import Encounter, Patient
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE, publish
from followup.responses.models import Answer, Response
from followup.settings import Settings, load_settings
from ivr.prompts.audio import telephone_wav
from ivr.prompts.preparation import prepare_prompts
from recordings.service import keep
from recordings.vault import Vault
from simgateway.gateway import SimGateway
from simgateway.personas import Persona
from simgateway.render import SimAgent
from tests.journeys.prompts import humming_book, record_prompts

KEEP = "AFTERCALL_KEEP" in os.environ       # a hospital's folder, to look at its logs afterwards

ITEMS = ("identity", "temperature", "breathlessness")
GATEWAY = "127.0.0.2"
BIRTH_DATE = date(1957, 3, 12)              # of everybody

SETTINGS = """\
[console]
port = {console}
[agi]
port = {agi}
[trunk]
host = "127.0.0.2"
port = {gateway_sip}
qualify_s = 1
channels = {lines}
[prompts]
languages = {languages}
words_per_minute = 300
[dialer]
window_start = "00:00:00"
window_end = "23:59:59.999999"
poll_s = 0.5
settle_s = 3
wrap_up_s = 0
agent_ring_s = 5
"""
NODE = """\
[[nodes]]
name = "node{number}"
ami_port = {ami}
sip_port = {sip}
http_port = {http}
rtp_start = {rtp}
rtp_end = {rtp_end}
channels = {lines}
"""
AGENT = '[[agents]]\nextension = "{0}"\nname = "护士{0}"\n'


def person(code: str, *steps: str, sip: str = "answers", **more: Any) -> Persona:
    """A persona for one test; ``steps`` as in personas.toml."""
    return Persona.model_validate({
        "code": code, "name": f"test-{code}", "title": {"zh": "测", "en": "T"}, "sip": sip,
        "ring_s": 0.5, "steps": steps, "expect": {"disposition": "completed"}, **more})


def short_questionnaire(*more: str) -> dict[str, Any]:
    """Identity, temperature (>= 38.5 abnormal), breathlessness (critical), as in the sample.

    ``more``: linkIds of further items of the sample.
    """
    resource: dict[str, Any] = json.loads(POST_DISCHARGE.read_bytes())
    resource["url"] += "-short"
    resource["item"] = [item for item in resource["item"] if item["linkId"] in (*ITEMS, *more)]
    text = json.dumps(resource, ensure_ascii=False).replace("{name}", "")
    short: dict[str, Any] = json.loads(text)
    return short


@dataclass
class Hospital:
    """Everything is up; nobody has been called yet."""

    house: RunningHouse
    gateway: SimGateway
    questionnaire: dict[str, Any] = field(default_factory=short_questionnaire)
    campaign_id: uuid.UUID = field(default_factory=uuid.uuid4)
    campaign: str = field(default_factory=lambda: f"旅程 {uuid.uuid4()}")
    mode: CampaignMode = CampaignMode.IVR

    @property
    def settings(self) -> Settings:
        return self.house.settings

    async def admit(self, people: Iterable[tuple[Persona, int]]) -> None:
        """Discharge ``(persona, index)`` patients today and plan their calls, in one campaign."""
        async with self.house.database.session() as session:
            for persona, index in people:
                patient = Patient(id=uuid.uuid4(), mrn=f"P{persona.code}{index:02d}", name="测试",
                                  phone="+86" + persona.number(index), birth_date=BIRTH_DATE,
                                  language=persona.language)
                session.add(patient)
                session.add(Encounter(patient_id=patient.id, department="骨科",
                                      discharged_on=now().date()))
            row = await publish(session, load_questionnaire(self.questionnaire))
            campaign = await plan(session, self.campaign, row.id,
                                  discharged_from=now().date(), discharged_to=now().date(),
                                  mode=self.mode)
            self.campaign_id = campaign.id
        await prepare_prompts(self.house.database, humming_book(self.settings), self.settings,
                              campaign.id)

    async def call_everybody(self) -> None:
        """Start the campaign, or go on with it."""
        async with self.house.database.session() as session:
            await move(session, self.campaign_id, CampaignState.RUNNING)

    async def unsettled(self) -> int:
        """Tasks that are being called, or are due now."""
        async with self.house.database.session() as session:
            return await session.scalar(select(func.count()).select_from(Task).where(
                Task.campaign_id == self.campaign_id,
                (Task.state == TaskState.CALLING)
                | ((Task.state == TaskState.DUE) & (Task.due_at <= now())))) or 0

    async def until_settled(self, seconds: float) -> None:
        """Wait until nobody is on the phone or due."""
        async def settled() -> bool:
            return not await self.unsettled()
        await until(settled, seconds, self.tell)

    async def attempts(self) -> list[Attempt]:
        """All attempts, oldest first."""
        async with self.house.database.session() as session:
            return list(await session.scalars(select(Attempt).order_by(Attempt.committed_at)))

    async def answers(self) -> dict[tuple[str, str], tuple[str, uuid.UUID]]:
        """Current answers by (MRN, linkId): what was keyed, and the answer's id."""
        async with self.house.database.session() as session:
            rows = await session.execute(
                select(Patient.mrn, Answer).join(Response, Response.id == Answer.response_id)
                .join(Patient, Patient.id == Response.patient_id))
            return {(mrn, answer.link_id): (answer.heard, answer.id)
                    for mrn, answer in rows if answer.superseded_at is None}

    async def answers_in(self, attempt: Attempt) -> dict[str, Answer]:
        """The answers that were given in a call and still hold, by linkId."""
        async with self.house.database.session() as session:
            return {answer.link_id: answer for answer in await session.scalars(
                select(Answer).where(Answer.attempt_id == attempt.id,
                                     Answer.superseded_at.is_(None)))}

    async def asked(self, persona: Persona, index: int, link_id: str) -> bool:
        """Whether this patient is being asked this now, or has been."""
        async with self.house.database.session() as session:
            return await session.scalar(
                select(RecordingMark.id).join(Recording, Recording.id == RecordingMark.recording_id)
                .join(Attempt, Attempt.id == Recording.attempt_id)
                .where(Attempt.phone == "+86" + persona.number(index),
                       RecordingMark.kind == "question", RecordingMark.link_id == link_id)
                .limit(1)) is not None

    def dialled(self) -> Counter[str]:
        """How often each patient's number reached the gateway, by its own account."""
        return Counter(call.number for call in self.gateway.calls() if call.persona_code)

    async def attempts_of(self, persona: Persona, index: int = 0) -> list[Attempt]:
        """One patient's attempts, oldest first."""
        phone = "+86" + persona.number(index)
        return [one for one in await self.attempts() if one.phone == phone]

    async def call(self, *people: tuple[Persona, int], seconds: float = 60) -> list[Attempt]:
        """Admit and call patients and wait until all is over; the last attempt of each."""
        await self.admit(people)
        await self.call_everybody()
        await self.until_settled(seconds)
        return [(await self.attempts_of(*one))[-1] for one in people]

    async def agents(self) -> dict[str, Agent]:
        """The agents as the database has them, by extension."""
        async with self.house.database.session() as session:
            return {one.extension: one for one in await session.scalars(select(Agent))}

    async def escalations(self, attempt: Attempt) -> list[Escalation]:
        """The escalations of a call."""
        async with self.house.database.session() as session:
            return list(await session.scalars(
                select(Escalation).where(Escalation.attempt_id == attempt.id)))

    async def alert(self, attempt: Attempt) -> Alert | None:
        """The patient's newest alert."""
        async with self.house.database.session() as session:
            return await session.scalar(
                select(Alert).where(Alert.patient_id == attempt.patient_id)
                .order_by(Alert.created_at.desc()).limit(1))

    async def recording(self, attempt: Attempt, seconds: float = 30) -> Recording:
        """The recording of a call that is over, once it is sealed or given up; with its marks."""
        found: list[Recording] = []

        async def over() -> bool:
            async with self.house.database.session() as session:
                found[:] = await session.scalars(
                    select(Recording).where(Recording.attempt_id == attempt.id)
                    .options(selectinload(Recording.marks)))
            return bool(found) and found[0].state is not RecordingState.CAPTURING
        await until(over, seconds, self.tell)
        return found[0]

    async def sealed_sound(self, attempt: Attempt) -> bytes:
        """The WAV that was sealed of a call; every bit of it is checked."""
        recording = await self.recording(attempt)
        assert recording.file and recording.stored and recording.sha256
        assert (recording.state, recording.missing_ms) == (RecordingState.SEALED, 0)
        vault = Vault.of(self.settings, self.house.secrets)
        return await (await vault.open_checked(recording.file, recording.stored,
                                               recording.sha256)).read()

    def logged(self, part: str, event: str = "") -> list[dict[str, Any]]:
        """Lines that a part (agi, dialer) has logged, with ``event`` somewhere in their text."""
        path = self.settings.data_dir / "log" / f"{part}.log"
        lines = path.read_text("utf-8", "replace").splitlines() if path.exists() else []
        entries = [json.loads(line) for line in lines if line.startswith("{")]
        return [one for one in entries if event in one.get("event", "")]

    async def channels(self) -> int:
        """How many calls' channels the node has."""
        told = await self.house.nodes["node1"].cli("core show channels count")
        return int(told.split()[0])

    async def tell(self) -> str:
        """What is going on, for a failing test's message."""
        return "\n".join(
            f"{one.phone[-4:]} #{one.seq} {one.state} {one.disposition} outcome={one.outcome} "
            f"cause={one.hangup_cause} by={one.settled_by}" for one in await self.attempts())


async def until(holds: Callable[[], Awaitable[bool]], seconds: float,
                tell: Callable[[], Awaitable[str]] | None = None) -> None:
    """Wait for something to become true; AssertionError with ``tell()`` when it does not."""
    deadline = time.monotonic() + seconds
    while not await holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s\n{await tell() if tell else ''}")
        await asyncio.sleep(0.2)


@asynccontextmanager
async def hospital(database_url: str, personas: Sequence[Persona], *,
                   agents: Sequence[dict[str, Any]] = ({}, {}),
                   roles: tuple[str, ...] = ("recorder", "agi", "dialer"), more_settings: str = "",
                   questionnaire: dict[str, Any] | None = None,
                   languages: Sequence[str] = ("zh",),
                   sounds: Mapping[str, float] | None = None,
                   speech: Mapping[str, tuple[str, str] | Path] | None = None,
                   nodes: int = 1, lines: int = 30,
                   lines_of_a_node: int = 30) -> AsyncIterator[Hospital]:
    """Start it all. ``agents``: SimAgent options for 8001, 8002, …, all of the first node.

    ``questionnaire``: a FHIR resource, else the short one; ``sounds``: prompts, as
    ``goodbye`` or ``en/goodbye``, that get a pitch of their own, in Hz. ``speech``: what
    personas ``speak``, by name: (language, text) to be made, or somebody's recording.
    """
    resource = questionnaire or short_questionnaire()
    folder = Path(tempfile.mkdtemp(prefix="ac-"))
    before = {name: os.environ.get(name) for name in ("AFTERCALL_DATA_DIR",)}
    try:
        own = ("ami", "sip", "http")
        ports = {name: free_port() for name in ("console", "agi", "gateway_sip", *(
            f"{name}{number}" for number in range(1, nodes + 1) for name in own))}
        rtp = media_ports()
        extensions = [str(8001 + index) for index in range(len(agents))]
        (folder / "aftercall.toml").write_text(
            SETTINGS.format(**ports, lines=lines, languages=json.dumps(languages)) + more_settings
            + "".join(NODE.format(number=number, rtp=rtp + 250 * (number - 1),
                                  rtp_end=rtp + 250 * (number - 1) + 498 // nodes,
                                  lines=lines_of_a_node,
                                  **{name: ports[f"{name}{number}"] for name in own})
                      for number in range(1, nodes + 1))
            + "".join(map(AGENT.format, extensions)), "utf-8")
        os.environ["AFTERCALL_DATA_DIR"] = str(folder)
        settings = load_settings(data_dir=folder, database={"url": database_url})
        record_prompts(settings, resource, sounds or {})
        async with AsyncExitStack() as stack:
            house = await stack.enter_async_context(open_house(
                settings, lambda _: None, roles=roles, log_dir=folder / "log"))
            if "keeper" not in roles:         # a process less to start
                await stack.enter_async_context(_keeper(house))
            node = settings.nodes[0]
            gateway = SimGateway(
                house.install.command(), folder / "gateway",
                modules_dir=house.install.modules_dir, data_dir=house.install.data_dir,
                sip_port=settings.trunk.port, node_port=node.sip_port, personas=personas,
                rtp_start=rtp + 500, rtp_end=rtp + 999,
                agents=[SimAgent(extension, house.secrets.agents[extension].get_secret_value(),
                                 **{"talk_s": 6, **options})
                        for extension, options in zip(extensions, agents, strict=True)])
            for name, said in (speech or {}).items():
                sound = said.read_bytes() if isinstance(said, Path) else \
                    house.book.voice.speak(said[1], said[0], 140)
                gateway.record(name, telephone_wav(sound))
            await gateway.start()
            stack.push_async_callback(gateway.stop)
            await gateway.registered()
            yield Hospital(house, gateway, resource)
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
        if KEEP:
            print(f"kept: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _keeper(house: RunningHouse) -> AsyncIterator[None]:
    """The keeper of recordings, at work in this process."""
    task = asyncio.create_task(keep(house.settings, house.database,
                                    Vault.of(house.settings, house.secrets)))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def dispositions(attempts: Iterable[Attempt]) -> Counter[Disposition | None]:
    """How often each disposition came; None for attempts that live."""
    return Counter(one.disposition if one.state is AttemptState.ENDED else None
                   for one in attempts)
