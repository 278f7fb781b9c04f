"""Where a page of a list ended: values and an id, as text that an address can carry."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from typing import Any

from followup.errors import InvalidInput

# what reading a cursor that somebody has made up may raise
BROKEN = (ValueError, TypeError, AttributeError, binascii.Error)


def pack(*parts: Any) -> str:
    """JSON values, for an address."""
    return base64.urlsafe_b64encode(json.dumps(parts, ensure_ascii=False).encode()).decode()


def unpack(text: str) -> Any:
    """What was packed. Raises one of BROKEN when it was not."""
    return json.loads(base64.urlsafe_b64decode(text.encode()))


def cursor(value: str, last: uuid.UUID) -> str:
    """After the row of this value and id."""
    return pack(value, last.hex)


def parse_cursor(text: str) -> tuple[str, uuid.UUID]:
    """Value and id of a ``cursor``; InvalidInput when it is none."""
    try:
        value, last = unpack(text)
        if isinstance(value, str):
            return value, uuid.UUID(last)
    except BROKEN:
        pass
    raise no_cursor()


def no_cursor() -> InvalidInput:
    """What came in place of a cursor."""
    return InvalidInput("after: expected a cursor of an earlier page", field="after",
                        expected="a cursor")
