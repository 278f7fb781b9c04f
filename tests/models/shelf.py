"""A web server on loopback that hands out models, and commits the faults that a test asks for."""

from __future__ import annotations

import asyncio
import hashlib
import io
import random
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web
from multidict import CIMultiDict

from aftercall.models.catalogue import Entry
from tests.house.tree import ROOT

SHARED = ROOT.parent / "shared" / "models"
BIG = 900_000                # of a model's largest file: several chunks
Answer = Callable[[web.Request], web.StreamResponse | None]


def vosk_files(seed: int = 1) -> dict[str, bytes]:
    """A model in the shape of Vosk's: names as theirs, contents that nothing could load."""
    noise = random.Random(seed)
    return {"am/final.mdl": noise.randbytes(BIG), "conf/model.conf": b"--min-active=200\n",
            "graph/HCLr.fst": noise.randbytes(2_000), "README": b"a model\n"}


def sphinx_files() -> dict[str, bytes]:
    """A model in the shape of pocketsphinx's, with its dictionary."""
    return {"mdef": b"BMDF" + random.Random(2).randbytes(5_000), "means": b"s3\n",
            "feat.params": b"-lowerf 1\n-upperf 4000\n", "zh.dic": "是的\tsh ib d e\n".encode()}


def zipped(files: dict[str, bytes], top: str = "vosk-model-tiny/") -> bytes:
    """A zip with the files in one folder."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(top + name, content)
    return packed.getvalue()


def tarred(files: dict[str, bytes], top: str = "") -> bytes:
    """A tar.gz."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            item = tarfile.TarInfo(top + name)
            item.size = len(content)
            archive.addfile(item, io.BytesIO(content))
    return packed.getvalue()


class Shelf:
    """The server: files by path, and how it misbehaves."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.ranges = True
        self.tag = '"one"'
        self.breaks: list[int] = []          # cut the next answers after so many bytes
        self.tells_length = True
        self.hold = threading.Event()        # cleared: answers stop half way until it is set
        self.hold.set()
        self.half_way = threading.Event()
        self.seen: list[CIMultiDict[str]] = []
        self.status: int | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def offer(self, name: str, content: bytes, **more: object) -> Entry:
        """Put an archive on the shelf; the catalogue's entry for it."""
        self.files[f"/{name}.zip"] = content
        facts: dict[str, object] = {
            "name": name, "language": "zh", "engine": "vosk", "licence": "none", "about": "",
            "url": f"{self.url}/{name}.zip", "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest()}
        return Entry.model_validate(facts | more)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(CIMultiDict(request.headers))
        content = self.files.get(request.path)
        if self.status is not None:
            return web.Response(status=self.status)
        if content is None:
            return web.Response(status=404)
        start, status = 0, 200
        wanted = request.headers.get("Range", "")
        if wanted and self.ranges and request.headers.get("If-Range", self.tag) == self.tag:
            start, status = int(wanted.removeprefix("bytes=").removesuffix("-")), 206
        response = web.StreamResponse(status=status, headers={"ETag": self.tag})
        if status == 206:
            response.headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        if self.tells_length:
            response.content_length = len(content) - start
        await response.prepare(request)
        body = content[start:]
        end = self.breaks.pop(0) if self.breaks else len(body)
        half = body[:end // 2]
        await response.write(half)
        self.half_way.set()
        await asyncio.to_thread(self.hold.wait)
        await response.write(body[len(half):end])
        if end < len(body) and request.transport is not None:
            request.transport.close()
        return response


@contextmanager
def open_shelf() -> Iterator[Shelf]:
    """Run the server in a thread of its own, as the command line runs a loop of its own."""
    shelf = Shelf()
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("GET", "/{path:.*}", shelf._answer)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        shelf.port = runner.addresses[0][1]
        return runner

    def serve() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(start())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    ready.wait(10)
    try:
        yield shelf
    finally:
        shelf.hold.set()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def write(folder: Path, files: dict[str, bytes]) -> Path:
    """The files in a folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder
