"""Calls that somebody asks for from a case."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

KINDS = ("registered", "moved", "edited", "transferred", "note", "reply", "attached", "evidence", "rated", "reminded", "escalated")


def upgrade() -> None:
    op.create_table(
        "case_call",
        sa.Column("id", sa.Uuid(), nullable=False), sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False), sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_call")),
        sa.ForeignKeyConstraint(["case_id"], ["feedback_case.id"], name=op.f("fk_case_call_case_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_case_call_task_id")))
    op.create_index(op.f("ix_case_call_case_id"), "case_call", ["case_id"])
    op.create_index(op.f("ix_case_call_task_id_created_at"), "case_call", ["task_id", "created_at"])
    _kinds((*KINDS, "called"))


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM case_event WHERE kind = 'called'"))
    _kinds(KINDS)
    op.drop_table("case_call")


def _kinds(kinds: Sequence[str]) -> None:
    op.drop_constraint(op.f("ck_case_event_eventkind"), "case_event")
    op.create_check_constraint(op.f("ck_case_event_eventkind"), "case_event", "kind IN ({})".format(", ".join(f"'{kind}'" for kind in kinds)))
