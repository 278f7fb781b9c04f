"""Alembic's environment: runs on the connection it is given (see ``migrate``)."""

from alembic import context

import followup.database.models  # noqa: F401  the tables register themselves
from followup.database.base import Base

context.configure(connection=context.config.attributes["connection"],
                  target_metadata=Base.metadata, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
