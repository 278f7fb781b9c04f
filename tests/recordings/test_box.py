"""A box opens at any place, and not when a single bit of it is another."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.box import HEAD, TAG, Box, Keys, lock, unlock
from recordings.errors import Changed, OtherKey

KEYS = Keys("a" * 43)
CHUNK = 64


def boxed(content: bytes, name: str = "2026/11/24/x", keys: Keys = KEYS) -> bytes:
    digest = hashlib.sha256(content).hexdigest()
    pieces = (content[start:start + 50] for start in range(0, len(content), 50))
    return b"".join(lock(keys, name, len(content), digest, pieces, CHUNK))


def opened(sealed: bytes, name: str = "2026/11/24/x", keys: Keys = KEYS) -> Box:
    return unlock(keys, name, sealed[:HEAD])


def part(sealed: bytes, start: int, length: int) -> bytes:
    box = opened(sealed)
    _, offset, count = box.place(start, length)
    return box.part(start, length, sealed[offset:offset + count])


@given(st.binary(min_size=1, max_size=400), st.integers(0, 420), st.integers(1, 420))
def test_any_range_is_read_and_only_its_chunks(content: bytes, start: int, length: int) -> None:
    sealed = boxed(content)
    box = opened(sealed)
    assert (box.size, box.whole_size) == (len(content), len(sealed))
    start = min(start, len(content) - 1)
    _, _, count = box.place(start, length)
    assert count <= (length // CHUNK + 2) * (CHUNK + TAG)
    assert part(sealed, start, length) == content[start:start + length]


@given(st.integers(0, HEAD + 300 + 5 * TAG - 1), st.integers(0, 7))
def test_a_flipped_bit_is_found_wherever_it_is(place: int, bit: int) -> None:
    sealed = bytearray(boxed(bytes(range(250)) + bytes(50)))
    sealed[place] ^= 1 << bit
    with pytest.raises((Changed, OtherKey)):
        part(bytes(sealed), 0, 300)


def test_nothing_of_the_sound_shows() -> None:
    assert b"patient" not in boxed(b"patient" * 100)
    assert boxed(b"the same") != boxed(b"the same")


def test_chunks_do_not_fit_elsewhere() -> None:
    """Not in another place, not in another box, and none may lack."""
    one, other = boxed(bytes(200)), boxed(bytes(200))
    step = CHUNK + TAG
    swapped = one[:HEAD] + one[HEAD + step:HEAD + 2 * step] + one[HEAD:HEAD + step] + \
        one[HEAD + 2 * step:]
    for wrong in (swapped, one[:HEAD] + other[HEAD:], one[:-1], one[:HEAD + step]):
        with pytest.raises(Changed):
            part(wrong, 0, 200)


def test_a_box_under_another_s_name_is_not_opened() -> None:
    with pytest.raises(Changed):
        opened(boxed(b"sound"), name="2026/11/24/y")
    for head in (b"", b"RIFF" * 60, boxed(b"sound")[:HEAD - 1]):
        with pytest.raises(Changed):
            unlock(KEYS, "x", head)


def test_a_renewed_key_seals_and_the_former_opens() -> None:
    old = boxed(b"sound")
    renewed = Keys("b" * 43, ["a" * 43])
    assert opened(old, keys=renewed).size == 5
    assert opened(boxed(b"sound", keys=renewed), keys=Keys("b" * 43)).size == 5
    with pytest.raises(OtherKey):
        opened(old, keys=Keys("b" * 43))
