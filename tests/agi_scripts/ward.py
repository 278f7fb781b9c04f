"""A hospital with one patient to call, and the telephone at the patient's end."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import select, update

from agi_scripts.house import House
from agi_scripts.routes import routes
from followup.agents.models import Agent, AgentState
from followup.alerts.models import Alert
from followup.calls.models import Attempt, AttemptState, Escalation, Recording
from followup.campaigns.models import Campaign, CampaignMode, CampaignState, Task, TaskState
from followup.database.base import Base, now
from followup.database.engine import Database
from followup.patients.models import Patient
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE, publish
from followup.responses.models import Answer, Response
from followup.responses.store import current_answers
from followup.settings import DialerSettings, Settings
from ivr.agi import AgiServer
from ivr.prompts.book import PromptBook
from ivr.prompts.prompt import Prompt
from recordings.recorder.client import Recorder
from tests.fakes.agi import FakeCall
from tests.webconsole.hospital import add_attempt, add_patient, add_task

Row = TypeVar("Row", bound=Base)


class NamedBook(PromptBook):
    """Sounds named by what they say; a prompt that does not exist, or lacks a word, is an error."""

    async def file_for(self, prompt: Prompt, language: str = "") -> str:
        self.text(prompt, language)
        return f"/sounds/{prompt.language or language}/{prompt.id}"


class _NoVoice:
    name = "none"

    def speaks(self, language: str) -> bool:
        return False

    def speak(self, text: str, language: str, words_per_minute: int) -> bytes:
        raise AssertionError("nothing is spoken here")


@dataclass
class Ward:
    """What tests ask of the hospital; ids of its one patient's task and attempt."""

    database: Database
    port: int = 0
    settings: Settings = field(default_factory=Settings)
    task_id: uuid.UUID = field(default_factory=uuid.uuid4)
    attempt_id: uuid.UUID = field(default_factory=uuid.uuid4)

    def dial(self, channel_id: str | None = None) -> FakeCall:
        """The patient has answered: Asterisk asks for ``follow_up``."""
        return FakeCall(self.port, {
            "agi_network_script": "follow_up", "agi_arg_1": "127.0.0.1:20000",
            "agi_uniqueid": channel_id or f"aftercall-{self.attempt_id}"})

    async def agent_picks_up(self, escalation_id: str) -> None:
        """Asterisk asks for ``agent_joined`` on the agent's channel; no command is expected."""
        async with FakeCall(self.port, {"agi_network_script": "agent_joined",
                                        "agi_uniqueid": "1763970000.7",
                                        "agi_arg_1": escalation_id}) as call:
            assert await call.closed()

    async def add_agent(self, extension: str, *, idle_min: int = 1, languages: Iterable[str] = (
            "zh",), state: AgentState = AgentState.AVAILABLE, skills: Iterable[str] = ()) -> None:
        async with self.database.session() as session:
            session.add(Agent(extension=extension, name=f"护士{extension}", state=state,
                              languages=list(languages), skills=list(skills),
                              state_since=now() - timedelta(minutes=idle_min)))

    async def agent(self, extension: str) -> Agent:
        async with self.database.session() as session:
            return (await session.scalars(
                select(Agent).where(Agent.extension == extension))).one()

    async def attempt(self) -> Attempt:
        async with self.database.session() as session:
            return await session.get_one(Attempt, self.attempt_id)

    async def every(self, kind: type[Row]) -> list[Row]:
        async with self.database.session() as session:
            return list(await session.scalars(select(kind)))

    async def answers(self) -> dict[str, Answer]:
        async with self.database.session() as session:
            response = await session.scalar(select(Response))
            found = await current_answers(session, response.id) if response else []
        return {answer.link_id: answer for answer in found}

    async def end_attempt(self) -> None:
        async with self.database.session() as session:
            await session.execute(update(Attempt).values(state=AttemptState.ENDED,
                                                         ended_at=now()))

    async def try_again(self) -> None:
        """The attempt is over; the same task is dialled once more."""
        await self.end_attempt()
        async with self.database.session() as session:
            task = await session.get_one(Task, self.task_id)
            patient = await session.get_one(Patient, task.patient_id)
            self.attempt_id = (await add_attempt(
                session, task, patient, AttemptState.RINGING, started=now(), seq=2)).id

    async def talked(self, span: timedelta) -> None:
        """As though agent and patient had been talking for so long."""
        async with self.database.session() as session:
            await session.execute(update(Escalation).values(
                bridged_at=Escalation.bridged_at - span))

    async def alert(self) -> Alert:
        [alert] = await self.every(Alert)
        return alert

    async def escalation(self) -> Escalation:
        [escalation] = await self.every(Escalation)
        return escalation

    async def recording(self) -> Recording:
        [recording] = await self.every(Recording)
        return recording


