"""A small S3 on a socket of its own: objects, ranges, uploads in parts, and faults on request."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from aiohttp import web
from aiohttp.test_utils import TestServer

from followup.recording_settings import S3Settings

BUCKET, REGION, KEY = "recordings", "cn-test-1", "AKTEST"


@dataclass
class FakeS3:
    """``broken``: answers 503 to all. ``seen``: method and range of each request."""

    endpoint: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    broken: bool = False
    seen: list[tuple[str, str]] = field(default_factory=list)

    @property
    def settings(self) -> S3Settings:
        """How it is reached."""
        return S3Settings(bucket=BUCKET, endpoint=self.endpoint, region=REGION, prefix="house",
                          access_key_id=KEY, secret_access_key="secret")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Every request; only signed ones are taken."""
        self.seen.append((request.method, request.headers.get("Range", "")))
        if self.broken:
            return _fault(503, "SlowDown")
        if f"Credential={KEY}/" not in request.headers.get("Authorization", ""):
            return _fault(403, "AccessDenied")
        bucket, _, name = request.path.lstrip("/").partition("/")
        if bucket != BUCKET:
            return _fault(404, "NoSuchBucket")
        return await getattr(self, f"_{request.method.lower()}")(request, name)

    async def _put(self, request: web.Request, name: str) -> web.Response:
        content = await request.read()
        if "uploadId" in request.query:
            self.uploads[request.query["uploadId"]][int(request.query["partNumber"])] = content
        else:
            self.objects[name] = content
        return web.Response(headers={"ETag": _tag(content)})

    async def _post(self, request: web.Request, name: str) -> web.Response:
        if "uploads" in request.query:
            upload = str(len(self.uploads))
            self.uploads[upload] = {}
            return _xml(f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId>"
                        "</InitiateMultipartUploadResult>")
        if "delete" in request.query:
            told = (await request.text()).split("<Key>")[1:]
            names = [each.partition("</Key>")[0] for each in told]
            for each in names:
                self.objects.pop(each, None)
            return _xml("<DeleteResult>" + "".join(
                f"<Deleted><Key>{escape(each)}</Key></Deleted>" for each in names)
                + "</DeleteResult>")
        parts = self.uploads.pop(request.query["uploadId"])
        self.objects[name] = b"".join(parts[number] for number in sorted(parts))
        return _xml("<CompleteMultipartUploadResult><ETag>"
                    f"{escape(_tag(self.objects[name]))}</ETag></CompleteMultipartUploadResult>")

    async def _delete(self, _: web.Request, name: str) -> web.Response:
        self.objects.pop(name, None)
        return web.Response(status=204)

    async def _head(self, request: web.Request, name: str) -> web.Response:
        return await self._get(request, name)

    async def _get(self, request: web.Request, name: str) -> web.Response:
        if name not in self.objects:
            return _fault(404, "NoSuchKey")
        content = self.objects[name]
        headers = {"ETag": _tag(content), "Last-Modified": "Tue, 24 Nov 2026 08:00:00 GMT"}
        wanted: Any = request.http_range
        if wanted.start is None:
            return web.Response(body=content, headers=headers)
        start, stop, _ = slice(wanted.start, wanted.stop).indices(len(content))
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
        return web.Response(status=206, body=content[start:stop], headers=headers)


@asynccontextmanager
async def fake_s3() -> AsyncIterator[FakeS3]:
    """One that listens on this machine."""
    fake = FakeS3()
    app = web.Application(client_max_size=2**28)
    app.router.add_route("*", "/{path:.*}", fake.handle)
    async with TestServer(app) as server:
        fake.endpoint = str(server.make_url("")).rstrip("/")
        yield fake


def _tag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _xml(text: str) -> web.Response:
    return web.Response(text=f'<?xml version="1.0"?>{text}', content_type="application/xml")


def _fault(status: int, code: str) -> web.Response:
    return web.Response(status=status, content_type="application/xml",
                        text=f"<Error><Code>{code}</Code><Message>{code}</Message></Error>")
