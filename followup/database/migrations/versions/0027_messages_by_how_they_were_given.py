"""Messages are found by how they were given: of that the planner knows how few they are."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def _index(where: str) -> None:
    op.drop_index("ix_answer_message", table_name="answer")
    op.create_index("ix_answer_message", "answer", ["attempt_id"], postgresql_where=sa.text(where))


def upgrade() -> None:
    _index("given_by = 'message'")


def downgrade() -> None:
    _index("jsonb_exists(value, 'valueAttachment')")