@asynccontextmanager
async def open_ward(database: Database, *, hold_max_s: int = 0, name: str = "王秀英",
                    mode: CampaignMode = CampaignMode.IVR,
                    skill: str | None = None, recorder: Recorder | None = None,
                    **settings: Any) -> AsyncIterator[Ward]:
    """A ward whose patient's phone is ringing, and its FastAGI server."""
    ward = Ward(database, settings=Settings(dialer=DialerSettings(hold_max_s=hold_max_s),
                                            **settings))
    async with database.session() as session:
        questionnaire = await publish(session, load_questionnaire(POST_DISCHARGE.read_bytes()))
        await session.flush()
        campaign = Campaign(id=uuid.uuid4(), name="出院随访", mode=mode,
                            state=CampaignState.RUNNING, rules={"skill": skill} if skill else {},
                            questionnaire_id=questionnaire.id)
        session.add(campaign)
        patient, stay = await add_patient(session, name, number=1)
        task = await add_task(session, campaign.id, patient, stay, TaskState.CALLING)
        attempt = await add_attempt(session, task, patient, AttemptState.RINGING, started=now())
        ward.task_id, ward.attempt_id = task.id, attempt.id
    book = NamedBook(Path("sounds"), Path("human"), _NoVoice())
    server = AgiServer(routes(House(ward.settings, database, recorder), book), port=0)
    ward.port = await server.start()
    try:
        yield ward
    finally:
        await server.stop(0)


HANG_UP = "HANGUP"
Pickup = Callable[[str, str], Awaitable[str]]


async def rings_in_vain(extension: str, escalation_id: str) -> str:
    """No agent picks up."""
    return "NOANSWER"


class Telephone:
    """Answers commands as Asterisk does while the patient presses ``keys`` and then listens.

    In ``keys``, ``-`` waits in vain and ``x`` hangs up. ``ring(extension, escalation id)`` says
    what became of ringing an agent: a DIALSTATUS, or HANG_UP when the patient has left meanwhile.
    ``heard``: ids of the prompts played.
    """

    def __init__(self, call: FakeCall, keys: str, ring: Pickup = rings_in_vain,
                 on_prompt: Callable[[str], Awaitable[None]] | None = None) -> None:
        self.call = call
        self.keys = iter(keys.replace(" ", ""))
        self.ring, self.on_prompt = ring, on_prompt
        self.heard: list[str] = []
        self.rung: list[str] = []
        self._status = ""
        self._gone = False

    async def live(self) -> Telephone:
        """The whole call, until our side closes the connection."""
        async with asyncio.timeout(30):
            while command := await self.call.read():
                await self.call.send(*await self._answer(command))
        return self

    async def _answer(self, command: str) -> list[str]:
        if self._gone:
            return ["511 Command Not Permitted on a dead channel or intercept routine"]
        if command.startswith("STREAM FILE"):
            return await self._play(command.split('"')[1])
        if command.startswith("RECORD FILE"):
            return ["200 result=35 (dtmf) endpos=40000"]
        if command.startswith("EXEC Dial"):
            return await self._dial(command)
        if command.startswith("GET VARIABLE"):
            return [f"200 result=1 ({self._status})"]
        if command.startswith(("EXEC MixMonitor", "EXEC StopMixMonitor", "EXEC PlayTones",
                               "EXEC StopPlayTones", "SET VARIABLE", "HANGUP")):
            return ["200 result=1"]
        raise AssertionError(f"a command that no script should send: {command}")

    async def _play(self, file: str) -> list[str]:
        if not file.endswith("/quiet"):
            if file.startswith("/sounds/"):
                prompt = file.removeprefix("/sounds/")
                self.heard.append(prompt)
                if self.on_prompt:
                    await self.on_prompt(prompt)
            return ["200 result=0 endpos=8000"]
        key = next(self.keys, "-")
        if key == "x":
            return self._leave()
        return [f"200 result={0 if key == '-' else ord(key)} endpos=8000"]

    async def _dial(self, command: str) -> list[str]:
        found = re.fullmatch(
            r'EXEC Dial "PJSIP/agent-(\d+),\d+,gm\(connecting-\w+\)'
            r'U\(aftercall-agent-joined\^([0-9a-f-]{36})\)"', command)
        assert found, command
        self.rung.append(found[1])
        self._status = await self.ring(found[1], found[2])
        return self._leave() if self._status == HANG_UP else ["200 result=0"]

    def _leave(self) -> list[str]:
        self._gone = True
        return ["HANGUP", "200 result=-1"]


async def call(ward: Ward, keys: str, ring: Pickup = rings_in_vain,
               on_prompt: Callable[[str], Awaitable[None]] | None = None) -> Telephone:
    """One whole call to the ward's patient."""
    async with ward.dial() as line:
        return await Telephone(line, keys, ring, on_prompt).live()
