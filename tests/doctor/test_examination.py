"""The doctor on a machine where parts are well, ill, or missing."""

from __future__ import annotations

import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from aftercall.doctor import Result, Status, asterisk, examine, machine
from followup.database.engine import Database
from followup.secrets import FILE, load_secrets
from followup.settings import Settings, SpeechSettings, load_settings
from recordings.standing import KEEPER
from tests.fakes.ami import FakeAmi, FakeAmiSession

SECRET = "an-ami-secret-of-tests"


def by_name(results: list[Result]) -> dict[str, Result]:
    assert len({result.name for result in results}) == len(results)
    return {result.name: result for result in results}


@asynccontextmanager
async def fake_node(contacts: dict[str, str], *, done: str = "1", clock_off_s: float = 0,
                    version: str = "22.10.1") -> AsyncIterator[int]:
    """A node's AMI with these contacts (address of record to status); its port."""
    async def script(session: FakeAmiSession) -> None:
        await session.login()
        while True:
            action = await session.read()
            match action["Action"][0]:
                case "CoreSettings":
                    await session.answer(action, AsteriskVersion=version)
                case "CoreStatus":
                    await session.answer(
                        action, CoreStartupDate="2026-11-24", CoreStartupTime="08:00:00",
                        CoreReloadDate="2026-11-24", CoreReloadTime="08:00:00",
                        CoreCurrentCalls="3", CoreProcessedCalls="9")
                case "Ping":
                    await session.answer(action, Ping="Pong",
                                         Timestamp=f"{time.time() + clock_off_s:.6f}")
                case "Getvar":
                    asked = re.fullmatch(r"PJSIP_(AOR|CONTACT)\((.*?)(?:@@0)?,(\w+)\)",
                                         action["Variable"][0])
                    assert asked is not None
                    value = {"contact": f"{asked[2]}@@0" if asked[2] in contacts else "",
                             "status": contacts.get(asked[2], ""), "rtt": "1500"}[asked[3]]
                    await session.answer(action, Value=value)
                case "Originate":
                    probe = action["Variable"][0].partition("=")[2]
                    await session.answer(action)
                    await session.send({"Event": "UserEvent", "UserEvent": "AftercallProbe",
                                        "Id": "somebody-else", "Done": "0"})
                    await session.send({"Event": "UserEvent", "UserEvent": "AftercallProbe",
                                        "Id": probe, "Done": done,
                                        "AgiStatus": "SUCCESS" if done else "FAILURE"})

    async with FakeAmi(script) as ami:
        yield ami.port


def house(port: int, database_url: str | None = None, **more: Any) -> Settings:
    """Settings of a house whose only node has its AMI at ``port``."""
    return load_settings(
        nodes=[{"name": "n1", "ami_port": port, "ami_secret": SECRET}],
        agents=[{"extension": "1001", "name": "李护士"}, {"extension": "1002", "name": "王护士"}],
        **({"database": {"url": database_url}} if database_url else {}), **more)


def give_sounds(settings: Settings) -> None:
    for language in settings.prompts.languages:
        (settings.sounds_dir / language / "hold").mkdir(parents=True)
        for name in ("fallback", "inbound", "hold/connecting"):
            (settings.sounds_dir / language / f"{name}.wav").write_bytes(b"R" * 100)


ALL_WELL = {"trunk": "Reachable", "agent-1001": "Reachable", "agent-1002": "NonQualified"}


async def test_a_house_in_good_health(database_url: str) -> None:
    async with fake_node(ALL_WELL) as port:
        settings = house(port, database_url, recordings={"capture": "asterisk"})
        load_secrets(settings.data_dir, ["1001", "1002"])
        give_sounds(settings)
        keeper = Database(database_url, name=KEEPER)
        await keeper.check()
        results = by_name(await examine(settings))
        await keeper.close()
    ill = {name for name, result in results.items() if result.status is not Status.OK}
    # of the machine that runs the tests
    assert ill <= {"disk space", "speech synthesis", "storage of recordings"}
    assert "22.10.1" in results["n1: AMI"].seen
    assert "2026-11-24 08:00:00" in results["n1: AMI"].seen
    assert "PostgreSQL" in results["database"].seen
    assert "zh, en" in results["speech models"].seen


async def test_a_bare_house_says_what_to_do_about_each_part() -> None:
    settings = load_settings()
    results = by_name(await examine(settings))
    for name in ("database", "sounds", "node1: AMI"):
        assert results[name].status is Status.FAIL, name
        assert "aftercall up" in results[name].what_to_do
    assert results["secrets"].status is Status.WARN
    assert results["data folder"].status is Status.OK
    assert not settings.data_dir.exists()      # looking changes nothing


async def test_a_node_that_is_down_fails_once_with_its_address() -> None:
    async with fake_node({}) as port:
        pass                                    # nobody listens there now
    results = by_name(await examine(house(port)))
    assert results["n1: AMI"].status is Status.FAIL
    assert f"127.0.0.1:{port}" in results["n1: AMI"].seen
    asked = [results[f"n1: {part}"] for part in ("clock", "trunk", "agents' phones", "FastAGI")]
    assert {result.status for result in asked} == {Status.WARN}


async def test_a_refused_login_is_told_without_the_secret() -> None:
    async def refuse(session: FakeAmiSession) -> None:
        action = await session.read()
        await session.send({"Response": "Error", "ActionID": action["ActionID"][0],
                            "Message": "Authentication failed"})
        await session.idle()

    async with FakeAmi(refuse) as ami:
        results = await examine(house(ami.port))
    result = by_name(results)["n1: AMI"]
    assert result.status is Status.FAIL
    assert "Authentication failed" in result.seen
    assert not any(SECRET in f"{result}" for result in results)


