"""WAV files as they come: PCM of any width, float, A-law and μ-law, also written to a pipe."""

from __future__ import annotations

import io
import struct
import wave
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recordings.g711 import ALAW, ULAW

Samples = npt.NDArray[np.float64]

_EXTENSIBLE = 0xFFFE      # what it is then stands further on


@dataclass(frozen=True)
class Sound:
    """One channel, from -1 to 1; ``rate`` in samples a second."""

    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        return self.samples.size / self.rate


def is_wav(data: bytes) -> bool:
    """Whether it begins as a WAV does."""
    return data[:4] == b"RIFF" and data[8:12] == b"WAVE"


def read_wav(data: bytes) -> Sound:
    """The sound, its channels mixed; ValueError when it is no WAV that we know."""
    if not is_wav(data):
        raise ValueError("no WAV")
    layout: tuple[int, ...] | None = None
    at = 12
    while at + 8 <= len(data):
        name, size = data[at:at + 4], int.from_bytes(data[at + 4:at + 8], "little")
        body = data[at + 8:at + 8 + size]      # who writes to a pipe claims more than there is
        if name == b"fmt ":
            layout = _layout(body)
        elif name == b"data":
            if layout is None:
                raise ValueError("no format before the sound")
            return _sound(body or data[at + 8:], *layout)
        at += 8 + size + size % 2
    raise ValueError("no sound in it")


def write_wav(samples: Samples, rate: int) -> bytes:
    """16 bit, one channel."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples.clip(-1, 1) * 32767).round().astype("<i2").tobytes())
    return out.getvalue()


def _layout(body: bytes) -> tuple[int, int, int, int]:
    """Encoding, channels, rate, bits."""
    if len(body) < 16:
        raise ValueError("the format is cut off")
    encoding, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if encoding == _EXTENSIBLE and len(body) >= 26:
        encoding = struct.unpack_from("<H", body, 24)[0]
    return encoding, channels, rate, bits


def _sound(body: bytes, encoding: int, channels: int, rate: int, bits: int) -> Sound:
    if not 1 <= channels <= 8 or not 4000 <= rate <= 192_000:
        raise ValueError(f"{channels} channels at {rate} Hz")
    frame = channels * bits // 8
    if not frame:
        raise ValueError(f"{bits} bits a sample")
    body = body[:len(body) // frame * frame]
    match encoding, bits:
        case (1, 8):
            flat = (np.frombuffer(body, "u1").astype(np.float64) - 128) / 128
        case (1, 16 | 32):
            flat = np.frombuffer(body, f"<i{bits // 8}") / 2.0 ** (bits - 1)
        case (1, 24):
            wide = np.zeros((len(body) // 3, 4), "u1")
            wide[:, 1:] = np.frombuffer(body, "u1").reshape(-1, 3)
            flat = wide.view("<i4").reshape(-1) / 2.0 ** 31
        case (3, 32 | 64):
            flat = np.nan_to_num(np.frombuffer(body, f"<f{bits // 8}").astype(np.float64))
        case (6, 8):
            flat = ALAW[np.frombuffer(body, "u1")] / 32768
        case (7, 8):
            flat = ULAW[np.frombuffer(body, "u1")] / 32768
        case _:
            raise ValueError(f"encoding {encoding} of {bits} bits")
    return Sound(flat.reshape(-1, channels).mean(axis=1).clip(-1, 1), rate)
