"""A raw capture becomes a WAV that cannot be changed unseen; names never leave their folder."""

from __future__ import annotations

import hashlib
import resource
import stat
import uuid
import wave
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recordings.naming import capture_name, inside, message_name, sealed_name
from recordings.sealing import NothingCaptured, seal, verify

ATTEMPT = uuid.UUID("0c5fd0f5-6d0f-4a3b-9d0a-3d6f7a2f6c11")


def capture(path: Path, frames: int, extra: bytes = b"") -> bytes:
    """A raw stereo capture: rising values left, falling ones right. Returns the whole frames."""
    samples = array("h")
    for n in range(frames):
        samples.extend((n % 30_000, -(n % 30_000)))
    path.write_bytes(samples.tobytes() + extra)
    return samples.tobytes()


@contextmanager
def disk_that_takes(size: int) -> Iterator[None]:
    """No file can grow beyond ``size`` bytes: writing fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_capture_becomes_a_stereo_wav_sample_for_sample(tmp_path: Path) -> None:
    raw, target = tmp_path / "call.raw", tmp_path / "2026/11/24" / "call.wav"
    frames = capture(raw, 20_000)
    sealed = seal(raw, target)
    with wave.open(str(target)) as sound:
        assert (sound.getnchannels(), sound.getframerate(), sound.getsampwidth()) == (2, 8000, 2)
        assert sound.readframes(sound.getnframes()) == frames
    assert sealed.duration_ms == 2500
    assert sealed.size == target.stat().st_size
    assert sealed.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    assert raw.exists()
    assert [file.name for file in target.parent.iterdir()] == ["call.wav"]


def test_a_capture_longer_than_a_block_is_whole(tmp_path: Path) -> None:
    frames = capture(tmp_path / "call.raw", 300_000)
    seal(tmp_path / "call.raw", tmp_path / "call.wav")
    with wave.open(str(tmp_path / "call.wav")) as sound:
        assert sound.readframes(sound.getnframes()) == frames


@pytest.mark.parametrize("extra", [b"\x01", b"\x01\x02\x03"])
def test_a_capture_cut_within_a_frame_keeps_every_whole_frame(tmp_path: Path,
                                                              extra: bytes) -> None:
    frames = capture(tmp_path / "call.raw", 800, extra)
    sealed = seal(tmp_path / "call.raw", tmp_path / "call.wav")
    with wave.open(str(tmp_path / "call.wav")) as sound:
        assert sound.readframes(sound.getnframes() + 1) == frames
    assert sealed.duration_ms == 100


def test_a_sealed_file_is_read_only_and_a_flipped_byte_is_found(tmp_path: Path) -> None:
    capture(tmp_path / "call.raw", 800)
    target = tmp_path / "call.wav"
    sealed = seal(tmp_path / "call.raw", target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o440
    assert verify(target, sealed.sha256)
    target.chmod(0o640)
    content = bytearray(target.read_bytes())
    content[len(content) // 2] ^= 1
    target.write_bytes(content)
    assert not verify(target, sealed.sha256)


@pytest.mark.parametrize("content", [None, b"", b"\0" * 31])
def test_without_sound_nothing_is_sealed(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "call.raw").write_bytes(content)
    with pytest.raises(NothingCaptured):
        seal(tmp_path / "call.raw", tmp_path / "sealed" / "call.wav")
    assert not (tmp_path / "sealed").exists()


@pytest.mark.parametrize("room", [10, 100_000])
def test_a_full_disk_leaves_nothing_half_and_sealing_succeeds_later(tmp_path: Path,
                                                                    room: int) -> None:
    raw, target = tmp_path / "call.raw", tmp_path / "sealed" / "call.wav"
    capture(raw, 300_000)
    with disk_that_takes(room), pytest.raises(OSError, match="File too large"):
        seal(raw, target)
    assert list(target.parent.iterdir()) == []
    sealed = seal(raw, target)
    assert verify(target, sealed.sha256)


def test_what_a_crash_left_behind_does_not_stop_sealing(tmp_path: Path) -> None:
    """A process killed before its last step leaves a read-only part."""
    capture(tmp_path / "call.raw", 800)
    part = tmp_path / "call.part"
    part.write_bytes(b"half")
    part.chmod(0o440)
    left = part.stat().st_ino
    with part.open("rb"):                      # keeps its number from being given again
        sealed = seal(tmp_path / "call.raw", tmp_path / "call.wav")
    assert (tmp_path / "call.wav").stat().st_ino != left, "needs no right to write to the old part"
    assert verify(tmp_path / "call.wav", sealed.sha256)
    assert not part.exists()


def test_sealing_twice_gives_the_same_file(tmp_path: Path) -> None:
    """A crash after sealing and before the commit: it is done again."""
    capture(tmp_path / "call.raw", 800)
    first = seal(tmp_path / "call.raw", tmp_path / "call.wav")
    assert seal(tmp_path / "call.raw", tmp_path / "call.wav") == first
    assert verify(tmp_path / "call.wav", first.sha256)


def test_names_are_made_of_our_ids_alone() -> None:
    assert capture_name(ATTEMPT) == f"{ATTEMPT}.raw"
    assert message_name(ATTEMPT, 1) != message_name(ATTEMPT, 2)
    assert sealed_name(ATTEMPT, datetime(2026, 11, 4, 9, tzinfo=UTC)) == f"2026/11/04/{ATTEMPT}.wav"


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
