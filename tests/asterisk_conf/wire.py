"""A bare SIP peer on a UDP socket, a FastAGI server of three lines, and ears for a WAV file."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import uuid
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

_ids = itertools.count(1)


class SipPeer(asyncio.DatagramProtocol):
    """Answers every OPTIONS with 200 and every other request with 404; keeps all it got."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self._news = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def at(cls, address: str, port: int = 0) -> AsyncIterator[SipPeer]:
        transport, peer = await asyncio.get_running_loop().create_datagram_endpoint(
            cls, local_addr=(address, port))
        try:
            yield peer
        finally:
            transport.close()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport
        self.address, self.port = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode()
        self.got.append(text)
        self._news.set()
        if not text.startswith(("SIP/2.0", "ACK")):
            status = "200 OK" if text.startswith(("OPTIONS", "BYE")) else "404 Not Found"
            kept = [line for line in text.splitlines() if line.partition(":")[0].lower() in (
                "via", "from", "to", "call-id", "cseq")]
            reply = "\r\n".join([f"SIP/2.0 {status}", *kept, "Content-Length: 0", "", ""])
            self._transport.sendto(reply.encode(), addr)

    @property
    def invites(self) -> list[str]:
        """INVITEs that came in: calls placed by the other side."""
        return [text for text in self.got if text.startswith("INVITE")]

    async def invite(self, host: str, port: int, user: str, caller: str = "13800138000") -> int:
        """Call ``user`` there; the final status."""
        call_id = f"{next(_ids)}-{uuid.uuid4().hex}"
        sdp = "\r\n".join(["v=0", f"o=- 1 1 IN IP4 {self.address}", "s=-",
                           f"c=IN IP4 {self.address}", "t=0 0", "m=audio 40000 RTP/AVP 8 101",
                           "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", ""])
        self._transport.sendto("\r\n".join([
            f"INVITE sip:{user}@{host}:{port} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.address}:{self.port};rport;branch=z9hG4bK{call_id}",
            "Max-Forwards: 70", f"From: <sip:{caller}@{self.address}>;tag=t{call_id}",
            f"To: <sip:{user}@{host}>", f"Call-ID: {call_id}", "CSeq: 1 INVITE",
            f"Contact: <sip:{caller}@{self.address}:{self.port}>",
            "Content-Type: application/sdp", f"Content-Length: {len(sdp)}", "", sdp,
        ]).encode(), (host, port))
        async with asyncio.timeout(10):
            while True:
                for text in self.got:
                    status = int(text.split()[1]) if text.startswith("SIP/2.0") else 0
                    if status >= 200 and f"Call-ID: {call_id}" in text:
                        return status
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def fastagi(port: int, commands: Sequence[str],
                  hold_s: float = 0) -> AsyncIterator[list[str]]:
    """A FastAGI server that sends ``commands``, waits, and closes; yields the requests it saw."""
    seen: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for line in reader:
            seen.append(line.decode().strip())
            if not line.strip():
                break
        for command in commands:
            writer.write(command.encode() + b"\n")
            await reader.readline()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(hold_s):
                async for line in reader:
                    seen.append(line.decode().strip())
                seen.append("EOF")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield seen
    finally:
        server.close()


def write_tone(path: Path, pitch: int, seconds: float = 1.0) -> None:
    """A mono 8 kHz WAV of one tone."""
    samples = np.sin(2 * np.pi * pitch * np.arange(int(8000 * seconds)) / 8000) * 12000
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())


def pitch_of(path: Path) -> float | None:
    """The loudest frequency of a recording in Hz; None when less than half a second is heard."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(float)
    if np.count_nonzero(np.abs(samples) > 500) < 2000:
        return None
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.argmax(spectrum[1:]) + 1) * 8000 / len(samples)
