"""Personas: who answers the simulated gateway's numbers, and how. Read from ``personas.toml``."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from followup.calls.models import Disposition
from followup.errors import InvalidInput

DEFAULT_FILE = Path(__file__).with_name("personas.toml")
NATIONAL_PREFIX = "1380013"


class When(StrEnum):
    """What a persona waits for before a step."""

    HEARD = "heard"          # the prompt has ended
    EARLY = "early"          # the prompt has begun
    AT_ONCE = "at once"


@dataclass(frozen=True)
class Press:
    """Keys, sent as RFC 4733 events."""

    keys: str
    when: When = When.HEARD


@dataclass(frozen=True)
class Say:
    """A tone of the persona's pitch, in place of speech."""

    seconds: float
    when: When = When.HEARD


@dataclass(frozen=True)
class Speak:
    """Words: the file ``<name>.wav`` of the gateway's sounds."""

    name: str
    when: When = When.HEARD


@dataclass(frozen=True)
class Listen:
    """Hear the prompt to its end."""


@dataclass(frozen=True)
class Pause:
    """Nothing, for a time."""

    seconds: float


@dataclass(frozen=True)
class Beep:
    """An answering machine's beep."""


@dataclass(frozen=True)
class HangUp:
    """The persona ends the call."""


Step = Press | Say | Speak | Listen | Pause | Beep | HangUp

_SECONDS = r"(\d{1,2}(?:\.\d)?)"
_WHEN = r"(?: (early|at once))?"
_LONE_STEPS: dict[str, Step] = {"listen": Listen(), "beep": Beep(), "hang up": HangUp()}


def parse_step(line: object) -> Step:
    """One line of a persona's ``steps``; ValueError says what is understood."""
    text = line if isinstance(line, str) else ""
    if found := re.fullmatch(rf"press ([0-9*#]{{1,16}}){_WHEN}", text, re.ASCII):
        return Press(found[1], When(found[2] or When.HEARD))
    if found := re.fullmatch(rf"say tone {_SECONDS}( at once)?", text, re.ASCII):
        return Say(float(found[1]), When.AT_ONCE if found[2] else When.HEARD)
    if found := re.fullmatch(rf"speak ([a-z0-9][a-z0-9-]{{0,39}}){_WHEN}", text, re.ASCII):
        return Speak(found[1], When(found[2] or When.HEARD))
    if found := re.fullmatch(rf"wait {_SECONDS}", text, re.ASCII):
        return Pause(float(found[1]))
    if text in _LONE_STEPS:
        return _LONE_STEPS[text]
    raise ValueError(f"{line!r} is no step: expected press KEYS [early|at once], "
                     "say tone SECONDS [at once], speak NAME [early|at once], listen, "
                     "wait SECONDS, beep or hang up")


class Sip(StrEnum):
    """What the gateway makes of the INVITE."""

    ANSWERS = "answers"
    NO_ANSWER = "no-answer"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"
    NOT_FOUND = "not-found"
    REJECTS = "rejects"

    @property
    def code(self) -> int | None:
        """The SIP status that refuses the call; None when it rings or is answered."""
        return {"busy": 486, "unavailable": 503, "not-found": 404, "rejects": 603}.get(self.value)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(_Table):
    """The persona in the demo's two languages."""

    zh: Annotated[str, Field(min_length=1, max_length=40)]
    en: Annotated[str, Field(min_length=1, max_length=40)]


class Expect(_Table):
    """What must come of a call to this persona."""

    disposition: Disposition
    answers: dict[str, str] = {}
    findings: dict[str, Annotated[str, Field(pattern=r"^(abnormal|critical)$")]] = {}
    escalated: bool = False


class Persona(_Table):
    """One kind of patient; ``1380013<code>XX`` are its numbers."""

    code: Annotated[str, Field(pattern=r"^[0-9]{2}$")]
    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    title: Title
    language: Annotated[str, Field(pattern=r"^(zh|en|yue)$")] = "zh"
    sip: Sip = Sip.ANSWERS
    ring_s: Annotated[float, Field(ge=0, le=60)] = 1
    pitch: Annotated[int, Field(ge=200, le=3000)] = 440
    stay_s: Annotated[int, Field(ge=1, le=600)] = 120
    words: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")],
                Annotated[str, Field(min_length=1, max_length=300)]] = {}
    steps: tuple[Annotated[Step, BeforeValidator(parse_step)], ...] = ()
    expect: Expect

    @model_validator(mode="after")
    def _only_who_answers_acts(self) -> Persona:
        if self.steps and self.sip is not Sip.ANSWERS:
            raise ValueError(f"steps: expected none, as sip is {self.sip}")
        return self

    def number(self, index: int = 0) -> str:
        """The persona's national number ``index`` (0-99)."""
        if not 0 <= index <= 99:
            raise ValueError("index: expected 0 to 99")
        return f"{NATIONAL_PREFIX}{self.code}{index:02d}"


class _File(_Table):
    persona: Annotated[tuple[Persona, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_once(self) -> _File:
        for what in ("code", "name", "words"):
            values = [value for persona in self.persona for value in (
                persona.words if what == "words" else (getattr(persona, what),))]
            if twice := {value for value in values if values.count(value) > 1}:
                raise ValueError(f"{what}: expected each once, found {sorted(twice)[0]} twice")
        return self


def load_personas(path: Path = DEFAULT_FILE) -> tuple[Persona, ...]:
    """The personas of a file; InvalidInput names what does not fit and why."""
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(f"{path.name}: {error}", field="file", expected="TOML") from error
    try:
        return _File.model_validate(content).persona
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        field = ".".join(map(str, fault["loc"])) or "persona"
        reason = fault["msg"].removeprefix("Value error, ")
        raise InvalidInput(f"{path.name}: {field}: {reason}", field=field,
                           expected=reason) from error


def persona_code(number: str) -> str | None:
    """The persona code in a number as dialled, national or E.164; None when it is nobody's."""
    national = re.fullmatch(rf"(?:\+?86)?{NATIONAL_PREFIX}([0-9]{{2}})[0-9]{{2}}", number, re.ASCII)
    return national[1] if national else None
