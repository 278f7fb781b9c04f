"""Structured logs: one JSON object a line (or coloured text on a terminal), ids bound per call.

A phone number never reaches a log in clear: fields named like one are masked, and so is any
run of digits in a message that could be one.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any

import structlog

_PHONE_FIELDS = frozenset({"phone", "number", "caller_id", "callerid", "msisdn", "callee",
                           "phone_number", "caller_number", "connected_number"})
# long digits that are no phone number: ids, moments, addresses, fractions, channels
_KEPT = "|".join((
    r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Fa-f])",
    r"(?<![0-9A-Za-z])(?=(?:[0-9]*[a-f]){3})[0-9a-f]{16,}(?![0-9A-Za-z])",          # a hash
    r"(?<!\d)(?:19|20)\d\d-[01]\d-[0-3]\d(?:[T ][0-2]\d:[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?)?(?!\d)",
    r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])",                                # IPv4
    r"(?<![\d.+])\d{1,10}\.\d+(?!\.?\d)",                          # seconds, Asterisk's uniqueid
    r"\b(?:PJSIP|Local)/[A-Za-z][A-Za-z_@-]*(?:-\d{3,6})?-[0-9a-f]{8}(?![0-9A-Za-z])",  # a channel
))
# digits in one run, or in groups with spaces, dashes, dots, brackets between
_GROUPS = r"[+＋]?[(（]?\d+(?:[ .()\-\u2010-\u2015\u00a0（）－]{1,2}\d{2,})+"
_RUN = r"[+＋]?\d{8,}"
_DIGITS = re.compile(rf"(?P<kept>{_KEPT})|(?P<groups>{_GROUPS})|{_RUN}")
_RUN_ONLY = re.compile(rf"(?P<kept>{_KEPT})|{_RUN}")
_GROUPED_FROM = 10          # fewer digits in groups are a range, a date, a list
_NUMERIC_FROM = 10 ** 9     # whole numbers in fields: ten digits and more
_SAID_AGAIN = 64            # as long are the ids and events that one line after another repeats


def mask_phone(number: str) -> str:
    """``+8613800001234`` becomes ``+86*******1234``: enough to recognise, not to dial."""
    if len(number) <= 4:
        return "*" * len(number)
    head = number[:3] if number.startswith("+") else ""
    return head + "*" * (len(number) - len(head) - 4) + number[-4:]


def mask_text(text: str) -> str:
    """``text`` with every digit sequence masked that could be a phone number; ids stay."""
    return _mask_again(text) if len(text) <= _SAID_AGAIN else _DIGITS.sub(_mask, text)


@lru_cache(1024)
def _mask_again(text: str) -> str:
    return _DIGITS.sub(_mask, text)


def _mask(found: re.Match[str]) -> str:
    text = found.group()
    if found["kept"] is not None:
        return text
    if found.groupdict().get("groups") is not None:
        digits = "".join(filter(str.isdigit, text))
        if len(digits) < _GROUPED_FROM:
            return _RUN_ONLY.sub(_mask, text)
        return mask_phone(("+" if text[0] in "+＋" else "") + digits)
    return mask_phone(text.replace("＋", "+"))


def _clean(value: Any, key: str = "") -> Any:
    if value is None or isinstance(value, (bool, float)):
        return value
    if key.lower() in _PHONE_FIELDS and isinstance(value, (str, int)):
        return mask_phone(str(value))
    if isinstance(value, int):
        return mask_phone(str(value)) if abs(value) >= _NUMERIC_FROM else value
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {mask_text(str(name)): _clean(inner, str(name)) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean(inner, key) for inner in value]
    return mask_text(str(value) if not isinstance(value, BaseException) else repr(value))


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: masks phone numbers in fields, in texts, and within both."""
    for key, value in event.items():
        event[key] = _clean(value, key)
    return event


class _Handler(logging.StreamHandler[Any]):
    """A line that cannot be formatted is told of without its arguments."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        kind = getattr(sys.exc_info()[0], "__name__", "error")
        sys.stderr.write(f"log line lost: {record.name}, line {record.lineno}: {kind}\n")


def configure(level: str = "info", fmt: str = "auto") -> None:
    """Send every log, ours and the libraries', to stderr. ``fmt``: json, text or auto."""
    as_json = fmt == "json" or (fmt == "auto" and not sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    last: Any = (structlog.processors.JSONRenderer(ensure_ascii=False) if as_json
                 else structlog.dev.ConsoleRenderer(
                     colors=sys.stderr.isatty(),
                     exception_formatter=structlog.dev.plain_traceback))   # no local variables
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger, cache_logger_on_first_use=True)
    handler = _Handler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info, redact, last]))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("asyncio", "aiohttp.access", "alembic", "panoramisk", "sqlalchemy"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module; bind ids with ``structlog.contextvars.bound_contextvars``."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger
