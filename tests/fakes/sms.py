"""A provider of text messages on loopback that speaks Alibaba Cloud's protocol, bad days too."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from followup.message_settings import MessageSettings

KEY_ID, SECRET = "LTAI-test", "s3cret-of-the-account"
SIGN_NAME = "和安医院"
REPLY = "${hospital}：${name}您好，关于您反映的事项（${number}）：${content}。退订回T"
TEMPLATES: list[dict[str, Any]] = [
    {"code": "SMS_100001", "name": "答复", "text": REPLY, "labels": {"content": "答复内容"},
     "lengths": {"content": 30}},
    {"code": "SMS_100002", "name": "请回电", "text": "${hospital}请您回电。"},
    {"code": "SMS_100003", "name": "Answer", "language": "en",
     "text": "${hospital}: your complaint ${number} has been answered."}]
_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})")


@dataclass
class SmsProvider:
    """``faults``: what befalls the next requests, one each: a code with which it refuses, a status
    of HTTP, ``cut`` (it takes the message, and the answer is lost), ``slow`` (the same), ``early``
    (the connection breaks before it takes anything), ``garbage``.
    """

    faults: list[Any] = field(default_factory=list)
    sent: list[dict[str, str]] = field(default_factory=list)       # what it has taken
    became: dict[str, tuple[int, str]] = field(default_factory=dict)   # by OutId: status, code
    asked: list[str] = field(default_factory=list)                 # every action
    nonces: set[str] = field(default_factory=set)
    approved: bool = True
    url: str = ""

    def settings(self, **change: Any) -> MessageSettings:
        """Settings of a house that sends by this provider."""
        given: dict[str, Any] = {
            "endpoint": self.url, "access_key_id": KEY_ID, "access_key_secret": SECRET,
            "sign_name": SIGN_NAME, "templates": TEMPLATES, "timeout_s": 0.5,
            "window_start": "00:00", "window_end": "23:59:59.999999"}
        return MessageSettings.model_validate({**given, **change})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        action = request.headers.get("x-acs-action", "")
        self.asked.append(action)
        fault = self.faults.pop(0) if self.faults else None
        if fault == "early":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if isinstance(fault, int):
            return web.Response(status=fault, text="<html>upstream</html>")
        if wrong := self._wrong(request):
            return web.json_response({"Code": wrong, "Message": "refused"}, status=400)
        if isinstance(fault, str) and fault not in ("cut", "slow", "garbage"):
            throttled = fault.startswith("Throttling")
            return web.json_response({"Code": fault, "Message": "…", "RequestId": "R"},
                                     status=503 if throttled else 200)
        made = getattr(self, f"_{action}")(dict(request.query))
        if fault == "cut":
            assert request.transport is not None
            request.transport.abort()
        if fault == "slow":
            await asyncio.sleep(3)
        if fault == "garbage":
            return web.Response(text="[]")
        return web.json_response({"Code": "OK", "Message": "OK", "RequestId": "R", **made})

    def _SendSms(self, query: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        assert query["SignName"] == SIGN_NAME
        assert re.fullmatch(r"1[0-9]{10}", query["PhoneNumbers"])
        self.sent.append({**query, "params": json.loads(query["TemplateParam"])})
        self.became[query["OutId"]] = (1, "")
        return {"BizId": f"{len(self.sent):08}^0"}

    def _QuerySendDetails(self, query: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        day = datetime.now(UTC) + timedelta(hours=8)
        assert query["SendDate"] == f"{day:%Y%m%d}"
        rows = [{"OutId": one["OutId"], "PhoneNum": one["PhoneNumbers"],
                 "SendStatus": self.became[one["OutId"]][0],
                 "ErrCode": self.became[one["OutId"]][1], "ReceiveDate": f"{day:%Y-%m-%d %H:%M:%S}"}
                for one in self.sent if one["PhoneNumbers"] == query["PhoneNumber"]]
        size, page = int(query["PageSize"]), int(query["CurrentPage"])
        return {"TotalCount": len(rows), "SmsSendDetailDTOs": {
            "SmsSendDetailDTO": rows[(page - 1) * size:page * size]}}

    def _QuerySmsTemplate(self, query: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        found = next(one for one in TEMPLATES if one["code"] == query["TemplateCode"])
        return {"TemplateStatus": int(self.approved), "TemplateContent": found["text"]}

    def _wrong(self, request: web.Request) -> str:
        """The signature worked out anew from what has really come over the wire."""
        found = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
        if found is None or found[1] != KEY_ID:
            return "InvalidAccessKeyId.NotFound"
        nonce = request.headers["x-acs-signature-nonce"]
        if nonce in self.nonces:
            return "SignatureNonceUsed"
        self.nonces.add(nonce)
        names = found[2].split(";")
        path, _, query = request.raw_path.partition("?")
        lines = [request.method, path, query,
                 *(f"{name}:{request.headers[name].strip()}" for name in names), "", found[2],
                 request.headers["x-acs-content-sha256"]]
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        wanted = hmac.new(SECRET.encode(), f"ACS3-HMAC-SHA256\n{digest}".encode(),
                          hashlib.sha256).hexdigest()
        return "" if wanted == found[3] else "SignatureDoesNotMatch"


@asynccontextmanager
async def sms_provider(**how: Any) -> AsyncIterator[SmsProvider]:
    """A provider that listens at ``url``."""
    made = SmsProvider(**how)
    app = web.Application()
    app.router.add_post("/", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield made
    finally:
        await runner.cleanup()
