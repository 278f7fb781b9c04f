"""What may be wrong with a recording that is kept."""

from __future__ import annotations

from followup.errors import Conflict, NotFound, Unavailable


class Changed(Conflict):
    """The recording is not what was sealed: it has been changed or damaged since."""

    id = "recording-changed"


class Missing(NotFound):
    """The recording is not where it is kept."""

    id = "recording-missing"


class OtherKey(Unavailable):
    """The recording was encrypted with a key that secrets.toml does not hold."""

    id = "recording-key"


class Away(Unavailable):
    """The storage of recordings does not answer, or does not take what it is given."""

    id = "storage-away"
