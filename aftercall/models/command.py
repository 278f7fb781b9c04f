"""``aftercall models``: list, fetch, add, verify and remove speech models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from aftercall.models.catalogue import Address, Entry, ModelName, catalogue, find, usual
from aftercall.models.fetch import add, fetch
from aftercall.models.store import LANGUAGES, Installed, ModelStore, check_model
from followup.errors import InvalidInput
from followup.settings import Language, Settings, load_settings

models_app = typer.Typer(no_args_is_help=True,
                         help="Speech models, by which patients are heard.")
err = Console(stderr=True)

LanguageOption = Annotated[str | None, typer.Option("--language", help="zh, en or yue.")]
Sha256 = Annotated[str | None, typer.Option("--sha256", help="The archive must have this one.")]
Replace = Annotated[bool, typer.Option("--replace", help="Put it in the place of the language's "
                                                         "present model.")]
RESTART = "a restart of Aftercall takes it into use"


@models_app.command("list")
def list_models(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Show the models that can be fetched and those that are installed."""
    settings = load_settings()
    rows = _rows(settings)
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    table = Table(show_edge=False, pad_edge=False)
    for title in ("language", "model", "for", "size", "licence", "state"):
        table.add_column(title, overflow="fold", no_wrap=title == "model")
    for row in rows:
        size = f"{row['bytes'] / 1e6:,.0f} MB" if row["bytes"] else ""
        table.add_row(*(Text(str(value)) for value in (
            row["language"], row["name"], row["engine"], size, row["licence"], row["state"])))
    Console().print(table)
    if not settings.speech.enabled:
        _say("speech.enabled is false: patients answer by keypress")


@models_app.command("fetch")
def fetch_model(name: Annotated[str | None, typer.Argument(help="See `models list`.")] = None,
                language: LanguageOption = None, sha256: Sha256 = None,
                mirror: Annotated[str | None, typer.Option(
                    "--from", help="Address of a mirror; else speech.models_url.")] = None,
                replace: Replace = False) -> None:
    """Fetch a model, compare its hash, and install it; goes on where it was broken off."""
    settings = load_settings()
    entry = _chosen(name, language)
    mirror = _address(mirror) if mirror else settings.speech.models_url
    _say(f"{entry.name} for {entry.language}, licence {entry.licence}")
    with _bar() as bar:
        task = bar.add_task(entry.name, total=entry.bytes)

        def show(file: str, done: int, total: int) -> None:
            bar.update(task, description=file, completed=done, total=total)

        try:
            model = fetch(_store(settings), entry, say=_say, progress=show, sha256=sha256,
                          mirror=mirror, replace=replace)
        except KeyboardInterrupt:
            bar.stop()
            _say("stopped; the same command goes on from here")
            raise typer.Exit(130) from None
    _tell(model, settings)


@models_app.command("add")
def add_model(source: Annotated[Path, typer.Argument(help="A zip, a tar.gz or a folder.",
                                                     exists=True)],
              language: Annotated[str, typer.Option("--language", help="zh, en or yue.")],
              name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
              sha256: Sha256 = None, replace: Replace = False) -> None:
    """Install a model that somebody brought on a stick."""
    settings = load_settings()
    model = add(_store(settings), source, _language(language), say=_say, sha256=sha256,
                name=_model_name(name) if name else None, replace=replace)
    _tell(model, settings)


@models_app.command("verify")
def verify_models(name: Annotated[str | None, typer.Argument()] = None) -> None:
    """Hold every byte of the installed models against what was installed; 1 if one differs."""
    store = _store(load_settings())
    chosen = [store.find(name)] if name else store.installed()
    ill = False
    for model in chosen:
        wrong = check_model(model)
        ill = ill or bool(wrong)
        for line in wrong:
            print(f"{model.name}: {line}")
        if not wrong:
            print(f"{model.name}: " + (f"{len(model.manifest.files)} files as installed"
                                       if model.manifest else "put there by hand, nothing to "
                                       "compare it with; `aftercall models add` would note it"))
    if not chosen:
        _say("no model is installed")
    raise typer.Exit(int(ill))


