"""How messages are sent: the provider of text messages, its registered templates, the hours."""

from __future__ import annotations

from datetime import time
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from followup.messages.wording import TEXT_MOST, variables, wrong_text

CODE = r"^[A-Za-z0-9_-]{1,60}$"         # of a template, as providers give them
LANGUAGES = ("zh", "en")
NAME_MOST = 40


class MessageTemplate(BaseModel):
    """A text as it is registered with the provider; ``${word}`` are its variables.

    ``${name}`` (the patient's), ``${hospital}`` and ``${number}`` (the case's) are filled in; what
    others hold is typed: ``labels`` say what is asked for, ``lengths`` how long it may be.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Annotated[str, Field(pattern=CODE)]
    name: Annotated[str, Field(min_length=1, max_length=NAME_MOST)]
    text: Annotated[str, Field(min_length=1, max_length=TEXT_MOST)]
    language: Literal["zh", "en"] = "zh"
    labels: dict[str, Annotated[str, Field(min_length=1, max_length=NAME_MOST)]] = Field(
        default_factory=dict)
    lengths: dict[str, Annotated[int, Field(ge=1, le=500)]] = Field(default_factory=dict)

    @field_validator("text")
    @classmethod
    def _whole(cls, text: str) -> str:
        if wrong := wrong_text(text):
            raise ValueError("expected text with variables such as ${content}, without 【】, found "
                             f"{wrong[1] or wrong[0].value}")
        return text

    @model_validator(mode="after")
    def _known(self) -> MessageTemplate:
        known = variables(self.text)
        for field in ("labels", "lengths"):
            if strange := set(getattr(self, field)) - set(known):
                raise ValueError(f"{field}: expected variables of the text, found "
                                 f"{', '.join(sorted(strange))}")
        return self


class MessageSettings(BaseModel):
    """Text messages by Alibaba Cloud's short message service (Dysmsapi)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Literal["aliyun"] = "aliyun"
    endpoint: Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+/?$", max_length=253)] = \
        "https://dysmsapi.aliyuncs.com"
    access_key_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{4,80}$", repr=False)]
    access_key_secret: SecretStr = SecretStr("")     # else the line `messages` of secrets.toml
    sign_name: Annotated[str, Field(min_length=2, max_length=20)]      # as registered, without 【】
    # taken over to the console once, each; what is changed there counts
    templates: tuple[MessageTemplate, ...] = ()
    window_start: time = time(8)         # by the clock where the patient is
    window_end: time = time(20)
    valid_hours: Annotated[int, Field(ge=1, le=168)] = 24     # not sent by then: not at all
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0

    @field_validator("endpoint")
    @classmethod
    def _private(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme == "http" and not _within(parts.hostname or ""):
            raise ValueError("expected https://; http:// only for an address within the hospital")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _whole(self) -> MessageSettings:
        if self.window_end <= self.window_start:
            raise ValueError("window_end: expected a time after window_start, e.g. 20:00")
        codes = [template.code for template in self.templates]
        if len(set(codes)) != len(codes):
            raise ValueError("templates: expected each code once, found one twice")
        return self


def _within(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return host == "localhost"
