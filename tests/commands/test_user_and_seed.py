"""``aftercall user`` shows departments, and ``aftercall seed`` makes the same people again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import func, select, text
from typer.testing import CliRunner

from aftercall.cli import app
from bench.seed import plant
from bench.seed.hospital import Given, hospital
from followup.calls.models import Attempt
from followup.database.engine import Database
from followup.errors import InvalidInput
from followup.patients.models import Patient
from followup.people.accounts import LastOne
from followup.people.models import AuditEvent, User

Cli = Callable[..., Result]
GIVEN = Given("a" * 32, ["b" * 32], [("c" * 32, 60, 600)], "d" * 32)
DAY = date(2026, 11, 20)


@pytest.fixture
def cli(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setenv("AFTERCALL_DATABASE__URL", database_url)
    monkeypatch.setenv("AFTERCALL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words: CliRunner().invoke(app, list(words))


async def test_a_user_gets_departments_and_a_doctor_without_one_is_told(
        cli: Cli, database: Database) -> None:
    added = await asyncio.to_thread(cli, "user", "add", "xu", "--role", "doctor", "--department",
                                    "骨科", "--department", "心内科")
    assert added.exit_code == 0, added.output
    blind = await asyncio.to_thread(cli, "user", "add", "wu", "--role", "doctor")
    assert "sees no patient" in blind.stderr
    assert "sees no patient" not in added.stderr
    listed = (await asyncio.to_thread(cli, "user", "list")).stdout
    lines = {line.split("│")[1].strip(): line for line in listed.splitlines()
             if line.count("│") > 5}
    assert "心内科, 骨科" in lines["xu"]
    assert "nobody" in lines["wu"]
    wrong = await asyncio.to_thread(cli, "user", "add", "li", "--department", "很" * 61)
    assert isinstance(wrong.exception, InvalidInput)
    assert wrong.exception.field == "department"


async def test_the_last_administrator_is_not_disabled_at_the_terminal_either(
        cli: Cli, database: Database) -> None:
    for name in ("first", "second"):
        await asyncio.to_thread(cli, "user", "add", name, "--role", "administrator")
    assert (await asyncio.to_thread(cli, "user", "disable", "first")).exit_code == 0
    last = await asyncio.to_thread(cli, "user", "disable", "second")
    assert isinstance(last.exception, LastOne)
    async with database.session() as session:
        assert {user.username: user.disabled for user in await session.scalars(select(User))} == {
            "first": True, "second": False}
        told = [(row.action, row.subject) for row in await session.scalars(
            select(AuditEvent).where(AuditEvent.action == "disable-user"))]
    assert told == [("disable-user", "user:first")]


def test_the_same_seed_makes_the_same_rows_and_another_one_other_people() -> None:
    def rows(seed: int) -> list[object]:
        return list(hospital(40, seed, DAY, GIVEN))

    assert rows(1) == rows(1)
    assert rows(1) != rows(2)


async def test_seed_does_not_mix_with_patients_that_are_there_unless_told_so(
        cli: Cli, database: Database) -> None:
    await plant(database, 30, seed=1, today=DAY)
    refused = await asyncio.to_thread(cli, "seed", "--patients", "20", "--seed", "2")
    assert isinstance(refused.exception, InvalidInput)
    assert refused.exception.field == "yes"
    async with database.session() as session:
        assert await session.scalar(select(func.count(Patient.id))) == 30
    again = await asyncio.to_thread(cli, "seed", "--patients", "20", "--seed", "2", "--yes")
    assert again.exit_code == 0, again.output
    async with database.session() as session:
        assert await session.scalar(select(func.count(Patient.id))) == 50
        assert (await session.scalar(select(func.count(Attempt.id))) or 0) > 50
        assert await session.scalar(text("select count(*) from campaign where state = 'running'")) \
            == 0
