"""A database that all tests of a file share, as they share a hospital."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest_asyncio

from tests.conftest import _drop, _execute, in_database


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_database_url(postgres: str, _template: str) -> AsyncIterator[str]:
    """The address of a fresh migrated database."""
    name = f"journey_{uuid.uuid4().hex}"
    await _execute(postgres, f"create database {name} template {_template}")
    yield in_database(postgres, name)
    await _drop(postgres, name)
