"""Copies for browsers: a tenth of the original or less, made by ffmpeg where the machine has it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from followup.calls.models import CopyFormat
from followup.errors import Unavailable
from followup.ffmpeg import find_ffmpeg

TYPES = {CopyFormat.OPUS: "audio/ogg; codecs=opus", CopyFormat.M4A: "audio/mp4"}
# through pipes, so that no sound lies unencrypted on a disk
_ARGUMENTS = {
    # long frames: a third less work for the same sound
    CopyFormat.OPUS: ("-c:a", "libopus", "-b:a", "32k", "-compression_level", "3",
                      "-frame_duration", "60", "-f", "ogg"),
    CopyFormat.M4A: ("-c:a", "aac", "-aac_coder", "fast", "-b:a", "48k",
                     "-movflags", "frag_keyframe+delay_moov", "-f", "mp4")}
_PATIENCE_S = 600


class NoCopy(Unavailable):
    """ffmpeg did not make a copy."""


@dataclass(frozen=True, slots=True)
class Copier:
    """Makes copies of one format, with the lowest priority: live calls go first."""

    form: CopyFormat
    ffmpeg: str

    async def copy(self, wav: bytes) -> bytes:
        """The same sound, both sides; NoCopy."""
        process = await asyncio.create_subprocess_exec(
            "nice", "-n", "19", self.ffmpeg, "-v", "error", "-threads", "1", "-f", "wav", "-i",
            "pipe:0", "-map_metadata", "-1", *_ARGUMENTS[self.form], "pipe:1",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                made, _ = await process.communicate(wav)
        except TimeoutError as error:
            raise NoCopy from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode or not made:
            raise NoCopy(f"ffmpeg ended with {process.returncode}")
        return made


def find_copiers(wanted: str) -> tuple[Copier, ...]:
    """Those for the setting ``recordings.copies``, smallest copy first; none without ffmpeg."""
    ffmpeg = find_ffmpeg()
    return tuple(Copier(form, ffmpeg) for form in CopyFormat
                 if ffmpeg is not None and wanted in (form.value, "both"))
