"""The simulated gateway as a running thing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from asterisk_conf.model import Folders
from asterisk_conf.process import AsteriskProcess
from followup.errors import AftercallError
from simgateway.cdr import GatewayCall, read_calls
from simgateway.personas import Persona, load_personas
from simgateway.render import GatewayConfig, SimAgent, write_gateway

EMPTY = '""'                       # an empty word of Asterisk's command line


class GatewayError(AftercallError):
    """The simulated gateway does not do as asked."""

    id = "simgateway"


class SimGateway:
    """A second Asterisk that plays the voice gateway, the patients and the agents' phones.

    ``install_command`` starts the asterisk program; ``folder`` becomes the gateway's own.
    """

    def __init__(self, install_command: Sequence[str], folder: Path, *, modules_dir: Path,
                 data_dir: Path, sip_port: int, node_address: str = "127.0.0.1",
                 node_port: int = 5060, bind: str = "127.0.0.2",
                 agents: Sequence[SimAgent] = (), personas: Sequence[Persona] | None = None,
                 rtp_start: int = 21000, rtp_end: int = 21999) -> None:
        self.config = GatewayConfig(
            folders=Folders.under(folder, modules_dir, data_dir), bind=bind, sip_port=sip_port,
            node_address=node_address, node_port=node_port, agents=tuple(agents),
            personas=tuple(load_personas() if personas is None else personas),
            rtp_start=rtp_start, rtp_end=rtp_end)
        self.process = AsteriskProcess(install_command, self.config.folders)

    def record(self, name: str, sound: bytes) -> None:
        """What a persona speaks as ``name``: a telephone WAV."""
        self.config.folders.sounds_dir.mkdir(parents=True, exist_ok=True)
        (self.config.folders.sounds_dir / f"{name}.wav").write_bytes(sound)

    async def start(self, timeout_s: float = 30) -> None:
        """Write the configuration and start; AsteriskError when it does not come up."""
        write_gateway(self.config)
        await self.process.start(timeout_s)

    async def stop(self) -> None:
        """End it; calls under way are hung up."""
        await self.process.stop()

    async def refuse(self, sip_code: int | None) -> None:
        """Refuse every patient's call with this SIP status from now on; None: take calls again."""
        if sip_code is not None and not 400 <= sip_code <= 699:
            raise GatewayError(f"cannot refuse with {sip_code}: expected 400 to 699")
        await self.process.cli(f"dialplan set global REFUSE {sip_code or EMPTY}")

    async def registered(self, timeout_s: float = 20) -> None:
        """Return once every phone that should be is registered with the node."""
        wanted = sum(agent.registered for agent in self.config.agents)
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    if await self._registrations() >= wanted:
                        return
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            raise GatewayError(f"not all of {wanted} agents' phones registered with the node "
                               f"within {timeout_s:g} s") from error

    async def _registrations(self) -> int:
        lines = (await self.process.cli("pjsip show registrations")).splitlines()
        return sum("Registered" in line and "Unregistered" not in line for line in lines)

    def calls(self) -> list[GatewayCall]:
        """Every call that reached the gateway and has ended."""
        return read_calls(self.config.folders.log_dir)
