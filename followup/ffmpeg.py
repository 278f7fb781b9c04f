"""Where ffmpeg is: the machine's own, else the one that the package imageio-ffmpeg brings."""

from __future__ import annotations

import shutil
from importlib.util import find_spec


def find_ffmpeg() -> str | None:
    """Its path; None where there is none: WAV is read and played without it."""
    own = shutil.which("ffmpeg")
    if own is not None or find_spec("imageio_ffmpeg") is None:
        return own
    from imageio_ffmpeg import get_ffmpeg_exe

    try:
        return str(get_ffmpeg_exe())
    except RuntimeError:                 # it has none for this kind of machine
        return None
