"""The console as an application, and as a process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import web

from followup.campaigns.tally import gather, keep_gathering
from followup.cases import watch as cases_watch
from followup.cases.messages import Post
from followup.database.engine import Database
from followup.errors import SettingsError, Unavailable
from followup.log import get_logger
from followup.messages import templates
from followup.messages.providers import provider_of
from followup.messages.sender import Sender, keep_sending
from followup.people.directory import Directory
from followup.people.recheck import keep_rechecking
from followup.people.roles import GrantsBook
from followup.people.sign_in import Accounts
from followup.people.trail import keep_sealing
from followup.recordings import tally as recording_tally
from followup.secrets import load_secrets
from followup.settings import Settings
from followup.spotchecks import watch as checks_watch
from ivr.prompts.book import PromptBook
from recordings.attachments import Attachments
from recordings.vault import Vault, keys_of
from webconsole import live, middleware, sip_relay
from webconsole.i18n import load_catalogues
from webconsole.keys import (
    ACCOUNTS,
    ATTACHMENTS,
    BOOK,
    CATALOGUES,
    DATABASE,
    GRANTS,
    POST,
    SETTINGS,
    TEMPLATES,
    TIMEZONE,
    VAULT,
)
from webconsole.leaving_out import leave_out
from webconsole.pages import ROUTES
from webconsole.pages.campaign_new import FORECASTS
from webconsole.templating import make_environment

STATIC = Path(__file__).parent / "static"
LIBRARIES = ("htmx.js", "jssip.js")       # what the pages load from ``vendor_dir``
GRACE_S = 5.0                             # for requests under way when we are told to stop

log = get_logger(__name__)


def create_app(settings: Settings, database: Database, *, vendor_dir: Path,
               book: PromptBook | None = None) -> web.Application:
    """The console. ``vendor_dir``: the browser libraries' folder (served at /vendor); SettingsError
    when one is missing. ``book``: what patients hear; else the machine's espeak-ng speaks. The
    database stays the caller's to close."""
    for name in LIBRARIES:
        if not (vendor_dir / name).is_file():
            raise SettingsError(f"browser libraries: expected {name} in {vendor_dir}")
    app = web.Application(middlewares=[middleware.explain, middleware.admit, leave_out],
                          client_max_size=256 * 1024)
    app[SETTINGS] = settings
    app[DATABASE] = database
    app[ACCOUNTS] = Accounts(
        database, directory=Directory(settings.directory) if settings.directory else None,
        key=lambda: load_secrets(settings.data_dir).second_step.get_secret_value())
    app[GRANTS] = GrantsBook(database)
    app[TEMPLATES] = make_environment()
    app[CATALOGUES] = load_catalogues()
    app[BOOK] = book or PromptBook.create(
        settings.sounds_dir, settings.human_prompts_dir, ["espeak-ng"],
        settings.prompts.words_per_minute)
    secrets = load_secrets(settings.data_dir)
    app[VAULT] = Vault.of(settings, secrets)
    app[ATTACHMENTS] = Attachments(settings.case_files_dir, keys_of(secrets))
    app.on_cleanup.append(_close_vault)
    app[TIMEZONE] = ZoneInfo(settings.dialer.timezone)
    app[POST] = _post(settings)
    app[FORECASTS] = asyncio.Semaphore(1)
    streams = app[live.STREAMS] = live.Streams()
    app.on_response_prepare.append(middleware.harden)
    app.on_shutdown.append(streams.close)
    app[sip_relay.LINES] = set()
    app.on_shutdown.append(sip_relay.hang_up_all)
    app.cleanup_ctx.append(live.change_feed)
    app.cleanup_ctx.append(_at_work)
    app.cleanup_ctx.append(_messages)
    app.add_routes(ROUTES)
    app.router.add_static("/static", STATIC, name="static")
    app.router.add_static("/vendor", vendor_dir, name="vendor")
    return app


async def _at_work(app: web.Application) -> AsyncIterator[None]:
    """Cleanup context: reminders and escalation of cases, the alarm about late corrections,
    sealing the audit trail, counts in few rows, whom the directory still lets in; any number of
    consoles may do it."""
    work = [asyncio.create_task(cases_watch.keep_watching(app[DATABASE]), name="watch-cases"),
            asyncio.create_task(checks_watch.keep_watching(app[DATABASE], app[TIMEZONE]),
                                name="watch-corrections"),
            asyncio.create_task(keep_sealing(app[DATABASE]), name="seal-audit"),
            asyncio.create_task(keep_gathering(
                app[DATABASE], (gather, recording_tally.gather)), name="gather-tallies")]
    if directory := app[SETTINGS].directory:
        work.append(asyncio.create_task(keep_rechecking(
            app[DATABASE], Directory(directory), timedelta(minutes=directory.recheck_minutes)),
            name="recheck-directory"))
    yield
    for each in work:
        each.cancel()
    await asyncio.gather(*work, return_exceptions=True)


async def _close_vault(app: web.Application) -> None:
    await app[VAULT].close()


def _post(settings: Settings) -> Post | None:
    """How messages go out, if that is set up."""
    if settings.messages is None:
        return None
    key = load_secrets(settings.data_dir).messages.get_secret_value()
    return Post(settings.messages, provider_of(settings.messages, key), settings.hospital_names,
                ZoneInfo(settings.dialer.timezone))


async def _messages(app: web.Application) -> AsyncIterator[None]:
    """Cleanup context: messages are sent, where that is set up; any number of consoles may."""
    post = app[POST]
    if post is None:
        yield
        return
    async with app[DATABASE].session() as session:
        await templates.take_over(session, post.settings.templates)
    sender = Sender(app[DATABASE], post.provider, post.settings, post.zone)
    work = asyncio.create_task(keep_sending(sender), name="send-messages")
    yield
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    await post.provider.close()


async def serve(settings: Settings, *, vendor_dir: Path, stop: asyncio.Event,
                database_url: str | None = None, book: PromptBook | None = None) -> None:
    """Serve at ``settings.console`` until ``stop`` is set; Unavailable when the port is taken.

    ``database_url``: of the embedded PostgreSQL, when ``settings.database.url`` is not set.
    """
    url = settings.database.url or database_url
    if url is None:
        raise SettingsError("database.url: expected the address of a PostgreSQL")
    database = Database(url, settings.database.pool_size, "aftercall-console")
    try:
        app = create_app(settings, database, vendor_dir=vendor_dir, book=book)
        async with _listening(app, settings):
            log.info("console is up", url=settings.console_url)
            await stop.wait()
    finally:
        await database.close()


@contextlib.asynccontextmanager
async def _listening(app: web.Application, settings: Settings) -> AsyncIterator[None]:
    # no access log: addresses of pages tell who was looked up
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=GRACE_S)
    await runner.setup()
    try:
        bind, port = settings.console.bind, settings.console.port
        try:
            await web.TCPSite(runner, bind, port).start()
        except OSError as error:
            raise Unavailable(f"console.port = {port}: cannot listen: {error.strerror}") from error
        yield
    finally:
        await runner.cleanup()


def run(settings: Settings, *, vendor_dir: Path, database_url: str | None = None,
        book: PromptBook | None = None) -> None:
    """The console's process: until SIGTERM or SIGINT, then an orderly end."""
    async def main() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await serve(settings, vendor_dir=vendor_dir, stop=stop, database_url=database_url,
                    book=book)

    asyncio.run(main())
