"""The error of this folder."""

from __future__ import annotations

from followup.errors import AftercallError


class ProvisionError(AftercallError):
    """Something that must be prepared could not be; the message says what, and what to do."""

    status = 503
    id = "provision"
