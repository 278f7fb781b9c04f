"""Alibaba Cloud's short message service (Dysmsapi 2017-05-25), asked over HTTP without its SDK."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import aiohttp
import phonenumbers
from yarl import URL

from followup.database.base import now
from followup.errors import InvalidInput
from followup.message_settings import MessageSettings, MessageTemplate
from followup.messages.acs import canonical_query, sign
from followup.messages.provider import NotSent, Outgoing, Reply, Unread, Unsure
from followup.messages.states import Fate, Receipt
from followup.patients.phones import parse_phone

VERSION = "2017-05-25"
ZONE = ZoneInfo("Asia/Shanghai")         # of every moment that it tells
PAGE, MOST_PAGES = 50, 4
_MAX_ANSWER = 256 * 1024
_MOBILE = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
# codes (their beginnings) that say "not taken", and what that means; any other: of this message
_LATER = ("isv.BUSINESS_LIMIT_CONTROL", "Throttling")
_OURS_LATER = ("isv.AMOUNT_NOT_ENOUGH", "isv.OUT_OF_SERVICE", "isv.ACCOUNT_", "isv.PRODUCT_UN",
               "isv.DAY_LIMIT_CONTROL", "isv.SMS_SIGN", "isp.RAM_PERMISSION_DENY", "Forbidden",
               "InvalidAccessKeyId", "SignatureDoesNotMatch", "IncompleteSignature",
               "InvalidTimeStamp", "MissingAccessKeyId")
_OURS = ("isv.SMS_TEMPLATE_ILLEGAL", "isv.TEMPLATE_", "isv.INVALID_PARAMETERS",
         "isv.INVALID_JSON_PARAM", "isv.PARAM_LENGTH_LIMIT")
# it failed within, or has had this request: whether it was taken is not told
_NO_WORD = ("isp.SYSTEM_ERROR", "SignatureNonceUsed", "ServiceUnavailable", "InternalError")
_FATES = {1: Fate.UNDER_WAY, 2: Fate.FAILED, 3: Fate.DELIVERED}


class Aliyun:
    """The service, with one account. Nothing is sent twice here: no request is ever repeated."""

    name = "aliyun"

    def __init__(self, settings: MessageSettings, secret: str) -> None:
        self._settings, self._secret = settings, secret
        self._host = urlsplit(settings.endpoint).netloc
        self._session: aiohttp.ClientSession | None = None

    def reaches(self, number: str) -> bool:
        """Mobiles of the mainland: its registered templates are for no others."""
        parsed = phonenumbers.parse(number)
        return parsed.country_code == 86 and phonenumbers.number_type(parsed) in _MOBILE

    async def send(self, message: Outgoing) -> str:
        """SendSms, with our id as OutId."""
        try:
            answer = await self._ask("SendSms", {
                "PhoneNumbers": message.number.removeprefix("+86"),
                "SignName": self._settings.sign_name, "TemplateCode": message.template,
                "TemplateParam": json.dumps(dict(message.values), ensure_ascii=False),
                "OutId": message.id.hex})
        except aiohttp.ClientConnectorError as error:      # nothing has left
            raise NotSent("unreachable", again=True, ours=True) from error
        code = _code(answer)
        if code == "OK":
            return str(answer.get("BizId", ""))
        if code.startswith(_NO_WORD):
            raise Unsure(code)
        raise NotSent(code, again=code.startswith(_LATER + _OURS_LATER),
                      ours=code.startswith(_OURS_LATER + _OURS))

    async def ask(self, message: Outgoing, handed_over: datetime) -> Receipt | None:
        """QuerySendDetails of the number and day, of which the one with our OutId."""
        for page in range(1, MOST_PAGES + 1):
            try:
                answer = await self._ask("QuerySendDetails", {
                    "PhoneNumber": message.number.removeprefix("+86"),
                    "SendDate": f"{handed_over.astimezone(ZONE):%Y%m%d}",
                    "PageSize": str(PAGE), "CurrentPage": str(page)})
            except aiohttp.ClientConnectorError as error:
                raise Unsure("unreachable") from error
            if (code := _code(answer)) != "OK":
                raise Unsure(code)
            rows = _rows(answer)
            for row in rows:
                if row.get("OutId") == message.id.hex:
                    return _receipt(row)
            if len(rows) < PAGE:
                break
        return None

    async def look(self, templates: Sequence[MessageTemplate]) -> str | None:
        """Asks for each template: that needs the keys, and shows its text as it is registered."""
        for template in templates:
            try:
                answer = await self._ask("QuerySmsTemplate", {"TemplateCode": template.code})
            except aiohttp.ClientConnectorError:
                return f"{self._settings.endpoint} cannot be reached"
            except Unsure as error:
                return f"{self._settings.endpoint} gives no answer ({error.code})"
            if (code := _code(answer)) != "OK":
                return f"it refuses to tell of template {template.code}: {code}"
            if answer.get("TemplateStatus") != 1:
                return f"template {template.code} is not approved"
            if answer.get("TemplateContent") != template.text:
                return f"template {template.code} is registered with another text"
        return None

    def receipts(self, body: bytes) -> Sequence[tuple[uuid.UUID, Receipt]]:
        """SmsReport; of messages that are not ours nothing is kept."""
        found = []
        for row in _listed(body):
            try:
                ours = uuid.UUID(str(row.get("out_id")))
            except ValueError:
                continue
            code = str(row.get("err_code", ""))
            fate = Fate.DELIVERED if row.get("success") is True else _failed(code)
            found.append((ours, Receipt(fate, code[:80], str(row.get("biz_id", ""))[:80],
                                        _moment(row.get("report_time")))))
        return found

    def replies(self, body: bytes) -> Sequence[Reply]:
        """SmsUp; a number that is none is left out."""
        found = []
        for row in _listed(body):
            try:
                number = parse_phone(str(row.get("phone_number", "")), "CN")
            except InvalidInput:
                continue
            at = _moment(row.get("send_time")) or now()
            key = str(row.get("sequence_id") or f"{number} {at:%Y%m%d%H%M%S}")
            found.append(Reply(key[:80], number, str(row.get("content", ""))[:2000], at))
        return found

    async def close(self) -> None:
        """Drop the connections."""
        if self._session is not None:
            await self._session.close()

    async def _ask(self, action: str, parameters: dict[str, str]) -> dict[str, Any]:
        """One request, signed; its answer, whatever it says. Unsure when there is none that reads;
        aiohttp.ClientConnectorError when nothing has left."""
        query = canonical_query(parameters)
        headers = sign(host=self._host, action=action, version=VERSION, query=query,
                       key_id=self._settings.access_key_id, secret=self._secret,
                       nonce=secrets.token_hex(16), moment=now().astimezone(UTC))
        if self._session is None:
            # a kept connection may be half closed: then nobody knows whether a request went out
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True),
                timeout=aiohttp.ClientTimeout(total=self._settings.timeout_s))
        url = URL(f"{self._settings.endpoint}/?{query}", encoded=True)
        try:
            async with self._session.post(url, headers=headers, allow_redirects=False) as answer:
                data = bytearray()
                async for part in answer.content.iter_chunked(65_536):
                    data += part
                    if len(data) > _MAX_ANSWER:
                        raise Unsure("too long an answer")
                told = json.loads(data)
        except aiohttp.ClientConnectorError:
            raise
        except TimeoutError as error:
            raise Unsure("timeout") from error
        except (aiohttp.ClientError, OSError, ValueError, RecursionError) as error:
            raise Unsure(type(error).__name__) from error
        if not isinstance(told, dict) or "Code" not in told:
            raise Unsure(f"HTTP {answer.status}")
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not _code(told).startswith(_LATER):
            raise Unsure(_code(told))
        return told


def _code(answer: dict[str, Any]) -> str:
    return str(answer["Code"])[:80]


def _rows(answer: dict[str, Any]) -> list[dict[str, Any]]:
    inner = answer.get("SmsSendDetailDTOs")
    rows = inner.get("SmsSendDetailDTO") if isinstance(inner, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _receipt(row: dict[str, Any]) -> Receipt:
    code, status = str(row.get("ErrCode", ""))[:80], row.get("SendStatus")
    fate = _FATES.get(status if isinstance(status, int) else 0, Fate.UNDER_WAY)
    return Receipt(_failed(code) if fate is Fate.FAILED else fate, code,
                   at=_moment(row.get("ReceiveDate")))


def _failed(code: str) -> Fate:
    return Fate.EXPIRED if code == "EXPIRED" else Fate.FAILED


def _moment(told: object) -> datetime | None:
    try:
        return datetime.strptime(str(told), "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE)
    except ValueError:
        return None


def _listed(body: bytes) -> list[dict[str, Any]]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unread("expected a JSON list") from error
    if not isinstance(told, list) or not all(isinstance(row, dict) for row in told):
        raise Unread("expected a JSON list of objects")
    return told
