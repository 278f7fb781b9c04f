"""Calls that an agent takes from their first word: skills, abandoned calls, preview."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

BEFORE = ("completed", "escalated", "callback_alert", "partial", "wrong_person", "call_back",
          "refused", "no_input", "voicemail", "identity_failed", "busy", "no_answer", "rejected",
          "invalid_number", "congestion", "failed", "not_placed", "unknown")
NEW = ("abandoned",)
COLUMNS = {"outcome": "ck_attempt_outcome", "disposition": "ck_attempt_disposition"}


def _may_be(values: Sequence[str]) -> None:
    for column, constraint in COLUMNS.items():
        op.drop_constraint(op.f(constraint), "attempt", type_="check")
        op.create_check_constraint(
            op.f(constraint), "attempt",
            f"{column} IN ({', '.join(repr(value) for value in values)})")


def upgrade() -> None:
    _may_be((*BEFORE, *NEW))
    op.add_column("agent", sa.Column("skills", postgresql.ARRAY(sa.String()), nullable=False,
                                     server_default=sa.text("'{}'")))
    op.create_table(
        "preview",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_preview_task_id")),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_preview_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preview")),
        sa.UniqueConstraint("task_id", name=op.f("uq_preview_task_id")),
        sa.UniqueConstraint("agent_id", name=op.f("uq_preview_agent_id")),
    )
    op.execute("CREATE TRIGGER preview_notify AFTER INSERT OR UPDATE ON preview "
               "FOR EACH ROW EXECUTE FUNCTION aftercall_notify()")


def downgrade() -> None:
    op.drop_table("preview")
    op.drop_column("agent", "skills")
    op.execute("UPDATE attempt SET outcome = 'partial' WHERE outcome = 'abandoned'")
    op.execute("UPDATE attempt SET disposition = 'partial' WHERE disposition = 'abandoned'")
    _may_be(BEFORE)
