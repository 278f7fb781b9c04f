"""Ports of this machine's own for a house that only it sees: the demo's, a bench's, a test's.

The kernel gives each outgoing connection a port from 32768 on, so one that was free a moment
ago may be gone when Asterisk asks for it. These lie below, and no two processes hand out the
same: each claims a block for its life, by a socket that the kernel closes with it.
"""

from __future__ import annotations

import atexit
import itertools
import socket
from collections.abc import Iterator
from functools import cache

BLOCKS = 18
FIRST, PORTS = 10_000, 220                  # of block n: FIRST + n * PORTS and on
FIRST_MEDIA, MEDIA_PORTS = 14_000, 1_000    # the last of the last block is 31999


def free_port() -> int:
    """A port that is free for TCP and UDP at every address, and is not given again for long.

    Raises OSError when none is left, or no block.
    """
    number, ports = _block()
    for port in itertools.islice(ports, PORTS):
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("", port))
                udp.bind(("", port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port in block {number} of this machine's")


def media_ports() -> int:
    """The first of MEDIA_PORTS ports for RTP, the same for all of this process."""
    return FIRST_MEDIA + _block()[0] * MEDIA_PORTS


@cache
def _block() -> tuple[int, Iterator[int]]:
    for number in range(BLOCKS):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0aftercall-ports-{number}")
        except OSError:
            claim.close()
            continue
        atexit.register(claim.close)         # and held by it until then
        first = FIRST + number * PORTS
        return number, itertools.cycle(range(first, first + PORTS))
    raise OSError(f"{BLOCKS} processes have claimed ports already")

