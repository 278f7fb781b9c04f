"""Any sound to what the telephone plays: 8 kHz, mono, 16 bit, one loudness, no silence around."""

from __future__ import annotations

import math
import warnings

import numpy as np

from ivr.prompts.decoding import decode_wav
from ivr.prompts.errors import BadRecording
from ivr.prompts.wav import Samples, Sound, write_wav

with warnings.catch_warnings():
    # pydub warns of a missing ffmpeg, which reading WAV does not need, and of the standard library
    warnings.simplefilter("ignore")
    from pydub import AudioSegment
    from pydub.silence import detect_leading_silence

RATE = 8000
LOUDNESS = -18.0             # dBFS, RMS of what is spoken
PEAK = 0.89                  # -1 dBFS
SILENCE_DB = -42.0           # relative to the loudest
LEAD_MS, TAIL_MS = 40, 120
VERSION = "1"                # part of the cache key: raise it when the sound changes

def telephone_wav(data: bytes, field: str = "recording") -> bytes:
    """A WAV of any rate, width and number of channels as 8 kHz mono 16-bit WAV.

    Raises BadRecording (naming ``field``) when it is no WAV or holds no sound.
    """
    return telephone(decode_wav(data, field), field)


def telephone(sound: Sound, field: str = "recording") -> bytes:
    """A sound as the telephone plays it; BadRecording when nothing is heard in it."""
    spoken = trimmed(sound, field)
    return write_wav(level(resample(spoken.samples, spoken.rate)), RATE)


def trimmed(sound: Sound, field: str) -> Sound:
    """Without the silence around; BadRecording when there is nothing else."""
    segment = AudioSegment((sound.samples * 32767).round().astype("<i2").tobytes(),
                           sample_width=2, frame_rate=sound.rate, channels=1)
    peak = segment.max_dBFS
    if not segment.rms or peak < -50:
        raise BadRecording(f"{field}: the sound is empty or silent", "silent", field=field,
                           expected="a sound in which somebody speaks")
    threshold = max(peak + SILENCE_DB, -60.0)
    lead = detect_leading_silence(segment, threshold, chunk_size=5)
    tail = detect_leading_silence(segment.reverse(), threshold, chunk_size=5)
    first = max(0, lead - LEAD_MS) * sound.rate // 1000
    last = (len(segment) - max(0, tail - TAIL_MS)) * sound.rate // 1000
    return Sound(sound.samples[first:last], sound.rate)


def resample(samples: Samples, rate: int, target: int = RATE) -> Samples:
    """Band-limited change of rate, so that no sibilant folds down into the telephone's band."""
    if rate == target or not samples.size:
        return samples
    step = rate // math.gcd(rate, target)
    room = rate // 10                                  # of silence, as a spectrum wraps around
    steps = -(-(samples.size + 2 * room) // step)
    even = 1 << max(0, steps.bit_length() - 4)         # small factors only: many times as fast
    size = -(-steps // even) * even * step
    spectrum = np.fft.rfft(np.pad(samples, (room, size - samples.size - room)))
    length = size * target // rate
    kept = min(spectrum.size, length // 2 + 1)
    slope = max(1, kept // 20)                         # a soft edge rings less
    spectrum[kept - slope:kept] *= 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, slope))
    out = np.fft.irfft(spectrum[:kept], length) * (target / rate)
    return out[room * target // rate:][:samples.size * target // rate]


def level(samples: Samples) -> Samples:
    """The one loudness for all prompts; peaks bend below -1 dBFS and never clip."""
    step = min(80, samples.size)
    power = (_frames(samples, step) ** 2).mean(axis=1)
    spoken = power > power.max() * 1e-3        # pauses do not make the voice louder
    target = 10 ** (LOUDNESS / 20)
    gain = 1.0
    for _ in range(5):                         # bending the peaks takes some loudness away
        loudness = np.sqrt((_frames(_bend(samples * gain), step)[spoken] ** 2).mean())
        gain *= target / loudness
    return _bend(samples * gain)


def _frames(samples: Samples, step: int) -> Samples:
    return samples[:samples.size // step * step].reshape(-1, step)


def _bend(samples: Samples, knee: float = 0.5) -> Samples:
    over = np.abs(samples) > knee
    bent = samples.copy()
    room = PEAK - knee
    bent[over] = np.sign(samples[over]) * (
        knee + room * np.tanh((np.abs(samples[over]) - knee) / room))
    return bent
