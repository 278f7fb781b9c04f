"""Where the benchmark of recordings runs: a database, a console, and a hospital on the phone."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession

from aftercall.bench_stage import IvrStage, forget_settings
from aftercall.house import running_database
from aftercall.loopback_ports import free_port
from aftercall.provision.chromium import find_chromium
from aftercall.provision.frontend import find_frontend
from aftercall.provision.paths import Say
from aftercall.provision.sipp import find_sipp
from aftercall.recordings_command import vault_of
from aftercall.supervisor import Part
from bench.recordings import Plan, measure_recordings
from bench.recordings.stage import Console
from followup.database.engine import Database
from followup.settings import Settings, load_settings

START_S = 60.0


async def bench_recordings(plan: Plan, say: Say) -> dict[str, Any]:
    """The benchmark of recordings."""
    sipp = await asyncio.to_thread(find_sipp, say)
    await asyncio.to_thread(find_frontend, say)
    forget_settings()
    with tempfile.TemporaryDirectory(prefix="ac-bench-", ignore_cleanup_errors=True) as folder:
        settings = Settings(data_dir=Path(folder) / "calls", database={"url": None})
        async with running_database(settings, say):
            calls = IvrStage(settings.data_dir, sipp)
            return await measure_recordings(RecordingsStage(Path(folder), calls), plan, say)


@dataclass(frozen=True)
class RecordingsStage:
    """See ``bench.recordings.stage.Stage``."""

    folder: Path
    calls: IvrStage

    @asynccontextmanager
    async def database(self, name: str) -> AsyncIterator[Database]:
        """In a PostgreSQL of its own."""
        settings = Settings(data_dir=self.folder / name, database={"url": None})
        async with running_database(settings, lambda _: None) as (database, _):
            yield database

    @asynccontextmanager
    async def console(self) -> AsyncIterator[Console]:
        """As ``aftercall up`` runs it, and nothing beside it."""
        chromium, folder = find_chromium(), self.folder / "console"
        if chromium is None:
            raise RuntimeError("no Chromium here: as root, apt-get install chromium")
        folder.mkdir()
        config = folder / "aftercall.toml"
        config.write_text(f"[console]\nport = {free_port()}\n")
        async with running_database(Settings(data_dir=folder, database={"url": None}),
                                    lambda _: None) as (database, url):
            settings = load_settings(config, data_dir=folder, database={"url": url})
            part = Part("console", {
                **os.environ, "AFTERCALL_DATA_DIR": str(folder), "AFTERCALL_DATABASE__URL": url,
                "AFTERCALL_CONFIG": str(config)}, folder / "console.log")
            vault = vault_of(settings)
            await part.start()
            try:
                await _answers(settings.console_url)
                yield Console(settings.console_url, settings, database, vault, chromium)
            finally:
                await part.stop()


async def _answers(url: str) -> None:
    async with asyncio.timeout(START_S), ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/sign-in"):
                    return
            except ClientError:
                await asyncio.sleep(0.1)
