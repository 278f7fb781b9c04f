"""RTP of a telephone: alaw in 20 ms packets, keys as RFC 4733 events. Pure, on arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recordings.g711 import ALAW

FRAME_MS = 20
FRAME = 160                  # samples, and bytes of alaw, a packet
HEAD = 12
PCMA, EVENT = 8, 101         # payload types
KEYS = "0123456789*#"
TONE_FRAMES = 5              # a key is held 100 ms ...
END_PACKETS = 3              # ... and its end told three times
PAUSE_FRAMES = 10            # between two keys of a number
PRESS_FRAMES = TONE_FRAMES + END_PACKETS + PAUSE_FRAMES
LOUD = 200.0                 # root mean square, of 32767: a prompt; below is a quiet line

Bytes = NDArray[np.uint8]


_POWER = np.square(ALAW.astype(np.float32))


def to_alaw(samples: NDArray[np.int16]) -> Bytes:
    """Samples to bytes, the nearest of each."""
    order = np.argsort(ALAW, kind="stable")
    levels = ALAW[order].astype(np.int32)
    at = np.clip(np.searchsorted(levels, samples), 1, 255)
    nearer = np.abs(samples - levels[at - 1]) <= np.abs(levels[at] - samples)
    return order[np.where(nearer, at - 1, at)].astype(np.uint8)


def sync_sources(packets: Bytes) -> NDArray[np.uint32]:
    """The SSRC of each packet: one a call."""
    return np.ascontiguousarray(packets[:, 8:12]).view(">u4").ravel().astype(np.uint32)


def are_loud(packets: Bytes) -> NDArray[np.bool_]:
    """Whether each alaw packet holds more than a quiet line."""
    # every third sample tells; every fourth would meet a beep of 1,000 Hz where it is zero
    return np.asarray(_POWER[packets[:, HEAD:HEAD + FRAME:3]].mean(axis=1) >= LOUD * LOUD)


def headers(payload_type: int, sequence: NDArray[np.int64], timestamp: NDArray[np.int64],
            ssrc: NDArray[np.int64]) -> Bytes:
    """The first 12 bytes of a packet of each call."""
    head = np.zeros((len(sequence), HEAD), np.uint8)
    head[:, 0], head[:, 1] = 0x80, payload_type
    head[:, 2:4] = (sequence & 0xFFFF).astype(">u2").view(np.uint8).reshape(-1, 2)
    head[:, 4:8] = (timestamp & 0xFFFFFFFF).astype(">u4").view(np.uint8).reshape(-1, 4)
    head[:, 8:12] = ssrc.astype(">u4").view(np.uint8).reshape(-1, 4)
    return head


def event(key: str, frame: int) -> bytes:
    """The payload of a key's packet: ``frame`` counts from 0, the last ones tell its end."""
    held = min(frame + 1, TONE_FRAMES)
    end = 0x80 if frame >= TONE_FRAMES else 0
    return bytes([KEYS.index(key), end | 10]) + (held * FRAME).to_bytes(2, "big")


def line_noise(rms: float, seconds: float = 2.0, seed: int = 7) -> Bytes:
    """A quiet line's own sound, as frames of alaw."""
    generator = np.random.default_rng(seed)
    samples = generator.normal(0, rms, int(seconds * 8000)).clip(-8000, 8000).astype(np.int16)
    return to_alaw(samples).reshape(-1, FRAME)
