"""A raw capture becomes a WAV that cannot be changed unseen; names never leave their folder."""

from __future__ import annotations

import hashlib
import io
import uuid
import wave
from array import array
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recordings.naming import capture_name, inside, message_name, sealed_name
from recordings.sealing import Capture, NothingCaptured, Sealed, missing, verify

ATTEMPT = uuid.UUID("0c5fd0f5-6d0f-4a3b-9d0a-3d6f7a2f6c11")


def capture(path: Path, frames: int, extra: bytes = b"") -> bytes:
    """A raw stereo capture: rising values left, falling ones right. Returns the whole frames."""
    samples = array("h")
    for n in range(frames):
        samples.extend((n % 30_000, -(n % 30_000)))
    path.write_bytes(samples.tobytes() + extra)
    return samples.tobytes()


def sealed(path: Path) -> tuple[Sealed, bytes]:
    """What is known of the capture's WAV, and the WAV."""
    taken = Capture(path)
    return taken.seal(), b"".join(taken.blocks())


def test_a_capture_becomes_a_stereo_wav_sample_for_sample(tmp_path: Path) -> None:
    frames = capture(tmp_path / "call.raw", 20_000)
    known, content = sealed(tmp_path / "call.raw")
    with wave.open(io.BytesIO(content)) as sound:
        assert (sound.getnchannels(), sound.getframerate(), sound.getsampwidth()) == (2, 8000, 2)
        assert sound.readframes(sound.getnframes()) == frames
    assert known == Sealed(hashlib.sha256(content).hexdigest(), len(content), 2500)
    assert (tmp_path / "call.raw").exists()


def test_a_capture_longer_than_a_block_is_whole(tmp_path: Path) -> None:
    frames = capture(tmp_path / "call.raw", 300_000)
    with wave.open(io.BytesIO(sealed(tmp_path / "call.raw")[1])) as sound:
        assert sound.readframes(sound.getnframes()) == frames


@pytest.mark.parametrize("extra", [b"\x01", b"\x01\x02\x03"])
def test_a_capture_cut_within_a_frame_keeps_every_whole_frame(tmp_path: Path,
                                                              extra: bytes) -> None:
    frames = capture(tmp_path / "call.raw", 800, extra)
    known, content = sealed(tmp_path / "call.raw")
    with wave.open(io.BytesIO(content)) as sound:
        assert sound.readframes(sound.getnframes() + 1) == frames
    assert known.duration_ms == 100


@pytest.mark.parametrize("content", [None, b"", b"\0" * 31])
def test_without_sound_nothing_is_sealed(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "call.raw").write_bytes(content)
    with pytest.raises(NothingCaptured):
        Capture(tmp_path / "call.raw")


def test_a_plain_file_with_a_flipped_byte_is_found(tmp_path: Path) -> None:
    capture(tmp_path / "call.raw", 800)
    known, content = sealed(tmp_path / "call.raw")
    (tmp_path / "call.wav").write_bytes(content)
    assert verify(tmp_path / "call.wav", known.sha256)
    flipped = content[:1000] + bytes([content[1000] ^ 1]) + content[1001:]
    (tmp_path / "call.wav").write_bytes(flipped)
    assert not verify(tmp_path / "call.wav", known.sha256)


@pytest.mark.parametrize(("duration", "call", "mark", "lacks"), [
    (60_000, 61_000, 55_000, 0),              # nobody stops both at one moment
    (20_000, 61_000, 15_000, 41_000),         # the disk was full
    (20_000, None, 58_000, 38_000),           # its end is not known, but something was marked
    (60_000, None, 0, 0)])
def test_the_end_of_a_call_that_was_not_recorded_is_noticed(
        duration: int, call: int | None, mark: int, lacks: int) -> None:
    assert missing(duration, call_ms=call, last_mark_ms=mark) == lacks


def test_names_are_made_of_our_ids_alone() -> None:
    assert capture_name(ATTEMPT) == f"{ATTEMPT}.raw"
    assert message_name(ATTEMPT, 1) != message_name(ATTEMPT, 2)
    assert sealed_name(ATTEMPT, datetime(2026, 11, 4, 9, tzinfo=UTC)) == \
        f"2026/11/04/{ATTEMPT}.wav.sealed"


@pytest.mark.parametrize("name", ["../secret.wav", "2026/../../secret.wav", "/etc/passwd",
                                  "a/../../recordings-of-others/x.wav", "x\0.wav"])
def test_a_name_that_leaves_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError):
        inside(tmp_path / "recordings", name)


def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "recordings", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "2026").symlink_to(elsewhere)
    with pytest.raises(ValueError, match="outside"):
        inside(folder, "2026/x.wav")


def test_a_name_within_is_given_its_path(tmp_path: Path) -> None:
    assert inside(tmp_path, "2026/11/24/x.wav") == tmp_path.resolve() / "2026/11/24/x.wav"
