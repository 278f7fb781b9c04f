"""Templates of messages are kept here, opt-outs tell who noted them, and messages have a list."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "message_template",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"),
                  nullable=False),
        *(sa.Column(name, sa.String(), nullable=False)
          for name in ("code", "name", "language", "text")),
        sa.Column("labels", JSONB(), nullable=False), sa.Column("lengths", JSONB(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("from_file", sa.String()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_template")),
        sa.UniqueConstraint("code", name=op.f("uq_message_template_code")),
        sa.UniqueConstraint("from_file", name=op.f("uq_message_template_from_file")))
    op.add_column("message_opt_out", sa.Column("noted_by", sa.String(), nullable=False,
                                               server_default=""))
    op.create_index(op.f("ix_message_created_at_id"), "message", ["created_at", "id"])
    op.create_index(op.f("ix_message_state_created_at_id"), "message",
                    ["state", "created_at", "id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_message_state_created_at_id"), "message")
    op.drop_index(op.f("ix_message_created_at_id"), "message")
    op.drop_column("message_opt_out", "noted_by")
    op.drop_table("message_template")
