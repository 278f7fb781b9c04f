"""Live events: told soon, gathered, ended with the session, and quick to close."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer
from sqlalchemy import delete, text, update

from followup.agents.models import Agent, AgentState
from followup.alerts.models import Alert
from followup.database.base import now
from followup.database.engine import Database
from followup.database.notify import Change
from followup.errors import SettingsError, Unavailable
from followup.people.models import WebSession
from followup.settings import Settings
from tests.webconsole.conftest import Client, SignIn
from tests.webconsole.hospital import Hospital
from webconsole import live
from webconsole.app import create_app, serve
from webconsole.live import PARTS

OF_AN_AGENT = ("overview", "phone")         # the parts that show an agent's state


class Ear:
    """Reads a stream of server-sent events."""

    def __init__(self, client: Client | ClientSession) -> None:
        self._client = client

    async def __aenter__(self) -> Ear:
        self.answer = await self._client.get("/events")
        assert self.answer.headers["Content-Type"] == "text/event-stream"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.answer.close()

    async def block(self) -> str:
        """One block of the stream, without its blank line; empty when the stream has ended."""
        async with asyncio.timeout(40):
            lines = []
            while (line := await self.answer.content.readline()) not in (b"\n", b""):
                lines.append(line.decode().rstrip("\n"))
        return "\n".join(lines)

    async def settle(self) -> None:
        """Read what every new stream begins with: look at everything once."""
        assert await self.block() == "retry: 2000"
        await self.hears(*PARTS)

    async def hears(self, *parts: str) -> None:
        """The next that is told: these parts of pages have changed, each told once."""
        assert [await self.block() for _ in parts] == [
            f"event: {part}\ndata: changed" for part in parts]


async def touch_agent(database: Database, state: AgentState) -> None:
    async with database.session() as session:
        await session.execute(update(Agent).values(state=state))


async def test_a_change_names_the_parts_that_show_it(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    async with Ear(client) as ear:
        await ear.settle()
        await touch_agent(database, AgentState.OFFLINE)
        await ear.hears(*OF_AN_AGENT)
        async with database.session() as session:
            await session.execute(update(Alert).values(note="x"))
        await ear.hears("overview", "alerts", "phone", "patient")


async def test_a_page_that_was_just_made_is_told_what_has_changed_since_and_no_more() -> None:
    streams = live.Streams()
    assert streams.changed_since(now()) is None              # the feed is not heard yet
    streams.note(None)
    made = now() + live.MAKING                               # past what may have been missed
    later = made + live.MAKING
    assert streams.changed_since(later) == set()
    assert streams.changed_since(None) is None
    streams.note(Change("alert", "1", "INSERT"))
    assert streams.changed_since(later) == set()
    assert streams.changed_since(made) == {"alert"}
    assert live.Stream({"alert"}).take() == ["overview", "alerts", "phone", "patient"]
    assert live.Stream(None).take() == list(PARTS)
    assert not live.Stream(()).wake.is_set()


async def test_a_burst_is_told_once(client: Client, database: Database, hospital: Hospital,
                                    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "DEBOUNCE_S", 2.0)
    await sign_in("agent")
    async with Ear(client) as ear:
        await ear.settle()
        for _ in range(15):
            await touch_agent(database, AgentState.OFFLINE)
        await ear.hears(*OF_AN_AGENT)
        monkeypatch.setattr(live, "DEBOUNCE_S", 0.0)
        async with database.session() as session:
            await session.execute(update(Alert).values(note="x"))
        # nothing of the burst is left over: the next word is about the alert
        await ear.hears("overview", "alerts", "phone", "patient")


async def test_a_quiet_stream_is_kept_alive_and_ends_with_the_session(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn,
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "KEEP_ALIVE_S", 0.3)
    await sign_in("agent")
    async with Ear(client) as ear:
        await ear.settle()
        assert await ear.block() == ": keep-alive"
        async with database.session() as session:
            await session.execute(delete(WebSession))
        said = ""
        while not ear.answer.content.at_eof():
            said = await ear.block()
        assert said in ("", ": keep-alive")


async def test_many_tabs_share_one_listening_connection(
        client: Client, server: TestServer, database: Database, hospital: Hospital,
        sign_in: SignIn) -> None:
    await sign_in("agent")
    ears = [Ear(client) for _ in range(8)]
    for ear in ears:
        await ear.__aenter__()
        await ear.settle()
    async with database.session() as session:
        listening = await session.scalar(text(
            "select count(*) from pg_stat_activity where application_name = 'aftercall-feed' "
            "and datname = current_database()"))
    assert listening == 1
    await touch_agent(database, AgentState.OFFLINE)
    for ear in ears:
        await ear.hears(*OF_AN_AGENT)
        await ear.__aexit__()


async def test_closing_a_tab_harms_nobody(client: Client, server: TestServer, database: Database,
                                          hospital: Hospital, sign_in: SignIn,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "DEBOUNCE_S", 0.0)
    await sign_in("agent")
    async with ClientSession(server.make_url("/"), cookie_jar=CookieJar(unsafe=True)) as leaving:
        await sign_in("doctor", browser=leaving)
        async with Ear(client) as staying, Ear(leaving) as gone:
            await staying.settle()
            await gone.settle()
            await gone.__aexit__()
            streams = server.app[live.STREAMS]
            async with asyncio.timeout(40):
                while len(streams) > 1:               # writing to it is how we learn of it
                    await touch_agent(database, AgentState.OFFLINE)
                    await staying.hears(*OF_AN_AGENT)


async def test_a_shutdown_ends_open_streams_at_once(
        settings: Settings, database: Database, vendor_dir: Path, hospital: Hospital,
        users: None, sign_in: SignIn) -> None:
    server = TestServer(create_app(settings, database, vendor_dir=vendor_dir))
    await server.start_server()
    async with ClientSession(server.make_url("/"), cookie_jar=CookieJar(unsafe=True)) as browser:
        await sign_in("agent", browser=browser)
        async with Ear(browser) as ear:
            await ear.settle()
            async with asyncio.timeout(40):           # a stream left open would hold it for 60 s
                await server.close()
            assert await ear.block() in ("", ":")
            assert ear.answer.content.at_eof() or await ear.block() == ""


async def test_a_stream_that_opens_during_a_shutdown_ends_at_once(
        client: Client, server: TestServer, sign_in: SignIn) -> None:
    await sign_in("agent")
    await server.app[live.STREAMS].close(server.app)
    async with asyncio.timeout(40):
        assert b"event" not in await (await client.get("/events")).read()


async def test_the_process_stops_when_told_and_names_a_taken_port(
        settings: Settings, vendor_dir: Path, server: TestServer, unused_port: int) -> None:
    def at(port: int) -> Settings:
        return settings.model_copy(update={
            "console": settings.console.model_copy(update={"port": port})})

    stop = asyncio.Event()
    task = asyncio.create_task(serve(at(unused_port), vendor_dir=vendor_dir, stop=stop))
    async with ClientSession() as browser, asyncio.timeout(40):
        await healthy(browser, unused_port)
        stop.set()
        await task
    with pytest.raises(Unavailable, match=rf"console.port = {server.port}"):
        await serve(at(server.port or 0), vendor_dir=vendor_dir, stop=stop)


async def test_a_process_that_is_told_to_end_does_so_in_order(
        settings: Settings, vendor_dir: Path, unused_port: int) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c",
        "import sys; from pathlib import Path; from followup.settings import load_settings; "
        "from webconsole.app import run; run(load_settings(), vendor_dir=Path(sys.argv[1]))",
        str(vendor_dir), stderr=asyncio.subprocess.PIPE, env={
            **os.environ, "AFTERCALL_DATABASE__URL": settings.database.url or "",
            "AFTERCALL_CONSOLE__PORT": str(unused_port)})
    try:
        async with ClientSession() as browser, asyncio.timeout(40):
            await healthy(browser, unused_port)
        process.terminate()
        async with asyncio.timeout(40):
            _, said = await process.communicate()
        assert process.returncode == 0, said.decode()
        assert b"Traceback" not in said
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def healthy(browser: ClientSession, port: int) -> None:
    """Wait until a console on that port says that it is well."""
    while True:
        try:
            answer = await browser.get(f"http://127.0.0.1:{port}/healthz")
        except OSError:
            await asyncio.sleep(0.1)
            continue
        if answer.status == 200:
            return


async def test_a_missing_browser_library_stops_the_start(
        settings: Settings, database: Database, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="htmx"):
        create_app(settings, database, vendor_dir=tmp_path)


def test_browsers_listen_for_every_part_that_is_told() -> None:
    script = (Path(live.__file__).parent / "static" / "js" / "live.js").read_text("utf-8")
    listened = script.partition("const PARTS = [")[2].partition("]")[0]
    assert set(listened.replace('"', "").replace(",", " ").split()) == set(PARTS)
