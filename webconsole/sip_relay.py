"""SIP over WebSocket for browser phones, relayed to Asterisk from the console's own address.

So the content security policy stays at 'self', one proxy with one certificate serves pages and
phones, and Asterisk's HTTP server need not be reachable by browsers. Sound does not pass here: it
goes straight between browser and Asterisk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from aiohttp import ClientError, ClientSession, ClientWebSocketResponse, WSCloseCode, WSMsgType, web
from sqlalchemy.exc import SQLAlchemyError

from followup.errors import Forbidden, Unavailable
from followup.log import get_logger
from followup.people.sessions import find_session, touch
from followup.settings import NodeSettings
from webconsole.keys import DATABASE, SETTINGS, VISITOR
from webconsole.middleware import check_origin
from webconsole.rights import TAKES_CALLS, allowed

SUBPROTOCOL = "sip"                       # RFC 7118
LARGEST = 64 * 1024                       # bytes of one SIP message
HEARTBEAT_S = 20.0
CHECK_S = 15.0                            # a line ends so soon after its session does
CONNECT_S = 5.0

LINES = web.AppKey("lines", set[web.WebSocketResponse])

log = get_logger(__name__)


@allowed(TAKES_CALLS)
async def relay(request: web.Request) -> web.StreamResponse:
    """GET /phone/ws: a WebSocket of subprotocol sip, from our own pages only."""
    if "Origin" not in request.headers:
        raise Forbidden("expected a browser, which says its origin")
    check_origin(request)
    browser = web.WebSocketResponse(protocols=(SUBPROTOCOL,), heartbeat=HEARTBEAT_S,
                                    max_msg_size=LARGEST)
    offer = browser.can_prepare(request)
    if not offer.ok or offer.protocol != SUBPROTOCOL:
        raise web.HTTPBadRequest
    async with ClientSession() as client:
        node = await _connect(client, request.app[SETTINGS].nodes[0])
        await browser.prepare(request)
        request.app[LINES].add(browser)
        log.info("browser phone connected", user=request[VISITOR].actor)
        try:
            await _first_of(_pump(browser, node), _pump(node, browser), _signed_out(request))
        finally:
            request.app[LINES].discard(browser)
            await node.close()
            await browser.close()
            log.info("browser phone gone", user=request[VISITOR].actor)
    return browser


async def hang_up_all(app: web.Application) -> None:
    """on_shutdown: every line ends; the phones connect again by themselves."""
    lines = app[LINES]
    for browser in tuple(lines):
        await browser.close(code=WSCloseCode.GOING_AWAY)


def address(node: NodeSettings) -> str:
    """Where a node's WebSocket is, as the console reaches it."""
    # a node that listens on all addresses is reached where its AMI is
    everywhere = ip_address(node.http_bind).is_unspecified
    host = node.ami_host if everywhere else node.http_bind
    return f"ws://{f'[{host}]' if ':' in host else host}:{node.http_port}/ws"


async def _connect(client: ClientSession, node: NodeSettings) -> ClientWebSocketResponse:
    try:
        async with asyncio.timeout(CONNECT_S):
            return await client.ws_connect(address(node), protocols=(SUBPROTOCOL,),
                                           max_msg_size=LARGEST, heartbeat=HEARTBEAT_S)
    except (ClientError, OSError, TimeoutError) as error:
        raise Unavailable(f"{node.name}: its WebSocket does not answer") from error


Side = web.WebSocketResponse | ClientWebSocketResponse


async def _pump(source: Side, sink: Side) -> None:
    """Pass messages on, as they are, until either side is gone."""
    try:
        async for message in source:
            if message.type is WSMsgType.TEXT:
                await sink.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await sink.send_bytes(message.data)
            else:
                return
    except (ConnectionError, RuntimeError):     # RuntimeError: it was closing when we wrote
        return


async def _signed_out(request: web.Request) -> None:
    """Return once the visitor's session is over; a phone on duty keeps it from being idle. A
    database that is away ends no call."""
    idle = timedelta(minutes=request.app[SETTINGS].sign_in.idle_minutes)
    while True:
        await asyncio.sleep(CHECK_S)
        try:
            async with request.app[DATABASE].session() as session:
                found = await find_session(session, request[VISITOR].token or "")
                if found is None:
                    return
                await touch(session, found, idle)
        except (OSError, SQLAlchemyError):
            continue


async def _first_of(*works: Coroutine[Any, Any, None]) -> None:
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
