"""A spool, a storage, and the database that knows of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from followup.database.engine import Database
from tests.recordings.archive import Archive


@pytest.fixture
def archive(database: Database, tmp_path: Path) -> Archive:
    return Archive(database, tmp_path)
