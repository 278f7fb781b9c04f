"""The dialer: the campaign engine on all nodes."""

from __future__ import annotations

from functools import partial

from aftercall.nodes import ami_client
from aftercall.roles.database import open_database
from dialer.ami import AmiEvent
from dialer.engine import Engine, Observer
from dialer.node import Node
from dialer.scripts import Scripts
from followup.secrets import load_secrets
from followup.settings import Settings


async def run_dialer(settings: Settings,
                     observer: Observer = lambda step, attempt: None) -> None:
    """The campaign engine on all nodes; ``observer`` hears of each step of a dial."""
    database = open_database(settings, "dialer")
    secrets = load_secrets(settings.data_dir)
    engine: Engine

    def hear(node: Node, event: AmiEvent) -> None:
        engine.hear(node, event)

    nodes = [Node(node.name, partial(ami_client, node, secrets), settings.evidence_dir(node), hear,
                  node.channels or settings.trunk.channels)
             for node in settings.nodes]
    engine = Engine(database, nodes, settings.dialer, settings.trunk, settings.phone_region,
                    observer, Scripts(settings.agi.host, settings.agi.port).answer)
    try:
        await engine.run()
    finally:
        await database.close()
