"""All settings in one validated object.

Read in this order, the first wins: environment (``AFTERCALL_`` and ``__`` between levels, e.g.
``AFTERCALL_TRUNK__HOST``), then one TOML file (``AFTERCALL_CONFIG``, else ``aftercall.toml`` in
the data folder), then the defaults here. A wrong value stops the start.
"""

from __future__ import annotations

import os
import tomllib
from datetime import time
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import pydantic_settings
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from followup.errors import SettingsError
from followup.message_settings import MessageSettings
from followup.recording_settings import RecordingSettings
from followup.sign_in_settings import DirectorySettings, SignInSettings
from followup.voice_settings import VoiceSettings

Port = Annotated[int, Field(ge=1, le=65535)]
Language = Literal["zh", "en", "yue"]
Skill = Annotated[str, Field(pattern=r"^[\w][\w -]{0,39}$")]


def default_data_dir() -> Path:
    """``AFTERCALL_DATA_DIR``, else the user's data folder."""
    if chosen := os.environ.get("AFTERCALL_DATA_DIR"):
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "aftercall"


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("expected a time zone such as Asia/Shanghai") from error
    return name


def _address(value: str) -> str:
    try:
        ip_address(value)
    except ValueError as error:
        raise ValueError("expected an IP address such as 127.0.0.1") from error
    return value


Timezone = Annotated[str, AfterValidator(_timezone)]
Address = Annotated[str, AfterValidator(_address)]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$", max_length=253)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]


class Section(BaseModel):
    """A table of the settings file; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DatabaseSettings(Section):
    """Without ``url`` a PostgreSQL of our own runs under the data folder."""

    url: str | None = Field(default_factory=lambda: os.environ.get("DATABASE_URL"),
                            validate_default=True, repr=False)      # holds a password
    pool_size: Annotated[int, Field(ge=2, le=200)] = 10

    @field_validator("url")
    @classmethod
    def _asyncpg(cls, value: str | None) -> str | None:
        if not value:
            return None
        scheme, separator, rest = value.partition("://")
        if not separator or scheme not in ("postgresql", "postgres", "postgresql+asyncpg"):
            raise ValueError("expected postgresql://user:password@host:port/database")
        return f"postgresql+asyncpg://{rest}"


class NodeSettings(Section):
    """One Asterisk: where it listens, and where its folders are as we see them."""

    name: Name = "node1"
    managed: bool = True              # started and configured by `aftercall up`
    ami_host: Host = "127.0.0.1"
    ami_port: Port = 5038
    ami_username: Name = "aftercall"
    ami_secret: SecretStr | None = None   # generated when we manage the node
    sip_bind: Address = "127.0.0.1"
    sip_port: Port = 5060
    http_bind: Address = "127.0.0.1"      # WebSocket for browser phones
    http_port: Port = 8088
    rtp_start: Port = 20000
    rtp_end: Port = 20999
    channels: Annotated[int, Field(ge=1, le=1000)] | None = None   # of the trunk's; None: all
    external_address: Host | None = None  # public address when behind NAT
    local_net: str | None = None          # e.g. 10.0.0.0/8, with external_address
    evidence_dir: Path | None = None      # CEL and CDR files of a node we do not manage

    @model_validator(mode="after")
    def _rtp(self) -> NodeSettings:
        if self.rtp_end <= self.rtp_start:
            raise ValueError("rtp_end: expected a port above rtp_start")
        return self


class TrunkSettings(Section):
    """The way to the hospital's voice gateway."""

    mode: Literal["ip", "registration"] = "ip"
    host: Host = "127.0.0.2"
    port: Port = 5090
    username: Annotated[str, Field(pattern=r"^[A-Za-z0-9._+-]{0,64}$")] = ""
    password: SecretStr = SecretStr("")
    channels: Annotated[int, Field(ge=1, le=1000)] = 30
    caller_id: Annotated[str, Field(pattern=r"^\+?[0-9]{3,15}$")] = "03155550100"
    qualify_s: Annotated[int, Field(ge=0, le=3600)] = 30
    # what the gateway expects in front of the national number, and which numbers may be called
    dial_format: Literal["national", "e164", "e164-plus"] = "national"
    allowed_prefixes: tuple[Annotated[str, Field(pattern=r"^\+[1-9][0-9]{0,8}$")], ...] = ("+86",)
    calls_per_hour: Annotated[int, Field(ge=1, le=100_000)] = 1200

    @model_validator(mode="after")
    def _registration(self) -> TrunkSettings:
        if self.mode == "registration" and not (self.username and self.password.get_secret_value()):
            raise ValueError("username, password: expected both when mode is registration")
        return self


