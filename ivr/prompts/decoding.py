"""Any sound file as samples: WAV by ourselves, other kinds by ffmpeg where the machine has it."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from followup.ffmpeg import find_ffmpeg
from ivr.prompts.errors import BadRecording
from ivr.prompts.wav import Sound, is_wav, read_wav

MAX_BYTES = 20_000_000
TIMEOUT_S = 30
SHORTEST_S = 0.02            # anything below is a header and some rest
_LONGEST_S = 300             # of what ffmpeg is to unpack
_RATE = 48_000
# what a file begins with, where, and ffmpeg's name for it: it must not guess, as some kinds
# (playlists) would make it open other files
_KINDS: tuple[tuple[bytes, int, str, str], ...] = (
    (b"ID3", 0, "mp3", "MP3"), (b"\xff\xfb", 0, "mp3", "MP3"), (b"\xff\xf3", 0, "mp3", "MP3"),
    (b"\xff\xf2", 0, "mp3", "MP3"), (b"\xff\xf1", 0, "aac", "AAC"), (b"\xff\xf9", 0, "aac", "AAC"),
    (b"OggS", 0, "ogg", "Ogg"), (b"fLaC", 0, "flac", "FLAC"), (b"ftyp", 4, "mov", "M4A"),
    (b"\x1aE\xdf\xa3", 0, "matroska", "WebM"), (b"#!AMR", 0, "amr", "AMR"),
    (b"FORM", 0, "aiff", "AIFF"), (b"caff", 0, "caf", "CAF"))
EXPECTED = "WAV; or, where ffmpeg is installed, MP3, AAC, Ogg, Opus, FLAC, M4A, WebM, AMR or AIFF"


def decode(data: bytes, field: str) -> Sound:
    """The sound of a file, one channel; BadRecording (naming ``field``) when it cannot be had."""
    if len(data) > MAX_BYTES:
        raise BadRecording(f"{field}: larger than {MAX_BYTES // 1_000_000} MB", "large",
                           field=field, expected=EXPECTED)
    if is_wav(data):
        return _read(data, field)
    kind = next(((name, title) for mark, at, name, title in _KINDS
                 if data[at:at + len(mark)] == mark), None)
    if kind is None:
        raise BadRecording(f"{field}: not a sound file that can be read; expected {EXPECTED}",
                           "unknown", field=field, expected=EXPECTED)
    return _read(_by_ffmpeg(data, *kind, field), field)


def decode_wav(data: bytes, field: str) -> Sound:
    """As ``decode``, of WAV alone."""
    if len(data) > MAX_BYTES or not is_wav(data):
        why = ("larger than 20 MB", "large") if is_wav(data) else (
            "not a WAV file that can be read", "unreadable")
        raise BadRecording(f"{field}: {why[0]}", why[1], field=field, expected="a WAV file")
    return _read(data, field)


def _read(data: bytes, field: str) -> Sound:
    try:
        sound = read_wav(data)
    except ValueError as error:
        raise BadRecording(f"{field}: not a WAV file that can be read ({error})", "unreadable",
                           field=field, expected="a WAV file") from error
    if sound.seconds < SHORTEST_S:
        raise BadRecording(f"{field}: the sound is empty or silent", "silent", field=field,
                           expected="a sound in which somebody speaks")
    return sound


def _by_ffmpeg(data: bytes, kind: str, title: str, field: str) -> bytes:
    program = find_ffmpeg()
    if program is None:
        raise BadRecording(f"{field}: {title} needs ffmpeg, which this machine does not have; "
                           "save it as WAV, or install ffmpeg", "ffmpeg", field=field,
                           expected="a WAV file")
    with tempfile.TemporaryDirectory(prefix="aftercall-sound-") as folder:
        source, target = Path(folder) / "source", Path(folder) / "target.wav"
        source.write_bytes(data)
        command = [program, "-nostdin", "-hide_banner", "-loglevel", "error", "-protocol_whitelist",
                   "file", "-f", kind, "-i", str(source), "-vn", "-map", "0:a:0", "-ac", "1",
                   "-ar", str(_RATE), "-t", str(_LONGEST_S), "-c:a", "pcm_s16le", "-f", "wav",
                   str(target)]
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=TIMEOUT_S)
        except OSError as error:
            raise BadRecording(f"{field}: ffmpeg cannot be started: {error.strerror}", "ffmpeg",
                               field=field, expected="a WAV file") from error
        except subprocess.TimeoutExpired as error:
            raise BadRecording(f"{field}: ffmpeg did not finish within {TIMEOUT_S} s", "unreadable",
                               field=field, expected="a WAV file") from error
        if done.returncode or not target.exists():
            raise BadRecording(f"{field}: not {title} that ffmpeg can read", "unreadable",
                               field=field, expected=EXPECTED)
        return target.read_bytes()
