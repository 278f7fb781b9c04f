"""``aftercall audit``, and what commands leave in the trail."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import select, text
from typer.testing import CliRunner

from aftercall.cli import app
from followup.database.engine import Database
from followup.errors import InvalidInput
from followup.people import audit
from followup.people.models import AuditEvent
from followup.people.trail import seal_some
from tests.ivr.prompts.sounds import tone

Cli = Callable[..., Result]


@pytest.fixture
def cli(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setenv("AFTERCALL_DATABASE__URL", database_url)
    monkeypatch.setenv("AFTERCALL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LOGNAME", "lin")
    return lambda *words: CliRunner().invoke(app, list(words))


async def test_verify_says_the_first_broken_row_and_its_exit_code_tells(
        cli: Cli, database: Database) -> None:
    async with database.session() as session:
        for number in range(5):
            audit.record(session, "test", actor="nurse", subject=f"row:{number}")
    async with database.session() as session:
        await seal_some(session)
        changed = await session.scalar(select(AuditEvent.id).where(AuditEvent.place == 3))
    whole = await asyncio.to_thread(cli, "audit", "verify")
    assert whole.exit_code == 0
    noted = re.search(r"5:[0-9a-f]{64}", whole.stdout)
    assert noted is not None
    assert (await asyncio.to_thread(cli, "audit", "verify", "--from", noted[0])).exit_code == 0
    async with database.session() as session:
        await session.execute(text("alter table audit_event disable trigger user"))
        await session.execute(text("update audit_event set actor = 'x' where place >= 3"))
    broken = await asyncio.to_thread(cli, "audit", "verify")
    assert broken.exit_code == 1
    assert f"row {changed} at place 3" in broken.output
    wrong = await asyncio.to_thread(cli, "audit", "verify", "--from", "5:abc")
    assert isinstance(wrong.exception, InvalidInput)


async def test_recorded_prompts_that_come_and_go_leave_a_row(
        cli: Cli, database: Database, tmp_path: Path) -> None:
    sound = tmp_path / "goodbye.wav"
    sound.write_bytes(tone(440, 1.2, 48000, channels=2))
    for words in (("add", "goodbye", str(sound)), ("remove", "goodbye")):
        assert (await asyncio.to_thread(cli, "prompts", *words)).exit_code == 0
    async with database.session() as session:
        rows = [(row.action, row.actor, row.subject) for row in await session.scalars(
            select(AuditEvent).order_by(AuditEvent.id))]
    assert rows == [("add-prompt-recording", "terminal:lin", "prompt:zh/goodbye"),
                    ("remove-prompt-recording", "terminal:lin", "prompt:zh/goodbye")]
