"""A FastAGI server on a free port for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from ivr.agi import AgiServer, Handler

Serve = Callable[..., AbstractAsyncContextManager[AgiServer]]


@pytest.fixture
def serve() -> Serve:
    """``async with serve(handler, **options) as server``: routes script ``call`` to it."""
    @asynccontextmanager
    async def run(handler: Handler, **options: Any) -> AsyncIterator[AgiServer]:
        server = AgiServer({"call": handler}, port=0, **options)
        server.port = await server.start()
        try:
            yield server
        finally:
            await server.stop(0)
    return run


@pytest.fixture
def outcome() -> Callable[[Awaitable[Any]], Awaitable[Any]]:
    """Awaits; an exception is handed back as a value, so that a test can look at a series."""
    async def run(work: Awaitable[Any]) -> Any:
        try:
            return await work
        except Exception as error:  # noqa: BLE001
            return error
    return run
