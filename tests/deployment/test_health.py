"""The containers' health checks: what they say of the recorder."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from followup.settings import Settings
from tests.asterisk_conf.lab import short_folder
from tests.deployment.test_compose import script
from tests.fakes.running_recorder import forbidden, recorder

healthy = script("healthy").recorder


async def test_a_recorder_that_may_see_packets_is_healthy() -> None:
    async with short_folder() as folder:
        settings = Settings(data_dir=folder)
        with recorder(settings):
            await healthy(settings)


async def test_one_that_may_not_is_ill_and_says_why() -> None:
    async with short_folder() as folder:
        settings = Settings(data_dir=folder)
        with recorder(settings, forbidden), pytest.raises(OSError, match="not permitted"):
            await healthy(settings)


async def test_one_that_does_not_run_is_ill(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"recorder|No such file"):
        await healthy(Settings(data_dir=tmp_path))


async def test_its_service_is_healthy_where_by_the_settings_it_has_nothing_to_do() -> None:
    async with short_folder() as folder:
        settings = Settings(data_dir=folder, recordings={"capture": "asterisk"})
        service = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "aftercall", "role", "recorder", env={
                **os.environ, "AFTERCALL_DATA_DIR": str(folder),
                "AFTERCALL_RECORDINGS__CAPTURE": "asterisk"})
        try:
            async with asyncio.timeout(60):
                while not settings.recorder_socket.exists():  # noqa: ASYNC110  of a process
                    await asyncio.sleep(0.05)
            await healthy(settings)
        finally:
            service.send_signal(signal.SIGTERM)
            assert await service.wait() == 0
