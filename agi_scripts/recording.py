"""One call's recording: by the recorder where it can, else by Asterisk's MixMonitor."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from agi_scripts.answered import Call
from agi_scripts.house import House
from followup.database.base import now
from followup.log import get_logger
from ivr.agi import AgiChannel, AgiHangup
from recordings.lacking import note, noted
from recordings.naming import inside
from recordings.recorder.client import Recorder, Take
from recordings.sealing import BYTES_PER_MS, FRAME, RATE

log = get_logger(__name__)


class CallRecording:
    """Both legs, patient left, hospital right, in a raw file that grows: ``capture``."""

    def __init__(self, channel: AgiChannel, recorder: Recorder | None, capture: Path,
                 since: datetime) -> None:
        """``since``: what the file's first sample is the sound of."""
        self.capture = capture
        self._channel, self._recorder = channel, recorder
        self._at = time.monotonic_ns() - (now() - since) // timedelta(microseconds=1) * 1000
        self._take: Take | None = None

    async def start(self) -> None:
        """From now on."""
        local = self._channel.args[0] if self._channel.args else ""     # see extensions.conf
        if self._recorder is not None and local:
            self._take = await self._recorder.begin(self.capture.name, self._at, local)
        if self._take is None:
            await self._by_asterisk()

    @property
    def lost(self) -> bool:
        """Whether the recorder has let this call down."""
        return self._take is not None and self._take.lost

    async def go_on(self) -> None:
        """Have Asterisk record the rest."""
        log.error("the recorder has let a call down: Asterisk records the rest")
        self.finish()
        await self._by_asterisk()

    async def assure(self) -> None:
        """Before a time in which nobody can take over: a recorder that is away now may stay so."""
        if self.lost or (self._take is not None and self._recorder is not None
                         and not self._recorder.connected):
            await self.go_on()

    async def refuse(self) -> None:
        """No sound is kept from here on."""
        if self._recorder is not None and self._take is not None:
            await self._recorder.drop(self._take)
            self._take = None
        else:
            await self._channel.exec("StopMixMonitor")

    def finish(self) -> None:
        """The call is over."""
        if self._recorder is not None and self._take is not None:
            self._recorder.finish(self._take)
            self._take = None

    def leave(self) -> None:
        """The script is over, the call goes on without it."""
        if self._recorder is not None and self._take is not None:
            self._recorder.leave(self._take)
            self._take = None

    async def _by_asterisk(self) -> None:
        # D writes interleaved stereo to a raw file: readable up to its last byte after any crash.
        options = "D"
        if await asyncio.to_thread(self._begun):
            options = "Da"                        # to its end, which is now
        await self._channel.exec("MixMonitor", str(self.capture), options)

    def _begun(self) -> bool:
        """Is there sound already? Then silence, noted as lacking, is put behind it up to now."""
        if not self.capture.exists():
            return False
        with suppress(OSError):                   # the disk's trouble is not the call's
            until = (time.monotonic_ns() - self._at) * RATE // 1_000_000_000 * FRAME
            if (lacking := until - self.capture.stat().st_size) > 0:
                os.truncate(self.capture, until)
                note(self.capture, noted(self.capture) + lacking // BYTES_PER_MS)
        return True


@asynccontextmanager
async def recorded(channel: AgiChannel, call: Call, house: House) -> AsyncIterator[CallRecording]:
    """Record the call while this lasts; what fails in it leaves the call to the dialplan, which is
    recorded too."""
    name = await house.begin_recording(call)
    recording = CallRecording(channel, house.recorder, inside(house.settings.spool_dir, name),
                              call.recording_since or now())
    try:
        await recording.start()
        yield recording
    except AgiHangup:
        recording.finish()
        raise
    except BaseException:
        recording.leave()
        raise
    recording.finish()
