"""From settings and secrets to what an Asterisk node is told, and to how we reach it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import agi_scripts
from aftercall.provision.asterisk import AsteriskInstall
from asterisk_conf.model import AgentEndpoint, Folders, NodeConfig, TrunkConfig
from dialer.ami import AmiClient, AmiEvent
from followup.secrets import Secrets
from followup.settings import NodeSettings, Settings


def node_config(settings: Settings, secrets: Secrets, node: NodeSettings,
                install: AsteriskInstall) -> NodeConfig:
    """Everything that the templates may know of one node."""
    trunk = settings.trunk
    root = settings.node_dir(node.name)
    return NodeConfig(
        name=node.name,
        folders=Folders.under(root, install.modules_dir, install.data_dir, settings.spool_dir),
        trunk=TrunkConfig(
            mode=trunk.mode, host=trunk.host, port=trunk.port, username=trunk.username,
            password=trunk.password.get_secret_value(), channels=trunk.channels,
            caller_id=trunk.caller_id, qualify_s=trunk.qualify_s),
        ami_port=node.ami_port, ami_username=node.ami_username,
        ami_secret=ami_secret(secrets, node), sip_bind=node.sip_bind, sip_port=node.sip_port,
        http_bind=node.http_bind, http_port=node.http_port, rtp_start=node.rtp_start,
        rtp_end=node.rtp_end, external_address=node.external_address, local_net=node.local_net,
        agents=tuple(AgentEndpoint(extension=agent.extension, name=agent.name, kind=agent.kind,
                                   password=secrets.agents[agent.extension].get_secret_value())
                     for agent in settings.agents),
        python=Path(sys.executable), code_dir=Path(agi_scripts.__file__).parent.parent,
        agi_host=settings.agi.host, agi_port=settings.agi.port,
        max_call_s=settings.dialer.max_call_s,
        fallback_sounds={language: settings.sounds_dir / language / "fallback"
                         for language in settings.prompts.languages},
        inbound_sounds={language: settings.sounds_dir / language / "inbound"
                        for language in settings.prompts.languages},
        hold_sounds={language: settings.sounds_dir / language / "hold"
                     for language in settings.prompts.languages})


def ami_secret(secrets: Secrets, node: NodeSettings) -> str:
    """The node's own secret where it has one, else the generated one."""
    return (node.ami_secret or secrets.ami).get_secret_value()


def ami_client(node: NodeSettings, secrets: Secrets,
               on_event: Callable[[AmiEvent], None]) -> AmiClient:
    """A connection to the node, not started yet."""
    return AmiClient(node.ami_host, node.ami_port, node.ami_username, ami_secret(secrets, node),
                     on_event=on_event)
