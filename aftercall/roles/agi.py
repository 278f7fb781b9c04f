"""The FastAGI server, and those who listen to patients for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aftercall.models.use import fit_models
from aftercall.roles.database import open_database
from agi_scripts.house import House
from agi_scripts.routes import routes
from followup.log import get_logger
from followup.settings import Settings
from ivr.agi import AgiServer
from ivr.audiosocket import AudioSocketServer, Session
from ivr.eagi.session import EagiSession
from ivr.prompts.book import PromptBook
from ivr.recognition import Patience, RecognisingHearing, WorkerRecogniser
from ivr.voice_line import Voice
from recordings.recorder.client import Recorder

log = get_logger(__name__)


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