class AgentSettings(Section):
    """A headset agent's phone."""

    extension: Annotated[str, Field(pattern=r"^[1-9][0-9]{2,5}$")]
    name: Annotated[str, Field(pattern=r"^[^\W_][\w .·-]{0,39}$")]
    kind: Literal["sip", "webrtc"] = "sip"
    languages: tuple[Language, ...] = ("zh",)
    skills: tuple[Skill, ...] = ()       # what a campaign may ask for, e.g. a department


class AgiSettings(Section):
    """Our FastAGI server: where it listens, and how Asterisk reaches it."""

    bind: Address = "127.0.0.1"
    port: Port = 4573
    host: Host = "127.0.0.1"


class DialerSettings(Section):
    """Limits of calling; DESIGN and PACING give the reasons for the defaults."""

    timezone: Timezone = "Asia/Shanghai"
    window_start: time = time(8, 0)
    window_end: time = time(21, 0)
    ring_timeout_s: Annotated[int, Field(ge=15, le=120)] = 30
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 3
    max_per_day: Annotated[int, Field(ge=1, le=20)] = 5       # a patient, any 24 h, all campaigns
    max_per_5_min: Annotated[int, Field(ge=1, le=10)] = 3
    poll_s: Annotated[float, Field(gt=0, le=60)] = 1.0
    # how long after a doubt silence counts as proof that Asterisk never got the Originate
    settle_s: Annotated[float, Field(ge=1, le=300)] = 15.0
    max_call_s: Annotated[int, Field(ge=60, le=7200)] = 1800
    agent_ring_s: Annotated[int, Field(ge=5, le=60)] = 10
    hold_max_s: Annotated[int, Field(ge=0, le=120)] = 20
    voicemail_message: bool = False      # after the beep: the hospital's name, we call again
    # the share of those who need an agent that may find none in time, a day and campaign
    lost_budget: Annotated[float, Field(gt=0, le=0.5)] = 0.03
    wrap_up_s: Annotated[int, Field(ge=0, le=600)] = 30
    critical_deadline_min: Annotated[int, Field(ge=1, le=1440)] = 10
    abnormal_deadline_min: Annotated[int, Field(ge=1, le=10080)] = 120

    @model_validator(mode="after")
    def _window(self) -> DialerSettings:
        if self.window_end <= self.window_start:
            raise ValueError("window_end: expected a time after window_start, e.g. 21:00")
        return self


class PromptSettings(Section):
    """What is said: by the voice of ``[voice]`` unless somebody has recorded the prompt."""

    recordings_dir: Path | None = None    # <language>/<prompt id>.wav; default: data folder
    words_per_minute: Annotated[int, Field(ge=80, le=300)] = 150
    languages: tuple[Language, ...] = ("zh", "en")


class SpeechSettings(Section):
    """Whether patients may answer by voice, and with which recognisers."""

    enabled: bool = False
    # how a call's sound reaches us; eagi, a script a call, where Asterisk's AudioSocket is too old
    transport: Literal["audiosocket", "eagi"] = "audiosocket"
    # language -> folder of a Vosk or pocketsphinx model; else <data folder>/models/<language>
    models: dict[Language, Path] = Field(default_factory=dict)
    # where `aftercall models fetch` looks instead of the models' own sites
    models_url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")] | None = None
    # that ends an answer: one in which people pause (numbers, dates), and a word or phrase
    silence_ms: Annotated[int, Field(ge=400, le=1500)] = 700
    short_silence_ms: Annotated[int, Field(ge=300, le=1500)] = 500
    workers: Annotated[int, Field(ge=1, le=32)] = 1               # processes that recognise


class ConsoleSettings(Section):
    """The web console."""

    bind: Address = "127.0.0.1"
    port: Port = 8080
    public_url: Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$")] | None = None
    session_hours: Annotated[int, Field(ge=1, le=72)] = 12


