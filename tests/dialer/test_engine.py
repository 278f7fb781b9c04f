"""The campaign engine with a real PostgreSQL and an Asterisk that follows a script."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import time as clock
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bench.sample import fill
from followup.alarms.models import Alarm, AlarmKind
from followup.alarms.register import open_alarms
from followup.calls.models import AttemptState, Disposition
from followup.campaigns.models import Task, TaskState
from followup.database.engine import Database
from followup.patients.models import Patient, PatientContact, Whose
from tests.dialer.scripted import DIALER, ScriptedNode, attempts, busy, ended, engine, take
from tests.fakes.ami import FakeAmiSession


async def test_i1_every_due_task_gets_one_originate_with_its_own_channel_id(
        database: Database, tmp_path: Path) -> None:
    await fill(database, 7)
    node = ScriptedNode(tmp_path, busy)
    async with engine(database, node):
        found = await ended(database, 7)
    assert {one.disposition for one in found} == {Disposition.BUSY}
    assert {(one.hangup_cause, one.sip_code) for one in found} == {(17, 486)}
    assert sorted(node.originated) == sorted(one.channel_id for one in found)


async def test_i1_the_node_is_lost_after_originate_and_the_record_settles_it(
        database: Database, tmp_path: Path) -> None:
    async def lost(node: ScriptedNode, session: FakeAmiSession, channel_id: str,
                   action: dict[str, list[str]]) -> None:
        node.write("CHAN_START", channel_id)
        node.write("HANGUP", channel_id, '{"hangupcause":19}')
        session.writer.close()

    await fill(database, 1)
    node = ScriptedNode(tmp_path, lost)
    async with engine(database, node):
        (attempt,) = await ended(database)
    assert attempt.disposition is Disposition.NO_ANSWER and attempt.settled_by == "cel"
    assert node.originated == [attempt.channel_id]


async def test_i4_a_call_that_lives_is_adopted_after_a_doubt(database: Database,
                                                            tmp_path: Path) -> None:
    async def rings(node: ScriptedNode, session: FakeAmiSession, channel_id: str,
                    action: dict[str, list[str]]) -> None:
        node.channels[channel_id] = "Ringing"
        session.writer.close()

    await fill(database, 1)
    node = ScriptedNode(tmp_path, rings)
    async with engine(database, node):
        deadline = time.monotonic() + 40
        while not any(a.state is AttemptState.RINGING for a in await attempts(database)):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
    assert len(node.originated) == 1


async def test_a_node_that_never_heard_of_the_call_lets_it_be_placed_anew(
        database: Database, tmp_path: Path) -> None:
    async def deaf(node: ScriptedNode, session: FakeAmiSession, channel_id: str,
                   action: dict[str, list[str]]) -> None:
        if len(node.originated) == 1:
            session.writer.close()
        else:
            await take(node, session, channel_id, action)

    await fill(database, 1)
    node = ScriptedNode(tmp_path, deaf)
    async with engine(database, node):
        first = (await ended(database))[0]
        assert first.disposition is Disposition.NOT_PLACED
        deadline = time.monotonic() + 40
        while len(node.originated) < 2:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
    assert len(set(node.originated)) == 2          # a new attempt, never the same one again


async def test_a_node_that_was_restarted_in_between_leaves_it_to_a_person(
        database: Database, tmp_path: Path) -> None:
    async def dies(node: ScriptedNode, session: FakeAmiSession, channel_id: str,
                   action: dict[str, list[str]]) -> None:
        node.uptime = 0
        session.writer.close()

    await fill(database, 1)
    node = ScriptedNode(tmp_path, dies)
    async with engine(database, node):
        (attempt,) = await ended(database)
    assert attempt.disposition is Disposition.UNKNOWN
    async with database.session() as session:
        assert (await session.scalars(select(Task.state))).one() is TaskState.NEEDS_PERSON
    assert len(node.originated) == 1


async def test_a_refused_originate_is_congestion_and_burns_no_attempt(database: Database,
                                                                     tmp_path: Path) -> None:
    async def refuse(node: ScriptedNode, session: FakeAmiSession, channel_id: str,
                     action: dict[str, list[str]]) -> None:
        await session.answer(action, Response="Error", Message="Permission denied")

    await fill(database, 1)
    async with engine(database, ScriptedNode(tmp_path, refuse)):
        (attempt,) = await ended(database)
    assert attempt.disposition is Disposition.CONGESTION
    async with database.session() as session:
        assert (await session.scalars(select(Task.attempts_made))).one() == 0


async def test_the_call_goes_to_the_relative_when_the_patients_number_is_invalid(
        database: Database, tmp_path: Path) -> None:
    dialled: list[str] = []

    async def unknown_then_busy(node: ScriptedNode, session: FakeAmiSession, channel_id: str,
                                action: dict[str, list[str]]) -> None:
        dialled.append(action["Channel"][0])
        await take(node, session, channel_id, action)
        await session.send({"Event": "Hangup", "Uniqueid": channel_id,
                            "Cause": "1" if len(dialled) == 1 else "17"})

    await fill(database, 1)
    async with database.session() as session:
        patient = (await session.scalars(select(Patient))).one()
        session.add(PatientContact(patient_id=patient.id, position=1, number="+8613900139000",
                                   whose=Whose.RELATIVE))
    async with engine(database, ScriptedNode(tmp_path, unknown_then_busy)):
        found = await ended(database, 2)
    assert [one.disposition for one in found] == [Disposition.INVALID_NUMBER, Disposition.BUSY]
    assert "13900139000" not in dialled[0] and "13900139000" in dialled[1]


async def test_a_gateway_that_refuses_everything_is_left_alone_and_an_alarm_tells(
        database: Database, tmp_path: Path) -> None:
    async def unavailable(node: ScriptedNode, session: FakeAmiSession, channel_id: str,
                          action: dict[str, list[str]]) -> None:
        await take(node, session, channel_id, action)
        await session.send({"Event": "Hangup", "Uniqueid": channel_id, "Cause": "34",
                            "TechCause": "503"})

    await fill(database, 60)
    node = ScriptedNode(tmp_path, unavailable)
    alarms: Sequence[Alarm] = []
    async with engine(database, node):
        deadline = time.monotonic() + 40
        while not alarms:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
            async with database.session() as session:
                alarms = await open_alarms(session)
        await ended(database, len(node.originated))
    assert [(a.kind, a.subject) for a in alarms] == [(AlarmKind.GATEWAY_REFUSES, "node1")]
    assert 5 <= len(node.originated) <= 15
    async with database.session() as session:
        tasks = (await session.scalars(select(Task))).all()
    assert {task.attempts_made for task in tasks} == {0}
    assert {task.state for task in tasks} == {TaskState.DUE}


async def test_an_originate_that_failed_without_a_channel_is_looked_up_first(
        database: Database, tmp_path: Path) -> None:
    async def fails(node: ScriptedNode, session: FakeAmiSession, channel_id: str,
                    action: dict[str, list[str]]) -> None:
        await take(node, session, channel_id, action)
        if len(node.originated) == 1:
            node.channels[channel_id] = "Up"      # a duplicate's refusal bears the live call's id
        await session.send({"Event": "OriginateResponse", "Response": "Failure", "Reason": "0",
                            "ActionID": action["ActionID"][0], "Uniqueid": "<null>"})

    await fill(database, 2)
    node = ScriptedNode(tmp_path, fails)
    async with engine(database, node):
        found = await ended(database)
        await asyncio.sleep(1.5)
        found = await attempts(database)
    by_id = {one.channel_id: one for one in found}
    assert by_id[node.originated[0]].state is AttemptState.ANSWERED
    assert by_id[node.originated[1]].disposition is Disposition.CONGESTION


@pytest.mark.parametrize(("trunk", "dialer"), [
    ("Unreachable", DIALER), ("NonQualified", DIALER),
    ("Reachable", DIALER.model_copy(update={"window_start": clock(0), "window_end": clock(0)}))])
async def test_i5_no_call_without_a_gateway_or_out_of_hours(
        database: Database, tmp_path: Path, trunk: str, dialer: Any) -> None:
    await fill(database, 3)
    node = ScriptedNode(tmp_path, trunk=trunk)
    async with engine(database, node, dialer) as fake:
        deadline = time.monotonic() + 40
        while not (fake.sessions and fake.sessions[0].names().count("Getvar") > 4):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
    assert node.originated == [] and await attempts(database) == []


async def test_one_of_two_engines_leads_and_the_other_takes_over(database: Database,
                                                                tmp_path: Path) -> None:
    first, second = ScriptedNode(tmp_path / "a"), ScriptedNode(tmp_path / "b")
    await fill(database, 1)
    async with contextlib.AsyncExitStack() as leader:
        await leader.enter_async_context(engine(database, first))
        deadline = time.monotonic() + 40
        while not first.originated:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        async with engine(database, second):
            await fill(database, 3)
            while len(first.originated) < 4:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)
            assert second.originated == []
            await leader.aclose()
            await fill(database, 2)
            while len(second.originated) < 2:
                assert time.monotonic() < deadline + 20
                await asyncio.sleep(0.05)
    assert not set(first.originated) & set(second.originated)
