"""A console on a free port of this machine, with a hospital in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientResponse, CookieJar
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from yarl import URL

from aftercall.loopback_ports import free_port
from aftercall.provision.chromium import find_chromium
from followup.database.engine import Database
from followup.settings import Settings
from tests.webconsole.hospital import PASSWORD, Hospital, add_users, open_hospital
from webconsole.app import LIBRARIES, create_app

Client = TestClient[Request, Application]
SignIn = Callable[..., Awaitable[ClientResponse]]

# Playwright leaves out more features than these of its own list, but Chromium heeds the last list
# alone. The lists under the address bar are pages that every window without a screen loads too:
# more work than a page of ours.
LEFT_OUT = ("WebUIOmniboxPopup", "WebUIOmniboxFullPopup", "WebUIOmniboxAimPopup", "AimEnabled",
            "HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "MediaRouter", "PaintHolding",
            "OptimizationHints", "NetworkTimeServiceQuerying")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic",
             f"--disable-features={','.join(LEFT_OUT)}"]


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings as a hospital would leave them."""
    return Settings(data_dir=tmp_path / "data", database={"url": database_url})


@pytest.fixture
def vendor_dir(tmp_path: Path) -> Path:
    """A folder with the libraries' names: routes do not care what is inside."""
    folder = tmp_path / "vendor"
    folder.mkdir()
    for name in LIBRARIES:
        (folder / name).write_text(f"// {name}\n")
    return folder


@pytest.fixture
async def server(settings: Settings, database: Database, vendor_dir: Path,
                 ) -> AsyncIterator[TestServer]:
    """The console, listening."""
    server = TestServer(create_app(settings, database, vendor_dir=vendor_dir))
    await server.start_server()
    yield server
    await server.close()


@pytest.fixture
async def client(server: TestServer) -> AsyncIterator[Client]:
    """A browser without scripts: keeps cookies, does not follow redirects by itself."""
    client: Client = TestClient(server, cookie_jar=CookieJar(unsafe=True))
    yield client
    await client.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[str]:
    """One Chromium for all tests of this process; the address where each test gets at it."""
    from playwright.async_api import async_playwright  # only browser tests need it

    port = free_port()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(),
            args=[*ARGUMENTS, f"--remote-debugging-port={port}"])
        yield f"http://127.0.0.1:{port}"
        await browser.close()


@pytest.fixture
def unused_port() -> int:
    return free_port()


@pytest.fixture
async def users(database: Database) -> None:
    """A user of each role, all with one password."""
    await add_users(database)


@pytest.fixture
async def hospital(database: Database, settings: Settings) -> Hospital:
    """A follow-up morning."""
    return await open_hospital(database, settings.recordings_dir)


@pytest.fixture
def sign_in(client: Client, users: None) -> SignIn:
    """Signs a user in by the form, as a browser does."""
    async def do(username: str = "administrator", password: str = PASSWORD, *,
                 browser: Client = client, onward: str = "/") -> ClientResponse:
        return await browser.post("/sign-in", allow_redirects=False, data={
            "csrf_token": await csrf(browser, "/sign-in"), "username": username,
            "password": password, "next": onward})
    return do


async def csrf(client: Client, path: str = "/") -> str:
    """The token that a page's forms carry."""
    text = await (await client.get(path)).text()
    return text.partition('name="csrf_token" value="')[2].partition('"')[0]


def cookie(client: Client, name: str) -> str | None:
    """A cookie's value in the browser."""
    found = client.session.cookie_jar.filter_cookies(URL(client.make_url("/"))).get(name)
    return found.value if found else None