class LogSettings(Section):
    """Level and shape of the logs."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "text"] = "auto"


class Settings(BaseSettings):
    """Everything that can be set. ``load_settings`` is the way to get one."""

    model_config = SettingsConfigDict(
        env_prefix="AFTERCALL_", env_nested_delimiter="__", extra="forbid", frozen=True)

    hospital: Annotated[str, Field(min_length=1, max_length=60)] = "和安医院"
    hospital_en: Annotated[str, Field(min_length=1, max_length=60)] = "Hean Hospital"
    data_dir: Path = Field(default_factory=default_data_dir)
    phone_region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "CN"
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    nodes: tuple[NodeSettings, ...] = (NodeSettings(),)
    trunk: TrunkSettings = TrunkSettings()
    agents: tuple[AgentSettings, ...] = ()
    agi: AgiSettings = AgiSettings()
    dialer: DialerSettings = DialerSettings()
    prompts: PromptSettings = PromptSettings()
    voice: VoiceSettings = VoiceSettings()
    speech: SpeechSettings = SpeechSettings()
    recordings: RecordingSettings = RecordingSettings()
    console: ConsoleSettings = ConsoleSettings()
    sign_in: SignInSettings = SignInSettings()
    directory: DirectorySettings | None = None
    messages: MessageSettings | None = None
    log: LogSettings = LogSettings()

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @model_validator(mode="after")
    def _unique(self) -> Settings:
        for what, names in (("nodes", [node.name for node in self.nodes]),
                            ("agents", [agent.extension for agent in self.agents])):
            if len(set(names)) != len(names):
                raise ValueError(f"{what}: expected each name once, found one twice")
        if not self.nodes:
            raise ValueError("nodes: expected at least one Asterisk node")
        return self

    @property
    def hospital_names(self) -> dict[str, str]:
        """The hospital's name by language."""
        return {"zh": self.hospital, "yue": self.hospital, "en": self.hospital_en}

    # Folders under the data folder; made by whoever writes there first.
    @property
    def sounds_dir(self) -> Path:
        """Rendered prompts, named by content hash; Asterisk plays from here."""
        return self.data_dir / "sounds"

    @property
    def models_dir(self) -> Path:
        """Speech models, one folder a language."""
        return self.data_dir / "models"

    @property
    def spool_dir(self) -> Path:
        """Where calls in progress are written, and messages left by patients."""
        return self.data_dir / "spool"

    @property
    def recorder_socket(self) -> Path:
        """Where the recorder takes orders."""
        return self.data_dir / "recorder.sock"

    @property
    def recordings_dir(self) -> Path:
        """Sealed recordings."""
        return self.recordings.folder or self.data_dir / "recordings"

    @property
    def case_files_dir(self) -> Path:
        """What was attached to complaints and praise, named by hash."""
        return self.data_dir / "case-files"

    @property
    def human_prompts_dir(self) -> Path:
        """Human recordings of prompts, which take precedence over synthesis."""
        return self.prompts.recordings_dir or self.data_dir / "prompts"

    def node_dir(self, name: str) -> Path:
        """Configuration, logs and state of a node that we manage."""
        return self.data_dir / "asterisk" / name

    def evidence_dir(self, node: NodeSettings) -> Path:
        """Where the node's CEL and CDR files are, as this process sees them."""
        return node.evidence_dir or self.node_dir(node.name) / "log"

    @property
    def console_url(self) -> str:
        """The console's address as people type it."""
        return self.console.public_url or f"http://{self.console.bind}:{self.console.port}"


def config_file() -> Path:
    """The settings file: ``AFTERCALL_CONFIG``, else ``aftercall.toml`` in the data folder."""
    chosen = os.environ.get("AFTERCALL_CONFIG")
    return Path(chosen).absolute() if chosen else default_data_dir() / "aftercall.toml"


def load_settings(config: Path | None = None, **overrides: Any) -> Settings:
    """Read settings from environment and file; SettingsError names every wrong field."""
    chosen = config or os.environ.get("AFTERCALL_CONFIG")
    path = config or config_file()
    if chosen and not path.is_file():
        raise SettingsError(f"settings file {path}: there is no such file")

    class FromFile(Settings):
        @classmethod
        def settings_customise_sources(
                cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
                env_settings: PydanticBaseSettingsSource,
                dotenv_settings: PydanticBaseSettingsSource,
                file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            file = TomlConfigSettingsSource(settings_cls, path)
            return init_settings, env_settings, file

    try:
        return FromFile(**overrides)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"settings file {path}: not valid TOML: {error}") from error
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None      # the cause repeats values
    except UnicodeDecodeError as error:
        raise SettingsError(f"settings file {path}: expected UTF-8 text") from error
    except OSError as error:
        raise SettingsError(f"settings file {path}: {error.strerror or error}") from error
    except pydantic_settings.SettingsError as error:
        raise SettingsError(f"environment (AFTERCALL_…): {error}; expected JSON, or one variable "
                            "a value, e.g. AFTERCALL_TRUNK__HOST") from None


def _explain(error: ValidationError) -> str:
    lines = ["the settings do not fit:"]
    for fault in error.errors(include_url=False):
        field = ".".join(str(part) for part in fault["loc"]) or "settings"
        value = fault.get("input")
        # an unknown key may be a password's name misspelt
        secret = (fault["type"] == "extra_forbidden"
                  or any(word in field for word in ("secret", "password", "database", "key",
                                                      "headers", "voice.body")))
        shown = "" if secret or not isinstance(value, str | int | float) else f" = {value!r}"
        lines.append(f"  {field}{shown}: {fault['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)
