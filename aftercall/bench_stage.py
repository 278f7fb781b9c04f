"""Where the benchmark of conversations runs: a hospital of its own, put up for each flow."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aftercall.house import open_house, running_database
from aftercall.loopback_ports import free_port
from aftercall.nodes import ami_client
from aftercall.provision.paths import Say
from aftercall.provision.postgres import ROLE, EmbeddedPostgres
from aftercall.provision.sipp import find_sipp
from bench.ivr import measure_ivr
from bench.ivr.ground import Ground
from bench.ivr.plan import Plan
from followup.settings import Settings, load_settings

GATEWAY = "127.0.0.2"
RTP = (20_000, 27_999)       # below the ports that the kernel gives out; two a call

SETTINGS = """\
[agi]
port = {agi}
[[nodes]]
name = "node1"
ami_port = {ami}
sip_port = {sip}
http_port = {http}
rtp_start = {rtp[0]}
rtp_end = {rtp[1]}
[trunk]
host = "{gateway}"
port = {gateway_sip}
channels = 1000
qualify_s = 0
[prompts]
languages = ["{language}"]
words_per_minute = 220
recordings_dir = "{recordings}"
[log]
level = "info"
format = "json"
[speech]
enabled = {speech}
"""


async def bench_ivr(plan: Plan, say: Say, recordings: Path | None = None) -> dict[str, Any]:
    """The benchmark of conversations; ``recordings``: prompts, else they are synthesised."""
    sipp = await asyncio.to_thread(find_sipp, say)
    forget_settings()
    with tempfile.TemporaryDirectory(prefix="ac-bench-", ignore_cleanup_errors=True) as folder:
        settings = Settings(data_dir=Path(folder), database={"url": None})
        async with running_database(settings, say):
            return await measure_ivr(IvrStage(Path(folder), sipp, recordings), plan, say)


def forget_settings() -> None:
    """Nobody's real database, trunk or settings reach a benchmark."""
    for name in [name for name in os.environ if name.startswith("AFTERCALL_")]:
        del os.environ[name]
    os.environ.pop("DATABASE_URL", None)


@dataclass(frozen=True)
class IvrStage:
    """Puts up a house for each run (bench.ivr.ground.Stage); ``folder`` has the PostgreSQL."""

    folder: Path
    sipp: list[str]
    recordings: Path | None = None

    @asynccontextmanager
    async def set(self, name: str, *, agi: bool, speech: bool = False) -> AsyncIterator[Ground]:
        """A fresh Asterisk; if it is asked for, our FastAGI server too, on a fresh database.

        What an earlier run has left to be sealed must not keep the keeper of this one busy.
        """
        folder = self.folder / name
        folder.mkdir(parents=True)
        (self.folder / "sounds").mkdir(exist_ok=True)      # what was rendered once serves them all
        (folder / "sounds").symlink_to(self.folder / "sounds")
        ports = {name: free_port() for name in ("agi", "ami", "sip", "http", "gateway_sip")}
        config = folder / "aftercall.toml"
        config.write_text(SETTINGS.format(
            **ports, rtp=RTP, gateway=GATEWAY, language="en" if speech else "zh",
            recordings=self.recordings or folder / "prompts",
            speech="true" if speech else "false"), "utf-8")
        os.environ["AFTERCALL_CONFIG"] = str(config)
        postgres = EmbeddedPostgres(self.folder / "postgres")
        database = name if agi else ROLE
        await asyncio.to_thread(postgres.create_database, database)
        server = postgres.postmaster()
        assert server is not None
        settings = load_settings(config, data_dir=folder, database={"url": postgres.url(database)})
        roles = ("recorder", "agi", "keeper") if agi else ()
        async with open_house(settings, lambda _: None, roles=roles,
                              log_dir=folder / "log") as house:
            node = settings.nodes[0]
            part, keeper, recorder = (house.parts.get(name)
                                      for name in ("agi", "keeper", "recorder"))
            if part is not None:
                await _answers(settings.agi.port)
            yield Ground(settings=settings, node=node, process=house.nodes[node.name],
                         database=house.database, book=house.book, sipp=self.sipp,
                         postgres_pid=server.pid,
                         agi_pid=part.pid if part else None,
                         keeper_pid=keeper.pid if keeper else None,
                         recorder_pid=recorder.pid if recorder else None,
                         agi_log=folder / "log" / "agi.log",
                         folder=folder, ami=partial(_ami, settings, house.secrets))


def _ami(settings: Settings, secrets: Any, on_event: Any) -> Any:
    return ami_client(settings.nodes[0], secrets, on_event)


async def _answers(port: int, within_s: float = 60) -> None:
    """Return once our FastAGI server takes calls."""
    async with asyncio.timeout(within_s):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            return
