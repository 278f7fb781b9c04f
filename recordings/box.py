"""The form in which sound is kept: encrypted and authenticated in chunks, any of which can be read
alone. Pure.

A box is a head of ``HEAD`` bytes and the chunks, each ``CHUNK`` bytes (the last may be shorter)
followed by its tag. Every box has a key of its own, wrapped in the head by a master key. Size and
SHA-256 of the content and the name of the box are bound to that wrapping, the whole head and the
number of the chunk to each chunk: what is cut, swapped, moved to another name or changed in any
bit is found when it is read.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from recordings.errors import Changed, OtherKey

CHUNK = 64 * 1024
TAG = 16
_MAGIC = b"ACSEAL1\n"
# magic, id of the master key, size of the content and of a chunk, SHA-256, nonce and wrapped key
_HEAD = struct.Struct(">8s8sQI32s12s48s")
HEAD = _HEAD.size


class Keys:
    """Master keys: the first seals, all open."""

    def __init__(self, secret: str, former: Iterable[str] = ()) -> None:
        derived = [_derive(each) for each in (secret, *former)]
        self._by_id: Mapping[bytes, bytes] = {_key_id(key): key for key in derived}
        self.current = _key_id(derived[0])

    def get(self, key_id: bytes) -> AESGCM:
        """The cipher of a master key; OtherKey when it is not known."""
        if key_id not in self._by_id:
            raise OtherKey
        return AESGCM(self._by_id[key_id])


@dataclass(frozen=True, slots=True)
class Box:
    """An opened head: reads any part of what is inside."""

    size: int                        # of the content, bytes
    sha256: str                      # of the content
    chunk: int
    _head: bytes = field(repr=False)
    _cipher: AESGCM = field(repr=False)

    @property
    def whole_size(self) -> int:
        """Of the box: head, chunks, tags."""
        return HEAD + self.size + TAG * -(-self.size // self.chunk)

    def place(self, start: int, length: int) -> tuple[int, int, int]:
        """First chunk, offset in the box and bytes to read for ``length`` bytes from ``start``."""
        end = min(self.size, start + length)
        first, last = start // self.chunk, -(-end // self.chunk)
        offset = HEAD + first * (self.chunk + TAG)
        until = min(HEAD + last * (self.chunk + TAG), self.whole_size)
        return first, offset, max(0, until - offset)

    def open(self, first: int, sealed: bytes) -> Iterator[bytes]:
        """The content of chunks from number ``first`` on; Changed at the first that is not ours."""
        step = self.chunk + TAG
        for place in range(0, len(sealed), step):
            try:
                yield self._cipher.decrypt(_nonce(first + place // step),
                                           sealed[place:place + step], self._head)
            except (InvalidTag, ValueError) as error:
                raise Changed from error

    def part(self, start: int, length: int, sealed: bytes) -> bytes:
        """``length`` bytes from ``start`` out of what ``place`` told to read; Changed."""
        first, _, wanted = self.place(start, length)
        if len(sealed) != wanted:
            raise Changed(f"{wanted - len(sealed)} bytes of the recording are missing")
        skip = start - first * self.chunk
        return b"".join(self.open(first, sealed))[skip:skip + length]


def lock(keys: Keys, name: str, size: int, digest: str, blocks: Iterable[bytes],
         chunk: int = CHUNK) -> Iterator[bytes]:
    """Encrypt ``blocks``, ``size`` bytes with this SHA-256; yields the box piece by piece."""
    key = AESGCM.generate_key(256)
    told = (_MAGIC, keys.current, size, chunk, bytes.fromhex(digest))
    nonce = os.urandom(12)
    wrapped = keys.get(keys.current).encrypt(nonce, key, _bound(name, *told))
    head = _HEAD.pack(*told, nonce, wrapped)
    yield head
    cipher = AESGCM(key)
    for number, each in enumerate(_even(blocks, chunk)):
        yield cipher.encrypt(_nonce(number), each, head)


def unlock(keys: Keys, name: str, head: bytes) -> Box:
    """Open the head of the box ``name``; Changed when it is not whole, OtherKey."""
    if len(head) != HEAD or not head.startswith(_MAGIC):
        raise Changed("the recording does not begin as a sealed one does")
    magic, key_id, size, chunk, digest, nonce, wrapped = _HEAD.unpack(head)
    try:
        key = keys.get(key_id).decrypt(nonce, wrapped, _bound(name, magic, key_id, size, chunk,
                                                              digest))
    except InvalidTag as error:
        raise Changed from error
    return Box(size, digest.hex(), chunk, head, AESGCM(key))


def _even(blocks: Iterable[bytes], size: int) -> Iterator[bytes]:
    rest = bytearray()
    for block in blocks:
        rest += block
        whole = len(rest) // size * size
        for place in range(0, whole, size):
            yield bytes(rest[place:place + size])
        del rest[:whole]
    if rest:
        yield bytes(rest)


def _bound(name: str, *told: object) -> bytes:
    return _HEAD.pack(*told, bytes(12), bytes(48)) + name.encode()


def _nonce(number: int) -> bytes:
    # a box's key seals these chunks once and nothing else: their numbers are nonces enough
    return number.to_bytes(12, "big")


def _derive(secret: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"aftercall recordings").derive(secret.encode())


def _key_id(key: bytes) -> bytes:
    return sha256(b"aftercall key id" + key).digest()[:8]
