"""A bucket of boxes, by the S3 protocol: Amazon's, MinIO, Ceph, or a cloud's own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import PurePosixPath

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store as Bucket

from followup.recording_settings import S3Settings
from recordings.errors import Away, Missing
from recordings.storage.port import Seen

# of one request; the keeper tries again later, and a listener is told at once
_CONNECT, _REQUEST, _GIVE_UP = timedelta(seconds=3), timedelta(seconds=60), timedelta(seconds=5)


class S3Store:
    """See ``Store``. Large boxes go up in parts, which S3 puts together whole or not at all."""

    def __init__(self, settings: S3Settings) -> None:
        endpoint = settings.endpoint
        self._bucket = Bucket(
            settings.bucket, prefix=settings.prefix or None,
            config={"access_key_id": settings.access_key_id,
                    "secret_access_key": settings.secret_access_key.get_secret_value(),
                    "region": settings.region, **({"endpoint": endpoint} if endpoint else {}),
                    "virtual_hosted_style_request": settings.virtual_hosted},
            client_options={"connect_timeout": _CONNECT, "timeout": _REQUEST,
                            "allow_http": bool(endpoint and endpoint.startswith("http:"))},
            retry_config={"max_retries": 2, "retry_timeout": _GIVE_UP})

    async def put(self, name: str, blocks: Iterable[bytes]) -> None:
        """A box is as large as its call: 2 MB a minute."""
        content = await asyncio.to_thread(b"".join, blocks)
        with _faults():
            await obstore.put_async(self._bucket, _checked(name), content)

    async def read(self, name: str, start: int, length: int) -> bytes:
        """One request for a range."""
        if not length:
            return b""
        with _faults():
            return bytes(await obstore.get_range_async(self._bucket, _checked(name), start=start,
                                                       length=length))

    async def look(self, name: str) -> Seen | None:
        """The stamp is the entity tag, with the time."""
        try:
            with _faults():
                meta = await obstore.head_async(self._bucket, _checked(name))
        except Missing:
            return None
        return Seen(meta["size"], f"{meta['e_tag']}-{meta['last_modified']}")

    async def remove(self, name: str) -> None:
        """S3 does not mind what is not there."""
        try:
            with _faults():
                await obstore.delete_async(self._bucket, _checked(name))
        except Missing:
            pass


def _checked(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        raise Missing
    return name


@contextmanager
def _faults() -> Iterator[None]:
    """obstore's errors as ours; its texts may hold addresses and answers, so they go no further."""
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        raise Missing from error
    except BaseError as error:
        raise Away(f"the S3 storage does not do its part: {type(error).__name__}") from error
