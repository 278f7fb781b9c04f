"""An Asterisk as our child: it comes up clean, says why when not, and goes when told."""

from __future__ import annotations

import asyncio
import os
import re
import socket

import pytest

from asterisk_conf.errors import AsteriskError
from asterisk_conf.model import TrunkConfig
from asterisk_conf.process import AsteriskProcess, leftover
from asterisk_conf.render import write_node
from tests.asterisk_conf.lab import install, node_config, running_node, short_folder, until
from tests.asterisk_conf.wire import SipPeer

pytestmark = pytest.mark.journey


async def test_a_node_starts_without_a_complaint_and_stops() -> None:
    async with short_folder() as root:
        config = node_config(root)
        async with running_node(config) as node:
            assert "fully booted" in await node.cli("core waitfullybooted")
            pid = node.pid
            assert pid is not None
        assert node.problems() == []
        assert not node.running
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        console = node.console_log.read_text()
        assert not re.search("WARNING|ERROR|Permission denied|Unable", console), console
        for written in config.folders.log_dir.iterdir():
            assert written.stat().st_mode & 0o077 == 0, written


async def test_two_nodes_live_beside_each_other() -> None:
    async with short_folder() as root:
        async with running_node(node_config(root / "a", name="a")) as one, \
                running_node(node_config(root / "b", name="b")) as two:
            assert "System name:                 a" in await one.cli("core show settings")
            assert "System name:                 b" in await two.cli("core show settings")
        assert one.problems() == two.problems() == []


async def test_what_an_earlier_run_left_behind_is_ended() -> None:
    async with short_folder() as root:
        config = node_config(root)
        write_node(config)
        earlier = AsteriskProcess(install().argv, config.folders)
        await earlier.start()
        assert leftover(config.folders) == earlier.pid
        async with running_node(config) as node:
            assert not earlier.running or await asyncio.wait_for(earlier.wait(), 5) is not None
            assert leftover(config.folders) == node.pid
        assert leftover(config.folders) is None


async def test_a_process_id_of_somebody_else_is_left_alone() -> None:
    async with short_folder() as root:
        config = node_config(root)
        write_node(config)
        (config.folders.run_dir / "asterisk.pid").write_text(str(os.getpid()))
        assert leftover(config.folders) is None


async def test_a_program_that_ends_at_once_is_told_with_its_last_words() -> None:
    async with short_folder() as root:
        config = node_config(root)
        write_node(config)
        command = ["/bin/sh", "-c", "echo no such module >&2; exit 3"]
        with pytest.raises(AsteriskError, match="no such module"):
            await AsteriskProcess(command, config.folders).start()


@pytest.mark.parametrize("field", ["sip_port", "ami_port"])
async def test_a_taken_port_stops_the_start(field: str) -> None:
    async with short_folder() as root:
        config = node_config(root)
        port = getattr(config, field)
        write_node(config)
        node = AsteriskProcess(install().argv, config.folders)
        with socket.socket(type=socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", port))
            tcp.bind(("127.0.0.1", port))
            tcp.listen()
            with pytest.raises(AsteriskError, match="port"):
                await node.start()
        assert not node.running


async def test_a_node_behind_nat_registers_with_a_gateway_that_asks_for_it() -> None:
    """Every part of the templates is read by the real Asterisk, this way of the trunk too."""
    async with short_folder() as root, SipPeer.at("127.0.0.2") as gateway:
        trunk = TrunkConfig(host="127.0.0.2", port=gateway.port, mode="registration",
                            username="hospital", password="p@ss:w0rd!%^*=")
        config = node_config(root, trunk=trunk, external_address="203.0.113.9",
                             local_net="127.0.0.0/8")
        async with running_node(config) as node:
            await until(lambda: any(text.startswith("REGISTER") for text in gateway.got), 10)
            assert "p@ss:w0rd!%^*=" in await node.cli("pjsip show auth trunk")
            assert [line for line in node.problems() if "404" not in line] == []
    register = next(text for text in gateway.got if text.startswith("REGISTER"))
    assert "From: <sip:hospital@127.0.0.2" in register
