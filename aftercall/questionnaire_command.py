"""``aftercall questionnaire`` and ``aftercall response``: FHIR in and out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from aftercall.terminal import language, run, say, settings_for
from followup.errors import InvalidInput

if TYPE_CHECKING:
    from followup.questionnaires.definition import Questionnaire

questionnaire_app = typer.Typer(no_args_is_help=True, help="FHIR questionnaires: check, import, "
                                "export, list, withdraw.")
response_app = typer.Typer(no_args_is_help=True, help="What patients answered, as FHIR.")

File = Annotated[Path, typer.Argument(help="A FHIR R4 Questionnaire in JSON.", exists=True,
                                      dir_okay=False)]
Lang = Annotated[str, typer.Option("--lang", help="zh or en; else the terminal's.")]


@questionnaire_app.command()
def check(file: File, as_json: Annotated[bool, typer.Option("--json")] = False,
          lang: Lang = "") -> None:
    """Say whether a questionnaire can be asked by phone; every fault, with its linkId."""
    from followup.questionnaires.faults import vocabulary

    locale = language(lang)
    found = _sound(file, locale, as_json)
    if as_json:
        print(json.dumps({"faults": []}, indent=1))
        return
    print(vocabulary(locale)["table"]["sound"].format(
        url=found.url, version=found.version, languages=", ".join(found.languages),
        questions=sum(item.is_question for item in found.order)))


def _sound(file: Path, locale: str, as_json: bool = False) -> Questionnaire:
    """The questionnaire of a file; its faults are told, in the operator's language."""
    from followup.questionnaires.faults import UnsoundQuestionnaire, vocabulary
    from followup.questionnaires.fhir import load_questionnaire

    try:
        return load_questionnaire(file.read_bytes())
    except UnsoundQuestionnaire as refused:
        faults = [fault.to_dict(locale) for fault in refused.faults]
    if as_json:
        print(json.dumps({"faults": faults}, ensure_ascii=False, indent=1))
        raise typer.Exit(1)
    words, columns = vocabulary(locale)["table"], ("link_id", "field", "expected", "found")
    table = Table(*(Column(words[name], overflow="fold") for name in columns),
                  title=words["title"].format(count=len(faults)))
    for fault in faults:
        fault["found"] = "" if fault["found"] is None else repr(fault["found"])
        table.add_row(*(escape(str(fault[name])) for name in columns))
    Console().print(table)
    raise typer.Exit(1)


@questionnaire_app.command("import")
def import_(file: File, lang: Lang = "") -> None:
    """Publish a questionnaire; campaigns of a withdrawn version of it go on with this one."""
    from aftercall.house import running_database
    from followup.questionnaires.library import publish

    questionnaire = _sound(file, language(lang))
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

    from aftercall.prompt_book import prompt_book
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