async def test_a_node_that_never_answers_is_given_up() -> None:
    async def silent(session: FakeAmiSession) -> None:
        await session.idle()

    async with FakeAmi(silent) as ami:
        results = by_name(await examine(house(ami.port), timeout_s=0.3))
    assert results["n1: AMI"].status is Status.FAIL
    assert "0.3 s" in results["n1: AMI"].seen


@pytest.mark.parametrize(("given", "part", "status", "seen"), [
    ({"contacts": {**ALL_WELL, "trunk": "Unreachable"}}, "trunk", Status.FAIL, "Unreachable"),
    ({"contacts": {**ALL_WELL, "trunk": "Unknown"}}, "trunk", Status.WARN, "not asked yet"),
    ({"contacts": {"agent-1001": "Reachable"}}, "trunk", Status.FAIL, "knows no trunk"),
    ({"contacts": {"trunk": "Reachable", "agent-1002": "Unreachable", "agent-1001": "Reachable"}},
     "agents' phones", Status.WARN, "1 of 2 registered; not: 1002"),
    ({"contacts": {"trunk": "Reachable"}}, "agents' phones", Status.WARN, "not: 1001, 1002"),
    ({"contacts": ALL_WELL, "done": ""}, "FastAGI", Status.FAIL, "FAILURE"),
    ({"contacts": ALL_WELL, "clock_off_s": 30}, "clock", Status.FAIL, "ahead of"),
    ({"contacts": ALL_WELL, "clock_off_s": -30}, "clock", Status.FAIL, "behind"),
    ({"contacts": ALL_WELL, "version": "18.26.4"}, "AMI", Status.FAIL, "18.26.4"),
])
async def test_each_ailment_of_a_node_is_found(given: dict[str, Any], part: str, status: Status,
                                               seen: str, monkeypatch: pytest.MonkeyPatch
                                               ) -> None:
    monkeypatch.setattr(asterisk, "LOOK_AGAIN_S", 0)
    async with fake_node(**given) as port:
        results = by_name(await examine(house(port)))
    result = results[f"n1: {part}"]
    assert result.status is status, result
    assert seen in result.seen
    assert result.what_to_do


async def test_a_schema_that_is_behind_is_found(database: Database, database_url: str) -> None:
    async with database.session() as session:
        await session.execute(text("update alembic_version set version_num = '0000'"))
    results = by_name(await examine(load_settings(database={"url": database_url})))
    assert results["migrations"].status is Status.FAIL
    assert "0000" in results["migrations"].seen
    assert "aftercall migrate" in results["migrations"].what_to_do


@pytest.mark.parametrize("url", ["postgresql://u:hidden@127.0.0.1:1/x",
                                 "postgresql://u:hidden@host:port/x",
                                 "postgresql://u:hidden@127.0.0.1:1/x?wrong=1"])
async def test_a_database_that_cannot_be_reached_is_told_without_its_password(url: str) -> None:
    results = await examine(load_settings(database={"url": url}))
    assert by_name(results)["database"].status is Status.FAIL
    assert not any("hidden" in f"{result}" for result in results)


async def test_secrets_open_to_others_are_found() -> None:
    settings = load_settings()
    load_secrets(settings.data_dir)
    (settings.data_dir / FILE).chmod(0o644)
    result = by_name(await examine(settings))["secrets"]
    assert result.status is Status.FAIL
    assert "chmod 600" in result.seen + result.what_to_do


async def test_a_folder_that_cannot_be_written_is_found(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "recordings").write_text("a file in the folder's place")
    result = by_name(await examine(load_settings()))["recordings folder"]
    assert result.status is Status.FAIL
    assert result.what_to_do


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_read_only_data_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o500)
    assert by_name(await examine(load_settings()))["data folder"].status is Status.FAIL


@pytest.mark.parametrize(("free", "status"), [(10**8, Status.FAIL), (5 * 10**9, Status.WARN),
                                              (10**12, Status.OK)])
async def test_little_disk_space_is_found(monkeypatch: pytest.MonkeyPatch, free: int,
                                          status: Status) -> None:
    monkeypatch.setattr(machine.shutil, "disk_usage",
                        lambda _: type("Usage", (), {"free": free})())
    assert by_name(await examine(load_settings()))["disk space"].status is status


@pytest.mark.parametrize(("version", "transport", "status"), [
    ("20.9.3", "audiosocket", Status.WARN), ("22.3.0", "audiosocket", Status.WARN),
    ("22.4.0", "audiosocket", Status.OK), ("23.0.0", "audiosocket", Status.OK),
    ("20.9.3", "eagi", Status.OK)])
async def test_an_asterisk_that_may_keep_keys_from_us_is_told(
        database_url: str, version: str, transport: str, status: Status) -> None:
    async with fake_node(ALL_WELL, version=version) as port:
        found = by_name(await examine(house(port, database_url, speech={
            "enabled": True, "transport": transport})))["n1: AMI"]
    assert found.status is status
    assert ("eagi" in found.what_to_do) == (status is Status.WARN)


async def test_a_language_that_cannot_be_heard_is_told(tmp_path: Path, database_url: str) -> None:
    async with fake_node(ALL_WELL) as port:
        settings = house(port, database_url)
        speaking = settings.model_copy(update={"speech": SpeechSettings(enabled=True)})
        found = by_name(await examine(speaking))["speech models"]
        assert (found.status, found.seen) == (Status.WARN, "zh: keys only; en: pocketsphinx")
        assert "zh" in found.what_to_do
        wrong = settings.model_copy(update={"speech": SpeechSettings(
            enabled=True, models={"zh": tmp_path})})
        assert by_name(await examine(wrong))["speech models"].status is Status.FAIL
