"""The doctor asks a real Asterisk, which asks our FastAGI server."""

from __future__ import annotations

import pytest

from aftercall.doctor import Status, examine
from agi_scripts.probe import probe
from followup.settings import load_settings
from ivr.agi import AgiServer
from tests.asterisk_conf.lab import SECRET, node_config, running_node, short_folder

pytestmark = pytest.mark.journey


async def test_a_node_with_and_without_its_fastagi_server() -> None:
    async with short_folder() as root:
        config = node_config(root)
        settings = load_settings(
            nodes=[{"name": "n1", "ami_port": config.ami_port, "ami_secret": SECRET}],
            agents=[{"extension": "8001", "name": "张护士"}],
            agi={"port": config.agi_port}, trunk={"port": config.trunk.port, "qualify_s": 1})
        async with running_node(config):
            server = AgiServer({"probe": probe}, port=config.agi_port)
            await server.start()
            try:
                well = {result.name: result for result in await examine(settings)}
            finally:
                await server.stop()
            ill = {result.name: result for result in await examine(settings)}
    assert well["n1: AMI"].status is Status.OK, well["n1: AMI"]
    assert "22." in well["n1: AMI"].seen
    assert well["n1: clock"].status is Status.OK, well["n1: clock"]
    assert well["n1: FastAGI"].status is Status.OK, well["n1: FastAGI"]
    assert ill["n1: FastAGI"].status is Status.FAIL
    assert str(config.agi_port) in ill["n1: FastAGI"].seen
    assert ill["n1: trunk"].status is Status.FAIL          # no gateway is there
    assert "firewall" in ill["n1: trunk"].what_to_do
    assert "not: 8001" in well["n1: agents' phones"].seen
