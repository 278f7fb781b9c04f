"""Who speaks the prompts: the voice on the machine, or one somewhere that is asked by HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

FIELDS = ("text", "language", "voice", "rate", "speed", "key")
FIELD = re.compile(r"\{(" + "|".join(FIELDS) + r")\}")
_BRACES = re.compile(r"\{[^{}]*\}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
VoiceName = Annotated[str, Field(min_length=1, max_length=200)]
_PATH = r"^([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)?$"


class VoiceSettings(BaseModel):
    """``http`` asks the provider at ``url`` for each text, once; what it cannot speak, and what
    must not leave the hospital, is spoken by espeak-ng.

    Texts in ``headers`` and ``body`` may hold {text}, {language}, {voice} (of ``voices``), {rate}
    (words a minute), {speed} (1 is the usual one) and {key}.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["espeak", "http"] = "espeak"
    url: Annotated[str, Field(pattern=r"^(https?://[^\s/@]+(/\S*)?)?$", max_length=500)] = ""
    key: SecretStr = SecretStr("")        # else the line `voice` of secrets.toml
    headers: dict[str, str] = Field(default_factory=dict, repr=False)
    send: Literal["json", "form"] = "json"
    body: dict[str, Any] = Field(default_factory=lambda: {
        "text": "{text}", "language": "{language}", "voice": "{voice}"})
    # language -> the provider's name of its voice; languages that are not here stay with espeak-ng
    voices: dict[Literal["zh", "en", "yue"], VoiceName] = Field(default_factory=dict)
    audio_field: Annotated[str, Field(pattern=_PATH)] = ""   # where JSON holds the sound in base64
    proxy: Annotated[str, Field(pattern=r"^(http://[^\s/@]+/?)?$")] = ""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 15.0   # of one try
    retries: Annotated[int, Field(ge=0, le=5)] = 2           # after 429, 5xx and broken connections
    names_locally: bool = True            # texts with a patient's name stay in the hospital

    @field_validator("url")
    @classmethod
    def _private(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme == "http" and not _within(parts.hostname or ""):
            raise ValueError("expected https://; http:// only for an address within the hospital")
        return url

    @field_validator("headers")
    @classmethod
    def _headers(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _HEADER.fullmatch(name) or not value.isprintable():
                raise ValueError(f"expected a header's name and one line of text, found {name!r}")
            _check_fields(value, "headers")
        return headers

    @field_validator("body")
    @classmethod
    def _body(cls, body: dict[str, Any]) -> dict[str, Any]:
        found = list(texts(body))
        for text in found:
            _check_fields(text, "body")
        if not any("{text}" in text for text in found):
            raise ValueError('expected "{text}" somewhere in it')
        return body

    @model_validator(mode="after")
    def _whole(self) -> VoiceSettings:
        if self.kind == "http":
            if not self.url:
                raise ValueError("url: expected the provider's address when kind is http")
            if not self.voices:
                raise ValueError('voices: expected a voice a language, e.g. {zh = "…"}, '
                                 "when kind is http")
            if self.send == "form" and not all(
                    isinstance(value, str | int | float) for value in self.body.values()):
                raise ValueError("body: expected plain values when send is form")
        return self

    @property
    def needs_key(self) -> bool:
        """Whether what is sent holds {key}."""
        return any("{key}" in text for text in (*self.headers.values(), *texts(self.body)))


def texts(value: object) -> Iterator[str]:
    """Every text in a nested value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)


def _check_fields(text: str, where: str) -> None:
    for found in _BRACES.findall(text):
        if not FIELD.fullmatch(found):
            raise ValueError(f"{where}: expected only {{{'}, {'.join(FIELDS)}}} in braces, "
                             f"found {found}")


def _within(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return host == "localhost"
