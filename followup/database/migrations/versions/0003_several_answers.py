"""Several answers to one item of a questionnaire."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

CURRENT = "uq_answer_current"
ONLY_CURRENT = sa.text("superseded_at IS NULL")


def upgrade() -> None:
    op.add_column("answer", sa.Column("position", sa.Integer(), nullable=False,
                                      server_default=sa.text("0")))
    op.add_column("answer", sa.Column("open", sa.Boolean(), nullable=False,
                                      server_default=sa.false()))
    op.alter_column("answer", "position", server_default=None)
    op.alter_column("answer", "open", server_default=None)
    op.drop_index(CURRENT, table_name="answer", postgresql_where=ONLY_CURRENT)
    op.create_index(CURRENT, "answer", ["response_id", "link_id", "position"], unique=True,
                    postgresql_where=ONLY_CURRENT)


def downgrade() -> None:
    op.execute("UPDATE answer SET superseded_at = now() "
               "WHERE superseded_at IS NULL AND position > 0")
    op.drop_index(CURRENT, table_name="answer", postgresql_where=ONLY_CURRENT)
    op.create_index(CURRENT, "answer", ["response_id", "link_id"], unique=True,
                    postgresql_where=ONLY_CURRENT)
    op.drop_column("answer", "open")
    op.drop_column("answer", "position")
