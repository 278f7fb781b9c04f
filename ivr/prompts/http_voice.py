"""A voice that is asked by HTTP: any provider that takes a POST and answers with a sound.

Requests are never redirected, have a time-out as a whole and a limit on what comes back. A provider
that fails is tried again some times, then left alone for a while, so that it holds nothing up.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from followup.voice_settings import FIELD, VoiceSettings
from ivr.prompts.decoding import MAX_BYTES, decode
from ivr.prompts.errors import BadRecording, VoiceError
from ivr.prompts.speak import plain
from ivr.prompts.wav import write_wav

USUAL_RATE = 150             # words a minute that are a provider's speed 1
BACKOFF_S = 0.5              # doubled at each try
LONGEST_PAUSE_S = 10.0       # whatever the provider asks for
PATIENCE = 3                 # failures in a row, then nothing is asked
REST_S = 30.0                # for so long


class _Passing(Exception):
    """A failure that may be over at the next try; ``pause_s`` is what the provider asks for."""

    def __init__(self, reason: str, pause_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pause_s = pause_s


class HttpVoice:
    """The provider that the settings describe. Safe to use from several threads."""

    def __init__(self, settings: VoiceSettings, key: str = "",
                 backoff_s: float = BACKOFF_S) -> None:
        """``key``: where the settings themselves hold none."""
        self._settings = settings
        self._key = (settings.key.get_secret_value() or key).strip()
        self._backoff_s = backoff_s
        self._host = urlsplit(settings.url).netloc
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until = 0.0
        self._reason = ""

    @property
    def name(self) -> str:
        settings = self._settings
        how = json.dumps([settings.url, settings.send, settings.headers, settings.body,
                          settings.voices, settings.audio_field], sort_keys=True)
        return f"http-{hashlib.sha256(how.encode()).hexdigest()[:16]}"

    def speaks(self, language: str) -> bool:
        """Whether the settings name a voice for it."""
        return language in self._settings.voices

    def speak(self, text: str, language: str, words_per_minute: int) -> bytes:
        """The provider's sound as a WAV; VoiceError, which repeats nothing of the text."""
        if not self.speaks(language):
            raise self._error(f"has no voice for the language {language}")
        if self._settings.needs_key and not self._key:
            raise self._error("needs a key: set AFTERCALL_VOICE__KEY, or `voice` in secrets.toml")
        if not self._key.isprintable():
            raise self._error("needs a key of one line")
        with self._lock:
            if time.monotonic() < self._rests_until:
                raise self._error(self._reason)
        try:
            sound = asyncio.run(self._ask(self._fill(text, language, words_per_minute)))
            decoded = decode(sound, "its answer")
        except (VoiceError, BadRecording) as error:
            reason = error.message.removeprefix(f"{self._title} ")
            self._failed(reason)
            raise self._error(reason) from error
        with self._lock:
            self._failures = 0
        return write_wav(decoded.samples, decoded.rate)

    # --- asking --------------------------------------------------------------------------------

    def _fill(self, text: str, language: str, words_per_minute: int) -> Mapping[str, str | float]:
        return {"text": plain(text), "language": language, "rate": words_per_minute,
                "voice": self._settings.voices[language],  # type: ignore[index]
                "speed": round(words_per_minute / USUAL_RATE, 2), "key": self._key}

    async def _ask(self, values: Mapping[str, str | float]) -> bytes:
        """One sound, tried as often as the settings allow."""
        settings = self._settings
        body = filled(settings.body, values)
        sent: dict[str, Any] = {"json": body} if settings.send == "json" else {
            "data": {name: str(value) for name, value in body.items()}}
        headers = {"Accept-Encoding": "identity",
                   **{name: str(filled_text(value, values, whole=False))
                      for name, value in settings.headers.items()}}
        timeout = aiohttp.ClientTimeout(total=settings.timeout_s)
        async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session:
            for number in range(settings.retries + 1):
                try:
                    return await self._once(session, headers, sent)
                except _Passing as failure:
                    if number == settings.retries:
                        raise self._error(failure.reason) from failure
                    pause = failure.pause_s
                    if pause is None:
                        pause = self._backoff_s * 2 ** number
                    await asyncio.sleep(min(pause, LONGEST_PAUSE_S))
        raise AssertionError("a try returns or raises")

    async def _once(self, session: aiohttp.ClientSession, headers: Mapping[str, str],
                    sent: Mapping[str, Any]) -> bytes:
        settings = self._settings
        try:
            async with session.post(settings.url, headers=headers, allow_redirects=False,
                                    proxy=settings.proxy or None, **sent) as answer:
                if answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.status >= 500:
                    raise _Passing(f"answers {answer.status}", _pause(answer.headers))
                if answer.status != HTTPStatus.OK:
                    raise self._error(f"answers {answer.status}{_HINTS.get(answer.status, '')}")
                data = await self._whole(answer)
        except TimeoutError as error:
            raise _Passing(f"does not answer within {settings.timeout_s:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            # the error's own text may hold what was sent
            raise _Passing(f"cannot be reached ({type(error).__name__})") from error
        return self._sound_in(data) if settings.audio_field else data

    async def _whole(self, answer: aiohttp.ClientResponse) -> bytes:
        limit = MAX_BYTES * 3 // 2 if self._settings.audio_field else MAX_BYTES
        data = bytearray()
        async for part in answer.content.iter_chunked(65_536):
            data += part
            if len(data) > limit:
                raise self._error(f"answers with more than {limit // 1_000_000} MB")
        return bytes(data)

    def _sound_in(self, data: bytes) -> bytes:
        """The base64 text at ``audio_field`` of a JSON answer."""
        path = self._settings.audio_field
        try:
            found = json.loads(data)
            for step in path.split("."):
                found = found[int(step)] if isinstance(found, list) else found[step]
            return base64.b64decode(found, validate=True)
        except (ValueError, LookupError, TypeError, RecursionError, binascii.Error) as error:
            raise self._error(f"answers without a sound in base64 at {path}") from error

    # --- failing -------------------------------------------------------------------------------

    @property
    def _title(self) -> str:
        return f"the voice at {self._host}"

    def _error(self, reason: str) -> VoiceError:
        return VoiceError(f"{self._title} {reason}")

    def _failed(self, reason: str) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= PATIENCE:
                self._rests_until, self._reason = time.monotonic() + REST_S, reason


_HINTS = {401: ": the key is not accepted", 403: ": the key is not accepted",
          **dict.fromkeys((301, 302, 303, 307, 308), ": it is somewhere else; correct voice.url")}


def filled(template: Any, values: Mapping[str, str | float]) -> Any:
    """A nested template with its fields filled in; a text that is one field keeps its type."""
    if isinstance(template, str):
        return filled_text(template, values)
    if isinstance(template, Mapping):
        return {name: filled(value, values) for name, value in template.items()}
    if isinstance(template, list | tuple):
        return [filled(value, values) for value in template]
    return template


def filled_text(template: str, values: Mapping[str, str | float],
                whole: bool = True) -> str | float:
    """In one pass: braces in what is filled in stay as they are."""
    if whole and (only := FIELD.fullmatch(template)):
        return values[only[1]]
    return FIELD.sub(lambda found: str(values[found[1]]), template)


def _pause(headers: Mapping[str, str]) -> float | None:
    """Seconds of Retry-After; a date there is not looked at."""
    given = headers.get("Retry-After", "")
    return float(given) if given.isdecimal() else None
