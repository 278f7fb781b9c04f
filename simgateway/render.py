"""The simulated gateway's configuration: a second Asterisk, rendered by the node's machinery."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from jinja2 import PackageLoader

from asterisk_conf import checks, modules
from asterisk_conf.checks import Address, Checked, Extension, OwnSecret, Port, Rule
from asterisk_conf.model import Folders
from asterisk_conf.render import environment, render, write_files
from simgateway.cdr import FILE
from simgateway.personas import NATIONAL_PREFIX, Persona
from simgateway.story import desk, story

MODULES = (*modules.SIP, *modules.AUDIO, *modules.DIALPLAN, "res_cdrel_custom", "cdr_custom",
           "app_senddtmf", "app_waitforsilence")
_SHARED = ("asterisk.conf", "modules.conf", "logger.conf", "rtp.conf", "cdr.conf", "features.conf",
           "indications.conf")
_OWN = ("pjsip.conf", "cdr_custom.conf", "extensions.conf")
_SECONDS = Rule(lambda value: isinstance(value, (int, float)) and 0 <= value <= 600,
                "seconds from 0 to 600")


@dataclass(frozen=True)
class SimAgent(Checked):
    """A headset agent's phone that works by itself: registers, answers, speaks, hangs up."""

    where: ClassVar[str] = "agent."

    extension: Extension
    password: OwnSecret = field(repr=False)
    answers: bool = True
    registered: bool = True
    answer_s: Annotated[float, _SECONDS] = 0.5
    talk_s: Annotated[float, _SECONDS] = 4
    pitch: Annotated[int, checks.number(200, 3000)] = 660

    @property
    def endpoint(self) -> str:
        """The SIP user it registers as."""
        return f"agent-{self.extension}"


@dataclass(frozen=True)
class GatewayConfig(Checked):
    """Where the gateway listens, whom it serves, and who lives there."""

    folders: Folders
    personas: tuple[Persona, ...]
    sip_port: Port
    node_address: Address
    node_port: Port
    bind: Address = "127.0.0.2"
    agents: tuple[SimAgent, ...] = ()
    rtp_start: Annotated[int, checks.number(1024, 65535)] = 21000
    rtp_end: Annotated[int, checks.number(1024, 65535)] = 21999


def render_gateway(config: GatewayConfig) -> dict[str, str]:
    """File name to text of every configuration file of the gateway."""
    templates = environment(PackageLoader("simgateway"))
    templates.filters.update(story=story, desk=desk)
    values = {"config": config, "folders": config.folders, "name": "simgateway", "max_calls": 500,
              "modules": MODULES, "rtp_start": config.rtp_start, "rtp_end": config.rtp_end,
              "prefix": NATIONAL_PREFIX, "cdr_file": FILE}
    own = {name: templates.get_template(f"gateway_{name}.j2").render(values) for name in _OWN}
    off = {"manager.conf": "[general]\nenabled = no\n", "http.conf": "[general]\nenabled = no\n",
           "cel.conf": "[general]\nenable = no\n"}
    return render(templates, _SHARED, **values) | own | off


def write_gateway(config: GatewayConfig) -> None:
    """Make the gateway's folders and write its files."""
    write_files(config.folders, render_gateway(config))
