"""A provider of voices on loopback, which does on request what real ones do on bad days."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.ivr.prompts.sounds import tone


@dataclass
class Request:
    """What the provider was sent."""

    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Provider:
    """Runs in a thread of its own, as voices are asked by blocking calls.

    ``faults``: what befalls the next requests, one each: a status, ``slow``, ``cut``, ``redirect``.
    """

    key: str = "s3cret"
    as_json: bool = False
    sound: bytes = field(default_factory=lambda: tone(600, 0.5, 24000))
    faults: list[Any] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    seen: list[Request] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.content_type == "application/json":
            body = await request.json()
        else:
            body = dict(await request.post())
        self.seen.append(Request(dict(request.headers), body))
        fault = self.faults.pop(0) if self.faults else None
        match fault:
            case int():
                return web.Response(status=fault, text=json.dumps(body), headers=self.headers)
            case "slow":
                await asyncio.sleep(5)
            case "cut":
                assert request.transport is not None
                request.transport.abort()
            case "drip":
                slowly = web.StreamResponse()
                await slowly.prepare(request)
                for _ in range(100):
                    await slowly.write(b"RIFF")
                    await asyncio.sleep(0.1)
            case "redirect":
                raise web.HTTPTemporaryRedirect("/elsewhere")
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.Response(status=401)
        if self.as_json:
            return web.json_response({"result": [
                {"audio": base64.b64encode(self.sound).decode()}]})
        return web.Response(body=self.sound, content_type="audio/wav")


@contextmanager
def provider(**how: Any) -> Iterator[Provider]:
    """A provider that listens at ``url``."""
    made = Provider(**how)
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/speak", made.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/speak"
        return runner

    def run() -> None:
        runner = loop.run_until_complete(start())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(20)
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
