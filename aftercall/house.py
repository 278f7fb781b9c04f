"""Everything of one Aftercall on one machine: database, prompts, Asterisk, and the parts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aftercall import packet_right
from aftercall.nodes import node_config
from aftercall.prompt_book import prompt_book
from aftercall.provision.asterisk import AsteriskInstall, find_asterisk
from aftercall.provision.frontend import find_frontend
from aftercall.provision.paths import Say
from aftercall.provision.postgres import EmbeddedPostgres
from aftercall.supervisor import Part
from asterisk_conf import modules
from asterisk_conf.process import AsteriskProcess
from asterisk_conf.render import write_node
from dialer.node import CEL_FILE
from followup.agents.roster import enlist
from followup.database.engine import Database
from followup.database.migrate import upgrade
from followup.secrets import Secrets, load_secrets
from followup.settings import Settings, config_file
from ivr.prompts.book import PromptBook
from ivr.prompts.fixed import write_fixed
from ivr.prompts.tones import write_tones

ROLES = ("recorder", "agi", "dialer", "keeper", "console")


@dataclass
class RunningHouse:
    """What is up; the handles that demo and tests need."""

    settings: Settings
    database: Database
    database_url: str
    secrets: Secrets
    book: PromptBook
    install: AsteriskInstall
    nodes: dict[str, AsteriskProcess] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)


@asynccontextmanager
async def running_database(settings: Settings, say: Say) -> AsyncIterator[tuple[Database, str]]:
    """The settings' database, migrated; our own PostgreSQL when the settings name none."""
    async with AsyncExitStack() as stack:
        url = settings.database.url
        if url is None:
            server = EmbeddedPostgres(settings.data_dir / "postgres")
            say("starting PostgreSQL")
            await asyncio.to_thread(server.start, say)
            stack.callback(server.stop)
            url = server.url()
        database = Database(url, settings.database.pool_size, "aftercall")
        stack.push_async_callback(database.close)
        await database.check()
        await upgrade(database)
        yield database, url


@asynccontextmanager
async def open_house(settings: Settings, say: Say, *, roles: tuple[str, ...] = ROLES,
                     log_dir: Path | None = None) -> AsyncIterator[RunningHouse]:
    """Start everything, in order; stop it in the opposite order at the end.

    ``log_dir``: where the parts' logs go; else to our own stderr.
    """
    packet_right.keep_back()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        install = await asyncio.to_thread(find_asterisk, say, modules.NODE)
        if "console" in roles:
            await asyncio.to_thread(find_frontend, say)
        database, url = await stack.enter_async_context(running_database(settings, say))
        secrets = load_secrets(settings.data_dir, [agent.extension for agent in settings.agents])
        async with database.session() as session:
            await enlist(session, settings.agents)
        house = RunningHouse(settings, database, url, secrets, prompt_book(settings, say), install)
        say("preparing prompts")
        await asyncio.to_thread(prepare_sounds, house)
        for node in settings.nodes:
            if node.managed:
                say(f"starting Asterisk {install.version} ({node.name})")
                config = node_config(settings, secrets, node, install)
                write_node(config)
                process = AsteriskProcess(install.command(), config.folders)
                evidence = settings.evidence_dir(node) / CEL_FILE
                evidence.touch()           # from now on its silence is proof, see dialer/evidence
                await process.start()
                stack.push_async_callback(process.stop)
                house.nodes[node.name] = process
        if log_dir is not None:
            log_dir.mkdir(parents=True, exist_ok=True)
        env = {**os.environ, "AFTERCALL_DATA_DIR": str(settings.data_dir),
               "AFTERCALL_DATABASE__URL": url}
        if (file := config_file()).is_file():
            env["AFTERCALL_CONFIG"] = str(file)       # the parts read what we have read
        for role in roles:
            if role == "recorder" and settings.recordings.capture != "packets":
                continue
            say(f"starting the {role}")
            part = Part(role, env, log_dir / f"{role}.log" if log_dir else None)
            await part.start()
            stack.push_async_callback(part.stop)
            house.parts[role] = part
        yield house


def prepare_sounds(house: RunningHouse) -> None:
    """Give Asterisk, under fixed names, what it says by itself when we cannot."""
    write_tones(house.settings.sounds_dir)
    for language in house.settings.prompts.languages:
        write_fixed(house.book, language, house.settings.hospital_names)
