"""``aftercall questionnaire`` and ``aftercall response``: FHIR in and out."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aftercall.terminal import run, say, settings_for
from followup.errors import InvalidInput

questionnaire_app = typer.Typer(no_args_is_help=True, help="FHIR questionnaires: check, import, "
                                "export, list, withdraw.")
response_app = typer.Typer(no_args_is_help=True, help="What patients answered, as FHIR.")

File = Annotated[Path, typer.Argument(help="A FHIR R4 Questionnaire in JSON.", exists=True,
                                      dir_okay=False)]


@questionnaire_app.command()
def check(file: File, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Say whether a questionnaire can be asked by phone; every fault, with its linkId."""
    from followup.questionnaires.fhir import load_questionnaire

    try:
        found = load_questionnaire(file.read_bytes())
    except InvalidInput as refused:
        faults = refused.details.get("faults") or [
            {"link_id": "", "field": refused.field, "expected": refused.message, "found": None}]
        _tell(faults, as_json)
        raise typer.Exit(1) from None
    if as_json:
        _tell([], as_json)
        return
    questions = sum(item.is_question for item in found.order)
    print(f"{found.url} {found.version}: sound, {questions} questions, "
          f"languages {', '.join(found.languages)}")


def _tell(faults: list[Mapping[str, Any]], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"faults": faults}, ensure_ascii=False, indent=1))
        return
    table = Table("linkId", "field", "expected", "found", title=f"{len(faults)} faults")
    for fault in faults:
        found = "" if fault["found"] is None else repr(fault["found"])
        table.add_row(*(escape(str(each)) for each in (
            fault["link_id"], fault["field"], fault["expected"], found)))
    Console().print(table)


@questionnaire_app.command("import")
def import_(file: File) -> None:
    """Publish a questionnaire; campaigns of a withdrawn version of it go on with this one."""
    from aftercall.house import running_database
    from followup.questionnaires.fhir import load_questionnaire
    from followup.questionnaires.library import publish

    questionnaire = load_questionnaire(file.read_bytes())
    settings = settings_for()

    async def work() -> str:
        async with running_database(settings, say) as (database, _):
            async with database.session() as session:
                row = await publish(session, questionnaire)
            await _prepare(database, settings, row)
            return f"{row.url} {row.version} {row.status.value}"

    print(run(work()))


@questionnaire_app.command()
def export(url: str, version: Annotated[str, typer.Option(help="Else the newest one.")] = "",
           output: Annotated[Path | None, typer.Option(help="Else stdout.")] = None) -> None:
    """Write a questionnaire as FHIR: what was imported, with the status it has now."""
    from aftercall.house import running_database
    from followup.questionnaires.library import exported, get_version

    async def work() -> dict[str, Any]:
        async with running_database(settings_for(), say) as (database, _), \
                database.session() as session:
            return exported(await get_version(session, url, version))

    _write(json.dumps(run(work()), ensure_ascii=False, indent=1), output)


@questionnaire_app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Every version there is, and how many patients wait for a successor of a withdrawn one."""
    from aftercall.house import running_database
    from followup.questionnaires.library import shelf

    async def work() -> list[dict[str, Any]]:
        async with running_database(settings_for(), say) as (database, _), \
                database.session() as session:
            return [{"url": each.row.url, "version": each.row.version,
                     "status": each.row.status.value, "title": each.row.title,
                     "waiting": each.waiting} for each in await shelf(session)]

    found = run(work())
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return
    table = Table("url", "version", "status", "title", "waiting")
    for each in found:
        table.add_row(*(escape(str(value)) for value in each.values()))
    Console().print(table)


@questionnaire_app.command()
def withdraw(url: str, version: str) -> None:
    """Take a version out of use: who has begun it finishes it, nobody begins it any more."""
    from aftercall.house import running_database
    from followup.errors import NotFound
    from followup.questionnaires.library import get_active, shelf
    from followup.questionnaires.library import withdraw as take_out

    settings = settings_for()

    async def work() -> str:
        async with running_database(settings, say) as (database, _):
            async with database.session() as session:
                row = await take_out(session, url, version)
                waiting = {each.row.id: each.waiting for each in await shelf(session)}[row.id]
                try:
                    successor = await get_active(session, url)
                except NotFound:
                    return (f"{url} {version} is withdrawn; "
                            f"{waiting} patients wait for a new version")
            await _prepare(database, settings, successor)
            return f"{url} {version} is withdrawn; {successor.version} is in force"

    print(run(work()))


async def _prepare(database: Any, settings: Any, row: Any) -> None:
    """Render the prompts of the campaigns that are held with this version now."""
    from sqlalchemy import select

    from aftercall.house import prompt_book
    from followup.campaigns.models import Campaign, CampaignState
    from ivr.prompts.preparation import prepare_prompts

    async with database.session() as session:
        campaigns = (await session.scalars(select(Campaign.id).where(
            Campaign.questionnaire_id == row.id,
            Campaign.state.in_((CampaignState.RUNNING, CampaignState.PAUSED))))).all()
    if campaigns:
        say("rendering prompts")
        book = prompt_book(settings, say)
        for campaign in campaigns:
            await prepare_prompts(database, book, settings, campaign)


@response_app.command("export")
def export_responses(
        campaign: Annotated[str, typer.Option(help="Only those of this campaign.")] = "",
        mrn: Annotated[str, typer.Option(help="Only those of this patient.")] = "",
        output: Annotated[Path | None, typer.Option(help="Else stdout.")] = None) -> None:
    """Write responses as FHIR QuestionnaireResponse, one a line (NDJSON)."""
    from aftercall.house import running_database
    from followup.people import audit
    from followup.responses.exchange import exported, responses
    from followup.responses.models import Response

    async def work() -> list[str]:
        lines = []
        async with running_database(settings_for(), say) as (database, _), \
                database.session() as session:
            for response_id in await responses(session, campaign=campaign, mrn=mrn):
                response = await session.get_one(Response, response_id)
                lines.append(json.dumps(await exported(session, response), ensure_ascii=False))
            audit.record(session, audit.EXPORT_RESPONSES, actor="system", subject=campaign,
                         count=len(lines))
        return lines

    lines = run(work())
    _write("\n".join(lines), output)
    say(f"{len(lines)} responses")


def _write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text + "\n" if text else "")
        return
    try:
        output.write_text(text + "\n" if text else "", "utf-8")
    except OSError as error:
        raise InvalidInput(f"output = {str(output)!r}: {error.strerror}", field="output",
                           expected="a file that can be written") from error
