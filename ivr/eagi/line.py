"""A line on which keys and words count, where there is no AudioSocket: by an EAGI listener.

Asterisk starts the listener (agi_scripts/eagi_listener.py) on the channel as a script of its own.
It sends us what the patient says and presses, and lets Asterisk play the prompts.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from asterisk_conf.model import EAGI_LISTENER
from ivr.audiosocket.server import Session
from ivr.eagi.session import EagiSession
from ivr.prompts.errors import MissingSound
from ivr.prompts.prompt import Prompt
from ivr.prompts.tones import QUIET, RATE
from ivr.voice_line import VoiceLine

EARLY_MS = 20                # in which Asterisk reads what has come before


class EagiLine(VoiceLine):
    """The patient's line, heard by us through a script that Asterisk runs."""

    connect_s = 10.0             # a process has to start

    async def _session_or_none(self) -> Session | None:
        """Keys that wait on the channel are taken first: EAGI would pass over them as it starts."""
        early: list[str] = []
        if self._session is None and not self._voiceless:
            while (key := await self._channel.wait_for_digit(EARLY_MS)) is not None:
                early.append(key)
        session = await super()._session_or_none()
        keys = self._by_keys.early if session is None else session.keys
        keys.extendleft(reversed(early))
        return session

    def _run_application(self, name: uuid.UUID) -> Coroutine[Any, Any, str]:
        return self._channel.exec("EAGI", EAGI_LISTENER, str(name), self._sockets.address,
                                  self._sounds.tone(QUIET))

    async def _play(self, session: Session, prompt: Prompt) -> None:
        assert isinstance(session, EagiSession)
        try:
            file = await self._sounds.sound(prompt, self.language)
            size = (await asyncio.to_thread(Path(f"{file}.wav").stat)).st_size
        except MissingSound:
            pass                     # the alarm is raised where it was looked for
        except OSError as error:
            await self._sounds.unplayable(prompt, self.language,
                                          error.strerror or type(error).__name__)
        else:
            session.play_file(file, size / (2 * RATE))
