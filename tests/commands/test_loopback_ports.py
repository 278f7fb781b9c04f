"""The ports that a demo, a bench and the tests take on a machine that does other things too."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

from aftercall.loopback_ports import MEDIA_PORTS, free_port, media_ports

ASK = ("import json; from aftercall.loopback_ports import free_port, media_ports;"
       "print(json.dumps([media_ports(), *(free_port() for _ in range(300))]), flush=True);"
       "input()")
FIRST_OF_THE_KERNEL = 32_768


def test_two_processes_never_hand_out_the_same_port() -> None:
    # 300: each goes round its own ports more than once
    others = [subprocess.Popen([sys.executable, "-c", ASK], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = []
    for other in others:
        assert other.stdout is not None
        told.append(json.loads(other.stdout.readline()))
    told.append([media_ports(), *(free_port() for _ in range(300))])
    for other in others:
        other.communicate("\n")
    assert len({ports[0] for ports in told}) == 4
    plain = [set(ports[1:]) for ports in told]
    assert len(set.union(*plain)) == sum(map(len, plain))
    assert max(set.union(*plain, {ports[0] + MEDIA_PORTS for ports in told})) < FIRST_OF_THE_KERNEL


def test_a_port_that_somebody_has_is_passed_over() -> None:
    one = free_port()
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", one + 1))
        udp.bind(("127.0.0.2", one + 2))
        assert free_port() not in (one, one + 1, one + 2)
