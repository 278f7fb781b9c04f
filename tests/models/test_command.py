"""``aftercall models`` as it is typed, and what doctor and calls make of what is installed."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from aftercall import cli
from aftercall.doctor import Status, examine
from aftercall.models import command
from aftercall.models.catalogue import Entry, catalogue
from aftercall.models.manifest import FILE
from aftercall.models.store import ModelStore
from aftercall.models.use import fit_models
from aftercall.roles.agi import open_voice
from followup.errors import AftercallError
from followup.settings import load_settings
from ivr.recognition.engines import load
from ivr.understanding.grammar import Grammar
from tests.models.shelf import SHARED, Shelf, tarred, vosk_files, write, zipped

needs_model = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/models is not there")


def type_in(*words: str) -> tuple[int, str]:
    """Exit code and what was printed; our own errors as `main` tells them."""
    result = CliRunner().invoke(cli.app, ["models", *words])
    if isinstance(result.exception, AftercallError):
        return 2, str(result.exception)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture
def known(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> Entry:
    """A catalogue of one model, on the shelf."""
    entry = shelf.offer("vosk-model-tiny", zipped(vosk_files()))
    monkeypatch.setattr(command, "catalogue", lambda: (entry,))
    return entry


def state(name: str) -> str:
    _, told = type_in("list", "--json")
    return next(str(row["state"]) for row in json.loads(told) if row["name"] == name)


def test_a_model_is_listed_fetched_verified_and_removed(known: Entry, store: ModelStore,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    assert state(known.name) == ""
    code, told = type_in("fetch", "--language", "zh")
    assert (code, f"{known.name} is installed for zh" in told) == (0, True)
    assert state(known.name) == "installed, verified"
    monkeypatch.setenv("AFTERCALL_SPEECH__ENABLED", "true")
    assert state(known.name) == "in use, verified"
    assert type_in("verify") == (0, f"{known.name}: 4 files as installed\n")
    code, told = type_in("remove", known.name)
    assert (code, "zh is answered by keys" in " ".join(told.split())) == (0, True)
    assert store.installed() == []
    assert state(known.name) == ""


@pytest.mark.parametrize(("harm", "told"), [
    (lambda folder: (folder / "am/final.mdl").write_bytes(
        b"\0" + vosk_files()["am/final.mdl"][1:]), "am/final.mdl: changed"),
    (lambda folder: (folder / "graph/HCLr.fst").unlink(), "graph/HCLr.fst: missing"),
    (lambda folder: (folder / "more").write_bytes(b""), "more: was not there"),
])
async def test_a_changed_byte_is_found_and_the_language_left_to_keys(
        known: Entry, store: ModelStore, monkeypatch: pytest.MonkeyPatch, harm: Any,
        told: str) -> None:
    store.install(lambda folder: write(folder, vosk_files()) and None, _origin(known))
    monkeypatch.setenv("AFTERCALL_SPEECH__ENABLED", "true")
    settings = load_settings()
    assert set(fit_models(settings).models) == {"en", "zh"}
    harm(store.folder / "zh")
    assert type_in("verify", known.name) == (1, f"{known.name}: {told}\n")
    assert state(known.name) == f"not as installed: {told}"
    fit = fit_models(settings)
    assert (set(fit.models), fit.unfit) == ({"en"}, {"zh": told})
    found = next(one for one in await examine(settings) if one.name == "speech models")
    assert found.status is Status.FAIL
    assert "zh: keys only" in found.seen
    assert told in found.seen
    assert "aftercall models fetch --language zh --replace" in found.what_to_do


async def test_calls_go_on_by_keys_where_a_model_is_unfit(known: Entry, store: ModelStore,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    store.install(lambda folder: write(folder, vosk_files()) and None, _origin(known))
    (store.folder / "zh" / FILE).write_text("{")
    monkeypatch.setenv("AFTERCALL_SPEECH__ENABLED", "true")
    async with open_voice(load_settings()) as voice:
        assert voice is not None
        assert voice.hearing.languages == {"en"}


async def test_doctor_names_the_languages_without_a_model_and_how_to_get_one(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERCALL_SPEECH__ENABLED", "true")
    monkeypatch.setenv("AFTERCALL_PROMPTS__LANGUAGES", '["zh", "yue", "en"]')
    found = next(one for one in await examine(load_settings()) if one.name == "speech models")
    assert (found.status, found.seen) == (
        Status.WARN, "zh: keys only; yue: keys only; en: pocketsphinx")
    assert "`aftercall models fetch --language zh`" in found.what_to_do
    assert "no model for yue is known" in found.what_to_do


def test_a_model_put_there_by_hand_is_named_by_its_language(store: ModelStore) -> None:
    write(store.folder / "zh", vosk_files())
    assert state("zh") == "installed, not verified"
    code, told = type_in("verify")
    assert (code, "put there by hand" in told) == (0, True)
    assert type_in("remove", "zh")[0] == 0
    assert store.installed() == []


def test_a_model_from_a_stick_is_added(store: ModelStore, tmp_path: Path) -> None:
    packed = tarred(vosk_files())
    (tmp_path / "stick.tar.gz").write_bytes(packed)
    words = ["add", str(tmp_path / "stick.tar.gz"), "--language", "yue", "--sha256"]
    assert "expected " + "0" * 64 in type_in(*words, "0" * 64)[1]
    assert store.installed() == []
    code, told = type_in(*words, hashlib.sha256(packed).hexdigest())
    assert (code, "stick is installed for yue" in told) == (0, True)


def test_what_was_half_fetched_can_be_thrown_away(known: Entry, shelf: Shelf,
                                                  store: ModelStore) -> None:
    shelf.breaks = [300_000, 0, 0, 0]
    assert type_in("fetch", known.name)[0] == 2
    assert type_in("remove", known.name)[0] == 0
    assert not list((store.folder / ".downloads").iterdir())


@pytest.mark.parametrize(("words", "told"), [
    (["fetch"], "either a model's name or --language"),
    (["fetch", "x", "--language", "zh"], "either a model's name or --language"),
    (["fetch", "../../etc"], "expected one of vosk-model-tiny"),
    (["fetch", "--language", "fr"], "expected zh, en, yue"),
    (["fetch", "--language", "yue"], "models add"),
    (["fetch", "vosk-model-tiny", "--from", "file:///etc"], "expected an address"),
    (["remove", "../zh"], "not installed"),
    (["verify", "vosk-model-tiny"], "not installed"),
    (["add", ".", "--language", "zh", "--sha256", "0" * 64], "a folder has none"),
    (["add", ".", "--language", "zh", "--name", "../x"], "expected letters"),
])
@pytest.mark.usefixtures("known")
def test_each_wrong_word_is_told_with_what_was_expected(words: list[str], told: str) -> None:
    code, output = type_in(*words)
    assert code == 2
    assert told in output


def test_the_catalogue_is_of_safe_addresses_and_true_hashes() -> None:
    assert {entry.language for entry in catalogue()} == {"zh", "en"}
    for entry in catalogue():
        assert entry.url.startswith("https://")
        assert entry.pinned or entry.name == "vosk-model-cn-0.22"
    for name, folder in (("cmusphinx-zh-8k", "zh-8k"), ("cmusphinx-en-8k", "en-8k")):
        for part in next(entry for entry in catalogue() if entry.name == name).files:
            if (SHARED / folder).is_dir():
                content = (SHARED / folder / part.name).read_bytes()
                assert (len(content), hashlib.sha256(content).hexdigest()) == (part.size,
                                                                               part.sha256)


def _origin(entry: Entry) -> Any:
    from aftercall.models.store import Origin
    return Origin(entry.name, entry.language, entry.url, compared=True)


def start(shelf: Shelf, *more: str) -> subprocess.Popen[str]:
    """The program itself, fetching a real model from the shelf as from a mirror."""
    return subprocess.Popen(
        [sys.executable, "-m", "aftercall", "models", "fetch", "cmusphinx-zh-8k", "--from",
         shelf.url, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "COLUMNS": "200"},
        # what a shell starts in the background ignores Ctrl-C, and so would the program
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))


@pytest.fixture
def real(shelf: Shelf) -> Shelf:
    """A mirror with the real model on it."""
    for path in (SHARED / "zh-8k").iterdir():
        shelf.files[f"/cmusphinx-zh-8k/{path.name}"] = path.read_bytes()
    return shelf


@needs_model
def test_a_real_model_is_fetched_by_the_program_and_can_be_loaded(real: Shelf,
                                                                  store: ModelStore) -> None:
    program = start(real)
    output, said = program.communicate(timeout=60)
    assert (program.returncode, output) == (0, "cmusphinx-zh-8k is installed for zh\n"), said
    model = fit_models(load_settings()).models["zh"]
    phrases = ("是的", "不是")
    assert load(model).hear(Grammar("zh", phrases), bytes(16_000))[0] in (*phrases, "")


@needs_model
def test_ctrl_c_leaves_nothing_half_installed_and_the_next_try_goes_on(real: Shelf,
                                                                       store: ModelStore) -> None:
    real.hold.clear()
    program = start(real)
    assert real.half_way.wait(30)
    program.send_signal(signal.SIGINT)
    _, said = program.communicate(timeout=30)
    assert program.returncode == 130
    assert "the same command goes on" in said
    assert "Traceback" not in said
    assert store.installed() == []
    real.hold.set()
    again = start(real)
    assert again.wait(60) == 0, again.communicate()
    again.communicate()
    assert store.find("cmusphinx-zh-8k").language == "zh"


@needs_model
def test_a_second_process_waits_and_finds_the_work_done(real: Shelf, store: ModelStore) -> None:
    real.hold.clear()
    first = start(real)
    assert real.half_way.wait(30)
    second = start(real)
    assert second.stderr is not None
    while "waiting for another process" not in (line := second.stderr.readline()):
        assert line, "the second process did not wait"
    real.hold.set()
    assert first.wait(60) == 0
    _, said = second.communicate(timeout=60)
    first.communicate()
    assert (second.returncode, "is there already" in said) == (0, True)
    assert len(real.seen) == len(real.files)          # each file was fetched once
