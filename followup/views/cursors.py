"""Where a page of a list ended: a value and an id, as text that an address can carry."""

from __future__ import annotations

import base64
import binascii
import json
import uuid

from followup.errors import InvalidInput


def cursor(value: str, last: uuid.UUID) -> str:
    """After the row of this value and id."""
    return base64.urlsafe_b64encode(json.dumps([value, last.hex]).encode()).decode()


def parse_cursor(text: str) -> tuple[str, uuid.UUID]:
    """Value and id of a ``cursor``; InvalidInput when it is none."""
    try:
        value, last = json.loads(base64.urlsafe_b64decode(text.encode()))
        if isinstance(value, str):
            return value, uuid.UUID(last)
    except (ValueError, TypeError, AttributeError, binascii.Error):
        pass
    raise no_cursor()


def no_cursor() -> InvalidInput:
    """What came in place of a cursor."""
    return InvalidInput("after: expected a cursor of an earlier page", field="after",
                        expected="a cursor")
