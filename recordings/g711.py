"""G.711: what a byte of A-law or μ-law sounds like, as 16-bit samples (ITU-T G.711)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Table = npt.NDArray[np.int16]


def _alaw() -> Table:
    code = np.arange(256) ^ 0x55
    step, place = code >> 4 & 7, code & 15
    size = np.where(step == 0, (place << 4) + 8, (place << 4) + 264 << np.maximum(step - 1, 0))
    return np.where(code & 0x80, size, -size).astype(np.int16)


def _ulaw() -> Table:
    code = ~np.arange(256) & 0xFF
    size = (((code & 15) << 3) + 132 << (code >> 4 & 7)) - 132
    return np.where(code & 0x80, -size, size).astype(np.int16)


#: 256 samples, one for each byte.
ALAW, ULAW = _alaw(), _ulaw()
