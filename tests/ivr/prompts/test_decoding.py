"""Sound files as people's programs and telephones write them."""

from __future__ import annotations

import struct
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pytest

from followup.ffmpeg import find_ffmpeg
from ivr.prompts import decoding
from ivr.prompts.decoding import MAX_BYTES, decode
from ivr.prompts.errors import BadRecording
from ivr.prompts.wav import read_wav
from tests.ivr.prompts.sounds import tone

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import audioop

CODES = bytes(range(256))
FFMPEG = find_ffmpeg()


def riff(encoding: int, bits: int, body: bytes, *, channels: int = 1, rate: int = 8000,
         extra: bytes = b"", claims: int | None = None, before: bytes = b"") -> bytes:
    """A WAV of any encoding."""
    layout = struct.pack("<HHIIHH", encoding, channels, rate, rate * channels * bits // 8,
                         channels * bits // 8, bits) + extra
    size = len(body) if claims is None else claims
    chunks = b"fmt " + struct.pack("<I", len(layout)) + layout + before + b"data" + struct.pack(
        "<I", size) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks) & 0xFFFFFFFF) + b"WAVE" + chunks


@pytest.mark.parametrize(("encoding", "reference"), [(6, audioop.alaw2lin), (7, audioop.ulaw2lin)])
def test_every_code_of_the_telephones_laws_is_its_sample(encoding: int, reference) -> None:
    expected = np.frombuffer(reference(CODES, 2), "<i2") / 32768
    assert np.array_equal(read_wav(riff(encoding, 8, CODES)).samples, expected)


@pytest.mark.parametrize(("encoding", "bits", "kind"), [(3, 32, "<f4"), (3, 64, "<f8")])
def test_floating_point_is_read_and_kept_in_bounds(encoding: int, bits: int, kind: str) -> None:
    samples = np.array([0, 0.5, -0.25, 3.0, np.nan] * 100)
    found = read_wav(riff(encoding, bits, samples.astype(kind).tobytes()))
    assert found.samples[:5] == pytest.approx([0, 0.5, -0.25, 1.0, 0])


def test_the_extensible_kind_is_what_it_says_it_is() -> None:
    body = np.array([0.5] * 200).astype("<f4").tobytes()
    extra = struct.pack("<HHI", 22, 32, 0) + struct.pack("<H", 3) + bytes(14)
    assert read_wav(riff(0xFFFE, 32, body, extra=extra)).samples[0] == pytest.approx(0.5)


@pytest.mark.parametrize("claims", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_file_written_to_a_pipe_is_read_to_its_end(claims: int) -> None:
    whole = tone(seconds=0.5)
    found = decode(riff(1, 16, whole[44:], claims=claims), "file")
    assert found.seconds == pytest.approx(0.5)


def test_other_chunks_are_passed_over_and_channels_mixed() -> None:
    body = np.array([[0.5, -0.1]] * 4000)
    note = b"LIST" + struct.pack("<I", 5) + b"notes\0"
    found = decode(riff(1, 16, (body * 32768).astype("<i2").tobytes(), channels=2, rate=44100,
                        before=note), "file")
    assert found.rate == 44100
    assert found.samples.mean() == pytest.approx(0.2, abs=1e-3)


@pytest.mark.parametrize("broken", [
    b"", b"nothing", b"RIFF1234WAVE", riff(1, 16, b""), riff(17, 4, bytes(999)),
    riff(1, 0, bytes(999)),
    riff(1, 16, bytes(999), channels=99), riff(1, 16, bytes(999), rate=1), riff(1, 12, bytes(999)),
    b"RIFF1234WAVEdata\x09\0\0\0123456789", b"#EXTM3U\nfile:///etc/passwd\n",
    b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_what_is_no_sound_is_refused_by_name(broken: bytes) -> None:
    with pytest.raises(BadRecording, match=r"^upload: ") as refused:
        decode(broken, "upload")
    assert refused.value.expected


def test_what_is_too_large_is_refused() -> None:
    with pytest.raises(BadRecording, match="larger than 20 MB"):
        decode(b"RIFF" + bytes(MAX_BYTES), "upload")


# --- ffmpeg ------------------------------------------------------------------------------------

def fake_ffmpeg(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize(("head", "name"), [
    (b"ID3", "MP3"), (b"OggS", "Ogg"), (b"fLaC", "FLAC"), (b"\0\0\0\x20ftypM4A ", "M4A")])
def test_without_ffmpeg_other_kinds_are_refused_by_their_name(
        monkeypatch: pytest.MonkeyPatch, head: bytes, name: str) -> None:
    monkeypatch.setattr(decoding, "find_ffmpeg", lambda: None)
    with pytest.raises(BadRecording, match=f"{name} needs ffmpeg, .*; save it as WAV"):
        decode(head + bytes(100), "upload")


def test_ffmpeg_is_told_the_kind_and_may_open_nothing_else(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made.wav").write_bytes(tone(seconds=0.5, rate=48000))
    fake_ffmpeg(tmp_path, monkeypatch, f'''
echo "$@" > {tmp_path}/asked
for last; do true; done
cp {tmp_path}/made.wav "$last"''')
    assert decode(b"OggS" + bytes(100), "upload").seconds == pytest.approx(0.5)
    asked = (tmp_path / "asked").read_text()
    assert "-protocol_whitelist file -f ogg -i" in asked


@pytest.mark.parametrize(("script", "told"), [
    ("echo private words >&2; exit 1", "not MP3 that ffmpeg can read"),
    ("exit 0", "not MP3 that ffmpeg can read")])
def test_a_file_that_ffmpeg_cannot_read_is_refused(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, told: str) -> None:
    fake_ffmpeg(tmp_path, monkeypatch, script)
    with pytest.raises(BadRecording, match=told) as refused:
        decode(b"ID3" + bytes(100), "upload")
    assert "private" not in refused.value.message


@pytest.mark.skipif(FFMPEG is None, reason="no ffmpeg for this kind of machine")
@pytest.mark.parametrize(("ending", "codec"), [
    ("mp3", []), ("ogg", ["-c:a", "libopus"]), ("flac", []), ("m4a", []), ("webm", []),
    ("aiff", [])])
def test_the_real_ffmpeg_reads_what_people_record(tmp_path: Path, ending: str,
                                                  codec: list[str]) -> None:
    (tmp_path / "source.wav").write_bytes(tone(440, 1.0, 44100))
    target = tmp_path / f"made.{ending}"
    subprocess.run([str(FFMPEG), "-v", "error", "-i", str(tmp_path / "source.wav"), *codec,
                    str(target)], check=True)
    found = decode(target.read_bytes(), "upload")
    assert found.seconds == pytest.approx(1.0, abs=0.1)
    spectrum = np.abs(np.fft.rfft(found.samples))
    assert spectrum.argmax() * found.rate / found.samples.size == pytest.approx(440, abs=5)
