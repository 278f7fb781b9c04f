"""Packets as they lie on the wire, and as the kernel hands them out."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from ipaddress import IPv4Address

import numpy as np

from recordings.recorder import rtp
from recordings.recorder.packets import Packets
from recordings.recorder.rtp import PCMA

OURS, PHONE, STRANGER = ("192.0.2.1", 20000), ("192.0.2.9", 4000), ("198.51.100.7", 6000)
QUIET, LOUD = 0xD5, 0xAA             # A-law: 8, and a loud one
Place = tuple[str, int]


def rtp_packet(sound: bytes, *, stamp: int = 0, sender: int = 1, kind: int = PCMA,
               marked: bool = False, first: int = 0x80, behind: bytes = b"") -> bytes:
    """RTP; ``first``: its first byte; ``behind``: what lies between its head and its sound."""
    return struct.pack(">BBHII", first, kind | marked << 7, 0, stamp % 2**32, sender) \
        + behind + sound


def ip_packet(source: Place, target: Place, content: bytes) -> bytes:
    """IPv4 and UDP around it."""
    length = 28 + len(content)
    return struct.pack(">BBHHHBBH", 0x45, 0, length, 0, 0, 64, 17, 0) \
        + IPv4Address(source[0]).packed + IPv4Address(target[0]).packed \
        + struct.pack(">HHHH", source[1], target[1], length - 20, 0) + content


def spoken(source: Place, target: Place, *, count: int = 160, code: int = LOUD, stamp: int = 0,
           sender: int = 1) -> bytes:
    """A packet of so many samples that are all alike."""
    return ip_packet(source, target, rtp_packet(bytes([code]) * count, stamp=stamp, sender=sender))


def packets(arrived: Sequence[tuple[int, bytes]]) -> Packets:
    """``arrived``: when, in what unit you like, and what."""
    width = max((len(packet) for _, packet in arrived), default=0)
    heads = np.zeros((len(arrived), width), np.uint8)
    for row, (_, packet) in enumerate(arrived):
        heads[row, :len(packet)] = np.frombuffer(packet, np.uint8)
    return Packets(np.array([at for at, _ in arrived], np.int64), heads,
                   np.array([len(packet) for _, packet in arrived], np.int64))


def heard(arrived: Sequence[tuple[int, bytes]]) -> rtp.Sound:
    """What of them is sound; ``arrived``: when, in samples of the clock, and what."""
    some = packets(arrived)
    return rtp.read(some.times, some.heads, some.sizes)
