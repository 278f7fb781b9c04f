"""The processes of Aftercall: FastAGI server, recorder, dialer, keeper. Each runs until SIGTERM."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from aftercall.models.use import fit_models
from aftercall.nodes import ami_client
from agi_scripts.house import House
from agi_scripts.routes import routes
from asterisk_conf import real_time
from dialer.ami import AmiEvent
from dialer.engine import Engine, Observer
from dialer.node import Node
from dialer.scripts import Scripts
from followup.database.engine import Database
from followup.log import get_logger
from followup.secrets import load_secrets
from followup.settings import Settings
from ivr.agi import AgiServer
from ivr.audiosocket import AudioSocketServer, Session
from ivr.eagi.session import EagiSession
from ivr.prompts.book import PromptBook
from ivr.recognition import Patience, RecognisingHearing, WorkerRecogniser
from ivr.voice_line import Voice
from recordings.recorder import server as recorder_server
from recordings.recorder.client import Recorder
from recordings.recorder.packets import PacketRing
from recordings.recorder.server import merged
from recordings.service import keep
from recordings.standing import ROLE
from recordings.vault import Vault

log = get_logger(__name__)
KEEPER_NICE = 10
RECORDER_NICE = 5            # the kernel keeps its packets for seconds; others have milliseconds
KEEPER_LEAVES_S = 3.0        # it can do all again, but its disk may be slow, its machine busy


async def until_stopped(work: Callable[[], Awaitable[None]],
                        leave_after_s: float | None = None) -> None:
    """Run ``work`` until it ends or SIGTERM or SIGINT asks for an orderly stop.

    ``leave_after_s``: what is then in hand is left after so long, as a crash would leave it;
    otherwise threads are waited for, however long they take.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work())

    def stop() -> None:
        task.cancel()
        if leave_after_s is not None:
            timer = threading.Timer(leave_after_s, _leave)
            timer.daemon = True
            timer.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        log.info("stopped")


def _leave() -> None:
    log.warning("stopped, what was in hand is left")
    os._exit(0)


def open_database(settings: Settings, role: str, *, ping: bool = True) -> Database:
    """The database of the settings; a role never starts one of its own."""
    if settings.database.url is None:
        raise ValueError("database.url: expected an address; `aftercall up` gives it to its parts")
    return Database(settings.database.url, settings.database.pool_size, f"aftercall {role}",
                    ping=ping)


async def serve_agi(settings: Settings, book: PromptBook) -> None:
    """The FastAGI server."""
    database = open_database(settings, "agi", ping=False)        # the house tries again
    settings.spool_dir.mkdir(parents=True, exist_ok=True)
    recorder = Recorder(settings.recorder_socket) if settings.recordings.capture == "packets" \
        else None
    async with open_voice(settings) as voice:
        server = AgiServer(routes(House(settings, database, recorder), book, voice),
                           host=settings.agi.bind, port=settings.agi.port)
        await server.start()
        try:
            await asyncio.Event().wait()
        finally:
            await server.stop()
            if recorder is not None:
                await recorder.close()
            await database.close()


@asynccontextmanager
async def open_voice(settings: Settings) -> AsyncIterator[Voice | None]:
    """Recognisers for every language that has a model; None when calls are by keys only."""
    if not settings.speech.enabled:
        yield None
        return
    fit = await asyncio.to_thread(fit_models, settings)
    models = fit.models
    for language, fault in fit.unfit.items():
        log.error("a speech model is unfit, its language is left to keys", language=language,
                  fault=fault)
    recogniser = WorkerRecogniser(models, settings.speech.workers)
    by_eagi = settings.speech.transport == "eagi"
    sockets = AudioSocketServer(settings.agi.bind, host=settings.agi.host,
                                session=EagiSession if by_eagi else Session)
    try:
        await recogniser.warm_up()
        await sockets.start()
        log.info("patients may speak", languages=sorted(models),
                 engines={language: model.engine.value for language, model in models.items()})
        yield Voice(sockets, RecognisingHearing(
            recogniser, Patience(silence=settings.speech.silence_ms,
                                 short_silence=settings.speech.short_silence_ms)), by_eagi)
    finally:
        await sockets.stop()
        await recogniser.close()


def run_recorder(settings: Settings) -> None:
    """Recording of live calls from their packets, on the machine of the nodes."""
    real_time.give_way(RECORDER_NICE)
    ports = merged([(node.rtp_start, node.rtp_end) for node in settings.nodes])
    settings.spool_dir.mkdir(parents=True, exist_ok=True)

    def ring() -> PacketRing:
        if settings.recordings.capture != "packets":         # a service that runs all the same
            raise OSError("by the settings Asterisk records")
        return PacketRing(ports)

    server = recorder_server.Server(settings.recorder_socket, settings.spool_dir, ring)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    server.run()
    log.info("stopped")


async def run_keeper(settings: Settings) -> None:
    """Sealing and keeping of recordings, behind all that serves a live call."""
    real_time.give_way(KEEPER_NICE)
    database = open_database(settings, ROLE)
    try:
        await keep(settings, database, Vault.of(settings, load_secrets(settings.data_dir)))
    finally:
        await database.close()


async def run_dialer(settings: Settings,
                     observer: Observer = lambda step, attempt: None) -> None:
    """The campaign engine on all nodes; ``observer`` hears of each step of a dial."""
    database = open_database(settings, "dialer")
    secrets = load_secrets(settings.data_dir)
    engine: Engine

    def hear(node: Node, event: AmiEvent) -> None:
        engine.hear(node, event)

    nodes = [Node(node.name, partial(ami_client, node, secrets), settings.evidence_dir(node), hear,
                  node.channels or settings.trunk.channels)
             for node in settings.nodes]
    engine = Engine(database, nodes, settings.dialer, settings.trunk, settings.phone_region,
                    observer, Scripts(settings.agi.host, settings.agi.port).answer)
    try:
        await engine.run()
    finally:
        await database.close()
