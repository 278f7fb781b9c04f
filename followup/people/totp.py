"""Codes of an authenticator app (RFC 6238: SHA-1, six digits, 30 seconds). Pure: time is given."""

from __future__ import annotations

import hmac
from datetime import datetime

import pyotp

STEP_S, DIGITS = 30, 6
WINDOW = 1                               # steps before and after: clocks differ
_SECRET_BYTES = 20                       # as RFC 4226 asks for


def new_secret() -> str:
    """A secret to share with an app, in base32."""
    return pyotp.random_base32(_SECRET_BYTES * 8 // 5)


def step_of(secret: str, code: str, at: datetime) -> int | None:
    """The step of time whose code this is, within the window; None when it is none of them.

    Who keeps the step can refuse the same code, and older ones, the next time.
    """
    typed = code.replace(" ", "")
    if len(typed) != DIGITS or not typed.isascii() or not typed.isdigit():
        return None
    app = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S)
    present = int(at.timestamp()) // STEP_S
    found = None
    for step in range(present - WINDOW, present + WINDOW + 1):
        if hmac.compare_digest(app.generate_otp(step), typed):
            found = step
    return found


def enrolment_uri(secret: str, username: str, hospital: str) -> str:
    """What the QR code holds, for the app to read."""
    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S).provisioning_uri(
        name=username, issuer_name=hospital)


def grouped(secret: str) -> str:
    """The secret for typing in by hand, in groups of four."""
    return " ".join(secret[place:place + 4] for place in range(0, len(secret), 4))
