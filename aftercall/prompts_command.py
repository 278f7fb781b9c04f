"""``aftercall prompts``: what is still to be recorded, and recordings coming in and going out."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from aftercall.terminal import actor
from followup.errors import InvalidInput
from followup.log import configure
from followup.people import audit
from followup.questionnaires.definition import Questionnaire
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE, SAMPLES
from followup.settings import Settings, load_settings
from ivr.prompts.book import PromptBook
from ivr.prompts.fixed import is_fixed, write_fixed
from ivr.prompts.inventory import Entry, find, inventory, to_csv
from ivr.prompts.voice import EspeakVoice

prompts_app = typer.Typer(no_args_is_help=True,
                          help="What patients hear: recordings that are missing, and new ones.")

PromptId = Annotated[str, typer.Argument(metavar="ID", help="A prompt, e.g. greeting.")]
Spoken = Annotated[str, typer.Option("--language", help="zh, en or yue.")]
Chosen = Annotated[list[str] | None, typer.Option(
    "--questionnaire", help="A JSON file, or the name of a sample; may repeat. Else those of the "
    "database, or the sample where it does not run.")]

err = Console(stderr=True, highlight=False)


@prompts_app.command("missing")
def missing(
        language: Annotated[list[str] | None, typer.Option(
            help="zh, en or yue; may repeat. Else prompts.languages of the settings.")] = None,
        questionnaire: Chosen = None,
        campaign: Annotated[str | None, typer.Option(
            help="Only what this campaign's questionnaire says.")] = None,
        csv: Annotated[Path | None, typer.Option(
            "--csv", help="Write the list for the studio to this file.")] = None,
        everything: Annotated[bool, typer.Option(
            "--all", help="Also what is recorded, or cannot be.")] = False) -> None:
    """List what nobody has recorded, or has no sound at all (then the exit code is 1)."""
    settings = _settings()
    languages = language or list(settings.prompts.languages)
    for each in languages:
        _check_language(each)
    known = _questionnaires(settings, questionnaire, campaign)
    book = _book(settings)
    found = [entry for each in languages
             for entry in inventory(book, each, known, settings.hospital_names)]
    shown = [entry for entry in found if everything or entry.missing]
    if csv is not None:
        csv.write_bytes(to_csv(shown))
        err.print(f"{len(shown)} prompts in {csv}", markup=False)
    else:
        Console().print(_table(shown))
    for each in languages:
        of_it = [entry for entry in found if entry.language == each]
        err.print(f"{each}: {_count(of_it, 'recorded')} recorded, {_count(of_it, 'outdated')} "
                  f"outdated, {_count(of_it, 'spoken')} spoken by the voice, "
                  f"{_count(of_it, 'silent')} without any sound", markup=False)
    raise typer.Exit(int(any(entry.state == "silent" for entry in found)))


@prompts_app.command("add")
def add(prompt_id: PromptId, file: Annotated[Path, typer.Argument(
            help="WAV of any kind; others need ffmpeg.", exists=True, dir_okay=False)],
        language: Spoken = "zh", by: Annotated[str, typer.Option(
            help="Who has recorded it; else the user at this terminal.")] = "",
        questionnaire: Chosen = None) -> None:
    """Take a recording for a prompt; the next call plays it."""
    settings, entry = _entry(prompt_id, language, questionnaire)
    if not entry.recordable:
        raise InvalidInput(f"id = {prompt_id!r}: its text holds {', '.join(entry.variables)}, "
                           "which differs from call to call: only the voice can speak it",
                           field="id", expected="a prompt without variables")
    book = _book(settings, speaking=is_fixed(prompt_id))
    book.recordings.add(prompt_id, language, file.read_bytes(), by=by or getpass.getuser(),
                        text=entry.text, field=str(file))
    _taken_up(book, settings, entry)
    err.print(f"{prompt_id} ({language}) is heard from the next call on: {entry.text}",
              markup=False)
    asyncio.run(_write_down(settings, audit.ADD_PROMPT, prompt_id, language))


@prompts_app.command("remove")
def remove(prompt_id: PromptId, language: Spoken = "zh", questionnaire: Chosen = None) -> None:
    """Remove a recording; the voice speaks again."""
    settings = _settings()
    _check_language(language)
    book = _book(settings, speaking=is_fixed(prompt_id))
    if not book.recordings.remove(prompt_id, language):
        raise InvalidInput(f"id = {prompt_id!r}: nobody has recorded it in {language}", field="id",
                           expected="a prompt that is recorded")
    if is_fixed(prompt_id):
        write_fixed(book, language, settings.hospital_names)
    err.print(f"{prompt_id} ({language}) is spoken by the voice again", markup=False)
    asyncio.run(_write_down(settings, audit.REMOVE_PROMPT, prompt_id, language))


@prompts_app.command("export")
def export(prompt_id: PromptId, file: Annotated[Path, typer.Argument(help="A WAV to write.")],
           language: Spoken = "zh", questionnaire: Chosen = None) -> None:
    """Write what a patient hears, with sample values in it, to a file."""
    settings, entry = _entry(prompt_id, language, questionnaire)
    book = _book(settings, speaking=True)
    for each in _questionnaires(settings, questionnaire, None):
        book.learn(each)
    file.write_bytes(book.render(entry.prompt).read_bytes())
    err.print(book.text(entry.prompt), markup=False)


# --- what the commands share -------------------------------------------------------------------

def _settings() -> Settings:
    settings = load_settings()
    configure("warning", settings.log.format)
    return settings


def _book(settings: Settings, speaking: bool = False) -> PromptBook:
    """``speaking``: with voices that work; looking at what there is needs none."""
    if speaking:
        from aftercall.prompt_book import prompt_book

        return prompt_book(settings, lambda line: err.print(f"· {line}", markup=False))
    return PromptBook(settings.sounds_dir, settings.human_prompts_dir, EspeakVoice(()))


def _entry(prompt_id: str, language: str,
           questionnaire: Sequence[str] | None) -> tuple[Settings, Entry]:
    settings = _settings()
    _check_language(language)
    known = _questionnaires(settings, questionnaire, None)
    return settings, find(inventory(_book(settings), language, known, settings.hospital_names),
                          prompt_id)


def _taken_up(book: PromptBook, settings: Settings, entry: Entry) -> None:
    """Made fit for the telephone now, so that no call waits for it."""
    if is_fixed(entry.id):
        write_fixed(book, entry.language, settings.hospital_names)
    else:
        book.fit(entry.id, entry.language)


def _check_language(language: str) -> None:
    if language not in ("zh", "en", "yue"):
        raise InvalidInput(f"language = {language!r}: expected zh, en or yue", field="language",
                           expected="zh, en or yue")


def _questionnaires(settings: Settings, chosen: Sequence[str] | None,
                    campaign: str | None) -> list[Questionnaire]:
    if chosen:
        return [load_questionnaire(_file(name).read_bytes()) for name in chosen]
    found = asyncio.run(_stored(settings, campaign))
    return found or [load_questionnaire(POST_DISCHARGE.read_bytes())]


def _file(name: str) -> Path:
    for file in (Path(name), SAMPLES / f"{name}.json"):
        if file.is_file():
            return file
    raise InvalidInput(f"questionnaire = {name!r}: expected a file, or one of "
                       f"{', '.join(sorted(sample.stem for sample in SAMPLES.glob('*.json')))}",
                       field="questionnaire", expected="a file or a sample's name")


async def _stored(settings: Settings, campaign: str | None) -> list[Questionnaire]:
    """Those of the database, if it runs; of one campaign when it is named."""
    from sqlalchemy.exc import SQLAlchemyError

    from aftercall.doctor.database import find_database
    from followup.views.prompts import campaign_questionnaire, spoken_questionnaires

    database = await find_database(settings)
    if database is None:
        if campaign:
            raise InvalidInput(f"campaign = {campaign!r}: the database does not run; start "
                               "Aftercall, or name a --questionnaire", field="campaign")
        return []
    try:
        async with database.session() as session:
            if campaign:
                return [await campaign_questionnaire(session, campaign)]
            return await spoken_questionnaires(session)
    except (SQLAlchemyError, OSError):
        if campaign:
            raise
        err.print("· the database does not answer: the sample questionnaire is looked at")
        return []
    finally:
        await database.close()


async def _write_down(settings: Settings, action: str, prompt_id: str, language: str) -> None:
    """A row of the audit trail; the recording counts without one where no database runs."""
    from sqlalchemy.exc import SQLAlchemyError

    from aftercall.doctor.database import find_database

    database = await find_database(settings)
    try:
        if database is not None:
            async with database.session() as session:
                audit.record(session, action, actor=actor(),
                             subject=f"prompt:{language}/{prompt_id}")
            return
    except (SQLAlchemyError, OSError):
        pass
    finally:
        if database is not None:
            await database.close()
    err.print("· the database does not answer: the audit trail does not tell of it")


def _table(entries: Sequence[Entry]) -> Table:
    table = Table()
    for column in ("id", "language", "text", "variables", "state"):
        table.add_column(column, overflow="fold")
    for entry in entries:
        table.add_row(entry.id, entry.language, entry.text, " ".join(entry.variables),
                      entry.state.value)
    return table


def _count(entries: Sequence[Entry], state: str) -> int:
    return sum(entry.state == state for entry in entries)
