"""Checks of this machine: folders, disk, secrets, voices."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from functools import partial
from pathlib import Path

from aftercall.doctor import sounds
from aftercall.doctor.result import Check, Result, fail, ok, warn
from aftercall.models.catalogue import catalogue, usual
from aftercall.models.use import fit_models
from followup.secrets import FILE, check_mode, read_secrets
from followup.settings import Settings

GB = 1_000_000_000
LEAST_FREE = GB              # below: calls go on, recordings will soon be lost
WANTED_FREE = 10 * GB
_RECORDING = 2 * 8_000 * 2   # bytes a second: two legs, 8 kHz, 16 bit


def machine_checks(settings: Settings) -> list[Check]:
    """Everything that can be seen without any other part running."""
    folders = {"data folder": settings.data_dir, "recordings folder": settings.recordings_dir,
               "spool folder": settings.spool_dir}
    return [
        Check("settings", lambda: _settings(settings)),
        *(Check(name, partial(asyncio.to_thread, _folder, name, path),
                "check the folder's owner and mode, and that the disk is not read-only")
          for name, path in folders.items()),
        Check("disk space", lambda: asyncio.to_thread(_disk, settings.data_dir)),
        Check("secrets", lambda: asyncio.to_thread(_secrets, settings)),
        Check("sounds", lambda: asyncio.to_thread(sounds.sounds, settings)),
        Check("voice", lambda: asyncio.to_thread(sounds.voice, settings)),
        Check("speech synthesis", lambda: asyncio.to_thread(sounds.synthesis, settings),
              "install espeak-ng, or run `make demo` once, which fetches it"),
        Check("speech models", lambda: _models(settings)),
    ]


async def _settings(settings: Settings) -> Result:
    seen = (f"{len(settings.nodes)} node(s), {settings.trunk.channels} trunk channels, "
            f"{len(settings.agents)} agent(s), data in {settings.data_dir}")
    if not settings.agents:
        return warn("settings", f"{seen}; nobody can take over a call",
                    "add an [[agents]] table with extension and name for each headset")
    return ok("settings", seen)


def _folder(name: str, path: Path) -> Result:
    where = next(folder for folder in (path, *path.parents) if folder.exists())
    with tempfile.TemporaryFile(dir=where) as file:      # an OSError tells what is wrong
        file.write(b"aftercall")
        file.flush()
    return ok(name, f"{path} can be written" if where == path else
              f"{path} is made on first use; {where} can be written")


def _disk(folder: Path) -> Result:
    where = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(where).free
    seen = (f"{free / GB:.1f} GB free on {where}, {free / _RECORDING / 3600:.0f} hours of "
            "recordings")
    todo = "free some space, move the data folder, or shorten how long recordings are kept"
    if free < LEAST_FREE:
        return fail("disk space", seen, todo)
    return warn("disk space", seen, todo) if free < WANTED_FREE else ok("disk space", seen)


def _secrets(settings: Settings) -> Result:
    path = settings.data_dir / FILE
    if not path.exists():
        return warn("secrets", "not made yet", "start Aftercall once: `aftercall up`")
    check_mode(path)
    found = read_secrets(settings.data_dir)
    missing = [agent.extension for agent in settings.agents
               if found is None or agent.extension not in found.agents]
    if missing:
        return warn("secrets", f"no SIP password yet for {', '.join(missing)}",
                    "restart `aftercall up`, which makes it")
    return ok("secrets", f"{path}, readable by its owner alone")


async def _models(settings: Settings) -> Result:
    languages = settings.prompts.languages
    if not settings.speech.enabled:
        return ok("speech models", f"not in use ({', '.join(languages)}): patients answer by "
                                   "keypress; speech.enabled lets them speak")
    fit = await asyncio.to_thread(fit_models, settings)
    seen = "; ".join(f"{language}: {fit.models[language].engine}" if language in fit.models
                     else f"{language}: keys only" for language in languages)
    if fit.unfit:
        told = "; ".join(f"{language}: {fault}" for language, fault in fit.unfit.items())
        return fail("speech models", f"{seen}; {told}", "; ".join(
            f"correct speech.models.{language}" if language in settings.speech.models
            else _get_model(language, "--replace") for language in fit.unfit))
    deaf = [language for language in languages if language not in fit.models]
    if not deaf:
        return ok("speech models", seen)
    return warn("speech models", seen, "; ".join(map(_get_model, deaf)))


def _get_model(language: str, *options: str) -> str:
    """How to come by a model."""
    if usual(language, catalogue()) is None:
        return (f"no model for {language} is known to us: `aftercall models add` takes in one of "
                "your own")
    return " ".join([f"`aftercall models fetch --language {language}", *options]) + "`"
