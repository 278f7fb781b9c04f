"""``aftercall questionnaire`` and ``aftercall response`` on a real database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from aftercall.cli import app
from bench.sample import fill
from followup.campaigns.models import Task
from followup.database.engine import Database
from followup.people.models import AuditEvent
from followup.questionnaires.library import POST_DISCHARGE
from followup.responses.models import GivenBy
from followup.responses.store import Given, deadlines, open_response, record_answer
from tests.followup.questionnaires.build import item, questionnaire

URL = "urn:aftercall:questionnaire:post-discharge"
VERSION = json.loads(POST_DISCHARGE.read_bytes())["version"]
Cli = Callable[..., Any]


@pytest.fixture
def cli(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line of a hospital with its own database."""
    monkeypatch.setenv("AFTERCALL_DATABASE__URL", database_url)
    monkeypatch.setenv("AFTERCALL_DATA_DIR", str(tmp_path / "data"))

    async def call(*arguments: str) -> Any:
        return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))

    return call


def test_every_fault_of_a_file_is_told_with_its_link_id(tmp_path: Path) -> None:
    file = tmp_path / "q.json"
    file.write_text(json.dumps(questionnaire(
        item("a", "integer", colour="red"), item("b", "reference"))), "utf-8")
    done = CliRunner().invoke(app, ["questionnaire", "check", str(file), "--json"])
    assert done.exit_code == 1
    assert [(fault["link_id"], fault["field"]) for fault in json.loads(done.stdout)["faults"]] == [
        ("a", "colour"), ("b", "type")]
    for command in ("check", "import"):
        plain = CliRunner().invoke(app, ["questionnaire", command, str(file)])
        assert "colour" in plain.stdout
        assert plain.exit_code == 1


@pytest.mark.parametrize(("options", "terminal", "words"), [
    ((), "zh_CN.UTF-8", "有效的 JSON"), ((), "en_GB.UTF-8", "valid JSON"), ((), "C", "有效的 JSON"),
    (("--lang", "en"), "zh_CN.UTF-8", "valid JSON"), (("--lang", "zh"), "en_US", "有效的 JSON")])
def test_faults_are_told_in_the_operators_language(tmp_path: Path, options: tuple[str, ...],
                                                   terminal: str, words: str) -> None:
    file = tmp_path / "q.json"
    file.write_text("{", "utf-8")
    done = CliRunner().invoke(app, ["questionnaire", "check", str(file), *options],
                              env={"LC_ALL": terminal, "COLUMNS": "160"})
    assert words in done.stdout
    asked = CliRunner().invoke(app, ["questionnaire", "check", str(file), "--json", *options],
                               env={"LC_ALL": terminal})
    (fault,) = json.loads(asked.stdout)["faults"]
    assert words in fault["expected"]
    assert (fault["code"], fault["params"]) == ("json", {"line": 1, "column": 2})


def test_a_language_we_do_not_speak_is_refused_by_name() -> None:
    done = CliRunner().invoke(app, ["questionnaire", "check", str(POST_DISCHARGE),
                                    "--lang", "fr"])
    assert "lang = 'fr': expected zh or en" in str(done.exception)


def test_a_sound_file_is_called_sound() -> None:
    done = CliRunner().invoke(app, ["questionnaire", "check", str(POST_DISCHARGE)],
                              env={"LC_ALL": "en_US.UTF-8"})
    assert (done.exit_code, "sound" in done.stdout) == (0, True)


async def test_what_is_imported_comes_out_again(cli: Cli, tmp_path: Path) -> None:
    done = await cli("questionnaire", "import", str(POST_DISCHARGE))
    assert f"{URL} {VERSION} active" in done.stdout, done.output
    file = tmp_path / "out.json"
    assert (await cli("questionnaire", "export", URL, "--output", str(file))).exit_code == 0
    assert json.loads(file.read_text("utf-8")) == json.loads(POST_DISCHARGE.read_bytes())


async def test_withdrawing_is_told_and_listed(cli: Cli, database: Database) -> None:
    await fill(database, 2)
    done = await cli("questionnaire", "withdraw", URL, VERSION)
    assert "2 patients wait" in done.stdout, done.output
    listed = json.loads((await cli("questionnaire", "list", "--json")).stdout)
    assert [(each["version"], each["status"], each["waiting"]) for each in listed] == [
        (VERSION, "retired", 2)]


async def test_responses_come_out_one_a_line_and_it_is_noted_who_saw_them(
        cli: Cli, database: Database) -> None:
    await fill(database, 1)
    async with database.session() as session:
        response = await open_response(session, (await session.scalars(select(Task))).one())
        await record_answer(session, response.id, None, Given(
            "wound-pain", {"valueInteger": 3}, "3", GivenBy.KEY), deadlines(10, 120))
    done = await cli("response", "export")
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["item"][0]["linkId"] == "wound-pain"
    async with database.session() as session:
        events = list(await session.scalars(select(AuditEvent.action)))
    assert "export-responses" in events


async def test_a_campaign_is_started_with_a_questionnaire_that_is_there(cli: Cli) -> None:
    done = await cli("campaign", "start", "week", "--questionnaire", "urn:none")
    assert done.exit_code != 0
    assert "no active questionnaire urn:none" in str(done.exception)
