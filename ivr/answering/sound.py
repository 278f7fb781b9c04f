"""What 20 ms of a telephone line hold: a voice, a steady tone, or neither."""

from __future__ import annotations

import numpy as np
import webrtcvad

from ivr.answering.detector import QUIET, VOICE, Kind

RATE = 8000
SAMPLES = RATE // 50
FLOOR = 150.0                # root mean square, of 32767: below is a quiet line
ECHO = 0.12                  # of what we said: the line gives back less than that
ECHO_FRAMES = 15             # and within 300 ms
_REACHES = (1, 2, 4, 7)      # of 2 frames, of two such, ...: in the end, of ECHO_FRAMES
VOICE_MODE = 2               # webrtcvad: 0 takes nearly all for voice, 3 nearly nothing
TONES = (380.0, 2100.0)      # Hz, of beeps
PURE = 0.92                  # of a frame's energy around one pitch: a tone
ROUGH = 0.8                  # of a frame's energy that no single tone explains: it is none

_POINTS = 1024
_WINDOW = np.hanning(SAMPLES)
_HERTZ = np.fft.rfftfreq(_POINTS, 1 / RATE)
_AROUND = 110.0              # Hz: how wide a pure tone is in so short a window


class Classifier:
    """Frames of one call, both sides, in their order."""

    def __init__(self) -> None:
        self._vad = webrtcvad.Vad(VOICE_MODE)
        self._ours = np.zeros(ECHO_FRAMES - 1, np.float32)       # how loud we just were

    def kind(self, theirs: np.ndarray, ours: np.ndarray | None = None) -> Kind:
        """160 samples (int16) of the other side, and what we sent them meanwhile."""
        frame = np.stack([theirs, np.zeros_like(theirs) if ours is None else ours], axis=1)
        return self.kinds(frame[np.newaxis])[0]

    def kinds(self, frames: np.ndarray) -> list[Kind]:
        """Many frames in one go: (number, 160, 2), their side first. Most lines are quiet."""
        # each side's samples in a row first: sums over them are ten times as quick
        plain = np.ascontiguousarray(frames.transpose(0, 2, 1)).astype(np.float32)
        loudness = np.sqrt(np.einsum("nts,nts->nt", plain, plain) / SAMPLES)
        echo = ECHO * self._loudest_of_ours(loudness[:, 1])
        loud = np.nonzero(loudness[:, 0] >= np.maximum(FLOOR, echo))[0]
        found = [QUIET] * len(frames)
        if len(loud):
            smooth = (roughness(plain[loud, 0]) < ROUGH).tolist()
            for place, may_be_tone in zip(loud.tolist(), smooth, strict=True):
                found[place] = self._kind(frames[place, :, 0], may_be_tone)
        return found

    def _loudest_of_ours(self, loudness: np.ndarray) -> np.ndarray:
        """At each frame, what was loudest of us a moment before it."""
        loudest = np.concatenate([self._ours, loudness])
        self._ours = loudest[-ECHO_FRAMES + 1:]
        for further in _REACHES:
            loudest = np.maximum(loudest[:-further], loudest[further:])
        return loudest

    def _kind(self, theirs: np.ndarray, may_be_tone: bool) -> Kind:
        if may_be_tone and (hertz := pitch(theirs)):
            return Kind(tone=hertz)
        return VOICE if self._vad.is_speech(theirs.astype("<i2").tobytes(), RATE) else QUIET


def roughness(frames: np.ndarray) -> np.ndarray:
    """By how much each row differs from any single tone, by its energy: 0 for one, 2 for noise.

    Of a tone, each sample is the same multiple of the sum of its neighbours. It tells a noisy line
    from a beep at a tenth of what ``pitch`` costs.
    """
    middle, around = frames[:, 1:-1], frames[:, 2:] + frames[:, :-2]
    energy = np.einsum("ns,ns->n", middle, middle) + 1e-9
    factor = np.einsum("ns,ns->n", middle, around) / energy
    rest = around - factor[:, np.newaxis] * middle
    return np.asarray(np.einsum("ns,ns->n", rest, rest) / energy)


def pitch(samples: np.ndarray) -> int:
    """The Hz of a frame that is one pure tone; 0 for anything else."""
    energy = np.abs(np.fft.rfft(samples * _WINDOW, _POINTS)) ** 2
    total = float(energy[_HERTZ > 60].sum())          # mains hum counts for nothing
    if total <= 0:
        return 0
    peak = float(_HERTZ[int(np.argmax(energy))])
    if not TONES[0] <= peak <= TONES[1]:
        return 0
    near = float(energy[np.abs(_HERTZ - peak) <= _AROUND].sum())
    return round(peak) if near >= PURE * total else 0
