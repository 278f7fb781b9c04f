"""``aftercall campaign`` and ``aftercall holiday``, as an administrator types them."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from aftercall.cli import app
from bench.sample import fill
from followup.campaigns.models import Campaign, CampaignState
from followup.database.engine import Database
from followup.errors import AftercallError, InvalidInput
from followup.people.models import AuditEvent

Cli = Callable[..., Any]


@pytest.fixture
def cli(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line of a hospital with its own database; what is refused is raised."""
    monkeypatch.setenv("AFTERCALL_DATABASE__URL", database_url)
    monkeypatch.setenv("AFTERCALL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LOGNAME", "lin")

    async def call(*arguments: str, typed: str | None = None) -> str:
        done = await asyncio.to_thread(CliRunner().invoke, app, list(arguments), input=typed)
        if isinstance(done.exception, AftercallError):
            raise done.exception
        assert done.exit_code == 0, (done.output, done.exception)
        return str(done.stdout)

    return call


async def campaign_of(database: Database) -> Campaign:
    async with database.session() as session:
        return (await session.scalars(select(Campaign))).one()


async def told(database: Database) -> list[tuple[str, str]]:
    async with database.session() as session:
        return [(one.action, one.actor) for one in await session.scalars(
            select(AuditEvent).order_by(AuditEvent.at))]


async def test_a_campaign_is_listed_paused_and_resumed_and_the_audit_names_who(
        cli: Cli, database: Database) -> None:
    await fill(database, 3)
    name = (await campaign_of(database)).name
    assert "running" in await cli("campaign", "list")
    await cli("campaign", "move", name, "paused")
    assert (await campaign_of(database)).state is CampaignState.PAUSED
    assert "due 3" in await cli("campaign", "list")
    await cli("campaign", "move", name, "running")
    assert {actor for _, actor in await told(database)} == {"terminal:lin"}
    with pytest.raises(AftercallError, match="expected running, paused or cancelled"):
        await cli("campaign", "move", name, "stopped")
    with pytest.raises(AftercallError, match="there is no such campaign"):
        await cli("campaign", "move", str(uuid.uuid4()), "paused")


async def test_rules_are_set_from_a_file_and_shown(cli: Cli, database: Database,
                                                   tmp_path: Path) -> None:
    await fill(database, 1)
    name = (await campaign_of(database)).name
    assert json.loads(await cli("campaign", "rules", name)) == {}
    file = tmp_path / "rules.json"
    file.write_text('{"priority": 50, "hold_s": 5, "skill": "骨科"}', "utf-8")
    await cli("campaign", "rules", name, str(file))
    assert json.loads(await cli("campaign", "rules", name)) == {
        "priority": 50, "hold_s": 5, "skill": "骨科"}
    for wrong, reason in (('{"priority": 0}', "priority"), ('{"prio": 1}', "prio"),
                          ("[]", "expected an object"), ("{", "not valid JSON")):
        with pytest.raises(AftercallError, match=reason):
            await cli("campaign", "rules", name, "-", typed=wrong)
    with pytest.raises(AftercallError, match="No such file"):
        await cli("campaign", "rules", name, str(tmp_path / "elsewhere.json"))
    assert (await campaign_of(database)).rules["priority"] == 50


async def test_holidays_are_added_listed_and_removed(cli: Cli, database: Database) -> None:
    await cli("holiday", "add", "2099-10-01", "国庆节")
    await cli("holiday", "add", "2099-10-10", "调休", "--working")
    listed = await cli("holiday", "list")
    assert listed.index("国庆节") < listed.index("调休")
    await cli("holiday", "remove", "2099-10-01")
    assert "国庆节" not in await cli("holiday", "list")
    assert [action for action, _ in await told(database)] == [
        "set-holiday", "set-holiday", "remove-holiday"]
    with pytest.raises(AftercallError, match="a day like any other"):
        await cli("holiday", "remove", "2099-10-01")
    with pytest.raises(AftercallError, match="expected a day such as 2026-10-01"):
        await cli("holiday", "add", "10/1", "国庆节")


async def test_a_mode_that_does_not_exist_is_refused_by_name(cli: Cli) -> None:
    with pytest.raises(InvalidInput, match="mode: expected ivr"):
        await cli("campaign", "start", "随访", "--mode", "auto")
