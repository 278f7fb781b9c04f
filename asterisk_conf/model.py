"""What one Asterisk node is told: typed, checked, frozen. Nothing else reaches the templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from asterisk_conf import checks
from asterisk_conf.checks import (
    Address,
    Checked,
    Extension,
    Folder,
    Host,
    Loopback,
    OwnSecret,
    Port,
    Rule,
    Word,
    one_of,
)
from asterisk_conf.errors import ConfError

EAGI_LISTENER = "aftercall-eagi"     # in agi_dir: what EAGI() starts to hear a call


@dataclass(frozen=True)
class Folders(Checked):
    """Where the installed Asterisk is, and where this instance keeps its own files."""

    modules_dir: Folder
    data_dir: Folder         # share/asterisk of the installation
    etc_dir: Folder
    run_dir: Annotated[Path, checks.RUN_DIR]
    log_dir: Folder          # messages, CEL and CDR
    spool_dir: Folder        # recordings being made
    db_dir: Folder
    agi_dir: Folder
    sounds_dir: Folder

    @classmethod
    def under(cls, root: Path, modules_dir: Path, data_dir: Path,
              spool_dir: Path | None = None) -> Folders:
        """The usual layout: everything of this instance under ``root``."""
        return cls(modules_dir=modules_dir, data_dir=data_dir, etc_dir=root / "etc",
                   run_dir=root / "run", log_dir=root / "log", db_dir=root / "db",
                   spool_dir=spool_dir or root / "spool", agi_dir=root / "agi",
                   sounds_dir=root / "sounds")

    @property
    def own(self) -> tuple[Path, ...]:
        """The folders that belong to this instance alone."""
        return (self.etc_dir, self.run_dir, self.log_dir, self.spool_dir, self.db_dir, self.agi_dir,
                self.sounds_dir)

    @property
    def conf(self) -> Path:
        """The file that starts it all."""
        return self.etc_dir / "asterisk.conf"


@dataclass(frozen=True)
class TrunkConfig(Checked):
    """The way to the hospital's voice gateway."""

    where: ClassVar[str] = "trunk."

    host: Host
    port: Port = 5060
    mode: Annotated[Literal["ip", "registration"], one_of("ip", "registration")] = "ip"
    username: Annotated[str, checks.USERNAME] = ""
    password: Annotated[str, checks.THEIR_SECRET] = field(default="", repr=False)
    channels: Annotated[int, checks.number(1, 1000)] = 30
    caller_id: Annotated[str, checks.CALLER_ID] = "03155550100"
    qualify_s: Annotated[int, checks.number(0, 3600)] = 30

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mode == "registration" and not self.username:
            raise ConfError("trunk.username", "the gateway's user name when mode is registration",
                            self.username)
        if self.mode == "registration" and not self.password:
            raise ConfError("trunk.password", "the gateway's password when mode is registration",
                            secret=True)


@dataclass(frozen=True)
class AgentEndpoint(Checked):
    """A headset agent's phone; its SIP user is ``agent-<extension>``."""

    where: ClassVar[str] = "agent."

    extension: Extension
    name: Annotated[str, checks.PERSON]
    kind: Annotated[Literal["sip", "webrtc"], one_of("sip", "webrtc")]
    password: OwnSecret = field(repr=False)

    @property
    def endpoint(self) -> str:
        """Name of the PJSIP endpoint: ``PJSIP/<endpoint>`` rings it."""
        return f"agent-{self.extension}"


Sounds = Annotated[Mapping[str, Path], Rule(
    lambda value: all(checks.LANGUAGE.fits(language) and checks.FOLDER.fits(file)
                      for language, file in value.items()),
    "a language and an absolute path without file ending, e.g. zh: /srv/sounds/zh/sorry")]


@dataclass(frozen=True)
class NodeConfig(Checked):
    """One Asterisk node of ours."""

    folders: Folders
    trunk: TrunkConfig
    ami_secret: OwnSecret = field(repr=False)
    name: Word = "node1"
    sip_bind: Address = "127.0.0.1"
    sip_port: Port = 5060
    http_bind: Address = "127.0.0.1"          # WebSocket of browser phones
    http_port: Port = 8088
    rtp_start: Annotated[int, checks.number(1024, 65535)] = 20000
    rtp_end: Annotated[int, checks.number(1024, 65535)] = 20999
    external_address: Annotated[str | None, checks.optional(checks.HOST)] = None
    local_net: Annotated[str | None, checks.optional(checks.NETWORK)] = None
    ami_bind: Loopback = "127.0.0.1"
    ami_port: Port = 5038
    ami_username: Word = "aftercall"
    agents: tuple[AgentEndpoint, ...] = ()
    agi_host: Host = "127.0.0.1"
    agi_port: Port = 4573
    max_call_s: Annotated[int, checks.number(10, 7200)] = 1800
    # spoken when our side cannot: files per language, without ending; the first is the default
    fallback_sounds: Sounds = field(default_factory=dict)
    inbound_sounds: Sounds = field(default_factory=dict)
    # heard while an agent's phone rings: a folder of sounds per language
    hold_sounds: Sounds = field(default_factory=dict)
    # the interpreter and the folder of our own scripts that Asterisk starts (EAGI)
    python: Annotated[Path, checks.FOLDER] = Path("/usr/bin/python3")
    code_dir: Folder = Path("/usr/lib/aftercall")
    agent_expiry_s: Annotated[int, checks.number(30, 3600)] = 120

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rtp_end <= self.rtp_start:
            raise ConfError("rtp_end", "a port above rtp_start", self.rtp_end)
        extensions = [agent.extension for agent in self.agents]
        if len(set(extensions)) != len(extensions):
            raise ConfError("agents", "each extension once", extensions)
        if self.local_net and not self.external_address:
            raise ConfError("local_net", "external_address beside it", self.local_net)

    @property
    def max_calls(self) -> int:
        """Asterisk's own ceiling, a safety net: the dialer keeps count of trunk channels."""
        return self.trunk.channels + len(self.agents) + 10
