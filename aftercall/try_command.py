"""``aftercall try``: a questionnaire in the terminal, as a patient would hear it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from followup.errors import InvalidInput
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE
from ivr.conversation import Context
from ivr.rehearsal import HANG_UP, Rehearsal

HELP = ("keys: 1, 36*8#, 0 …; words as they are; an empty line is silence; "
        f"{HANG_UP} hangs up")


def try_questionnaire(
        questionnaire: Annotated[str, typer.Argument(
            help="A FHIR Questionnaire (JSON file), or the name of a sample: post-discharge.")],
        lang: Annotated[str, typer.Option(help="zh, en or yue.")] = "zh",
        name: Annotated[str, typer.Option(help="The patient's name.")] = "张三",
        department: Annotated[str, typer.Option(help="Where the patient was.")] = "骨科",
        born: Annotated[int, typer.Option(help="The patient's year of birth.")] = 1957,
        agents: Annotated[bool, typer.Option(help="Somebody takes over when needed.")] = False,
        script: Annotated[Path | None, typer.Option(
            help="Read the patient's lines from this file.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False,
) -> None:
    """Hold a conversation in the terminal: no telephone, no database."""
    screen = Console(stderr=as_json, highlight=False)
    hospital = {"zh": "和安医院", "yue": "和安医院", "en": "Hean Hospital"}
    now = datetime.now()                               # noqa: DTZ005  the terminal's
    context = Context(hospital, name, department, lang,
                      today=now.date().isoformat(), birth_year=born,
                      now=now.isoformat(timespec="minutes"))
    asked = load_questionnaire(_read(questionnaire))
    if lang not in asked.languages:
        screen.print(f"the questionnaire has no texts in {lang}: {asked.languages[0]} is spoken",
                     style="dim", markup=False)
    rehearsal = Rehearsal(asked, context, agents)
    lines = _lines(script, screen)
    said = rehearsal.start()
    while True:
        for text in said:
            screen.print(text, style="green" if text.startswith("=") else "dim"
                         if text.startswith("(") else "", markup=False)
        if rehearsal.end is not None:
            break
        said = rehearsal.type(next(lines, HANG_UP))
    if as_json:
        sys.stdout.write(json.dumps(rehearsal.report(), ensure_ascii=False, indent=1) + "\n")
        return
    table = Table(title=f"{rehearsal.end.outcome.value}"
                        f"{', complete' if rehearsal.end.complete else ''}")
    for column in ("linkId", "answer", "heard", "by", "finding"):
        table.add_column(column)
    for link_id, answer in ((name, one) for name, given in rehearsal.answers.items()
                            for one in given):
        table.add_row(*map(escape, (
            link_id, rehearsal.shown(answer), answer.heard, answer.given_by.value,
            answer.hit.severity.value if answer.hit else "")))
    screen.print(table)
    for each in rehearsal.scores():
        name = each.score.text.get(lang) or each.score.link_id or "score"
        left = f" (incomplete: {', '.join(each.missing)})" if each.missing else ""
        screen.print(f"{name}: {each.value.normalize():f}{left}", markup=False)


def _read(questionnaire: str) -> bytes:
    for path in (Path(questionnaire), POST_DISCHARGE.parent / f"{questionnaire}.json"):
        if path.is_file():
            return path.read_bytes()
    samples = ", ".join(sorted(path.stem for path in POST_DISCHARGE.parent.glob("*.json")))
    expected = f"a JSON file, or one of the samples: {samples}"
    raise InvalidInput(f"questionnaire: expected {expected}; there is no file {questionnaire}",
                       field="questionnaire", expected=expected)


def _lines(script: Path | None, screen: Console) -> Iterator[str]:
    """What the patient does, line by line; InvalidInput at once where ``script`` cannot be read."""
    if script is None:
        return _typed(screen)
    try:
        lines = script.read_text("utf-8-sig").splitlines()      # some editors put a mark in front
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{script} cannot be read", field="script",
                           expected="a text file, one line each time the patient acts"
                           ) from error
    return _played(lines, screen)


def _played(lines: list[str], screen: Console) -> Iterator[str]:
    for line in lines:
        screen.print(f"> {line}", style="cyan", markup=False)
        yield line


def _typed(screen: Console) -> Iterator[str]:
    screen.print(HELP, style="dim")
    while True:
        try:
            yield screen.input("> ")
        except (EOFError, KeyboardInterrupt):
            return