@models_app.command("remove")
def remove_model(name: str) -> None:
    """Remove an installed model, or what has been fetched of one."""
    store = _store(load_settings())
    with store.locked(_say):
        if store.forget(name):
            _say(f"what had been fetched of {name} is removed")
            if name not in [model.name for model in store.installed()]:
                return
        model = store.find(name)
        store.remove(model)
    _say(f"{model.name} is removed; from the next start on, {model.language} "
         f"{'has the small model built in' if model.language == 'en' else 'is answered by keys'}")


def _rows(settings: Settings) -> list[dict[str, Any]]:
    """Every model of the catalogue and of the folder, by language."""
    store = _store(settings)
    here = {model.language: model for model in store.installed()}
    rows = []
    for language in LANGUAGES:
        model = here.get(language)
        entries = [entry for entry in catalogue() if entry.language == language]
        if model and model.name not in [entry.name for entry in entries]:
            rows.append(_row(language, model.name, model.manifest.engine if model.manifest else "",
                             sum(kept.size for kept in model.manifest.files.values())
                             if model.manifest else None,
                             model.manifest.licence if model.manifest else "",
                             _state(settings, model)))
        rows += [_row(language, entry.name, entry.engine, entry.bytes, entry.licence,
                      _state(settings, model) if model and model.name == entry.name
                      else "" if entry.pinned else "needs --sha256") for entry in entries]
        if folder := settings.speech.models.get(language):
            rows.append(_row(language, str(folder), "", None, "",
                             "in use" if settings.speech.enabled else "chosen"))
        if language == "en" and not model and language not in settings.speech.models:
            rows.append(_row("en", "en-us, built in", "pocketsphinx", None, "",
                             "in use" if settings.speech.enabled else "there"))
    return rows


def _row(language: str, name: str, engine: str, size: int | None, licence: str,
         state: str) -> dict[str, Any]:
    return {"language": language, "name": name, "engine": str(engine), "bytes": size,
            "licence": licence, "state": state}


def _state(settings: Settings, model: Installed) -> str:
    wrong = check_model(model)
    if wrong:
        return f"not as installed: {wrong[0]}"
    verified = "verified" if model.manifest else "not verified"
    used = settings.speech.enabled and model.language not in settings.speech.models
    return f"{'in use' if used else 'installed'}, {verified}"


def _chosen(name: str | None, language: str | None) -> Entry:
    if (name is None) == (language is None):
        raise InvalidInput("expected either a model's name or --language", field="name")
    if name is not None:
        return find(name, catalogue())
    wanted = _language(language or "")
    entry = usual(wanted, catalogue())
    if entry is None:
        raise InvalidInput(f"language = {wanted!r}: no model for it is known to us; "
                           "`aftercall models add` takes in one of your own", field="language")
    return entry


def _language(value: str) -> Language:
    for language in LANGUAGES:
        if value == language:
            return language
    raise InvalidInput(f"language = {value!r}: expected {', '.join(LANGUAGES)}",
                       field="language", expected=", ".join(LANGUAGES))


def _address(value: str) -> str:
    try:
        return str(TypeAdapter(Address).validate_python(value.rstrip("/")))
    except ValidationError:
        raise InvalidInput("--from: expected an address such as https://mirror.example/models",
                           field="from") from None


def _model_name(value: str) -> str:
    try:
        return str(TypeAdapter(ModelName).validate_python(value))
    except ValidationError:
        raise InvalidInput(f"name = {value[:80]!r}: expected letters, digits, . _ and -",
                           field="name") from None


def _store(settings: Settings) -> ModelStore:
    return ModelStore(settings.models_dir)


def _bar() -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(),
                    TransferSpeedColumn(), TimeRemainingColumn(), console=err, transient=True)


def _tell(model: Installed, settings: Settings) -> None:
    print(f"{model.name} is installed for {model.language}")
    if not settings.speech.enabled:
        _say("set enabled = true in [speech] to let patients speak")
    elif model.language in settings.speech.models:
        _say(f"speech.models.{model.language} names another folder, which goes first")
    else:
        _say(RESTART)


def _say(line: str) -> None:
    err.print(f"[dim]·[/dim] {line}", highlight=False)
