"""Deadlines in working hours, a deadline to answer, and when each is reminded of."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

MOMENTS = ("accept_soon", "answer_due", "answer_soon", "close_soon")


def upgrade() -> None:
    for table in ("case_severity", "feedback_case"):
        op.add_column(table, sa.Column("clock", sa.String(32), server_default="calendar", nullable=False))
        op.alter_column(table, "clock", server_default=None)
        op.create_check_constraint(op.f(f"ck_{table}_clock"), table, "clock IN ('calendar', 'working')")
    op.add_column("case_severity", sa.Column("answer_minutes", sa.Integer()))
    op.create_check_constraint(op.f("ck_case_severity_answer"), "case_severity", "answer_minutes between accept_minutes and close_minutes")
    for column in MOMENTS:
        op.add_column("feedback_case", sa.Column(column, sa.DateTime(timezone=True)))
    # as they were reminded of before: at three quarters of the time
    op.execute(sa.text("UPDATE feedback_case SET accept_soon = begun_at + (accept_due - begun_at) * 0.75, close_soon = begun_at + (close_due - begun_at) * 0.75 WHERE close_due IS NOT NULL"))
    op.create_table(
        "case_hours",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("opens", sa.Time(), nullable=False), sa.Column("closes", sa.Time(), nullable=False),
        sa.Column("pause_from", sa.Time()), sa.Column("pause_until", sa.Time()),
        sa.Column("weekdays", JSONB(), nullable=False), sa.Column("timezone", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_hours")), sa.CheckConstraint("id = 1", name=op.f("ck_case_hours_one")))


def downgrade() -> None:
    op.drop_table("case_hours")
    for column in MOMENTS:
        op.drop_column("feedback_case", column)
    op.drop_column("case_severity", "answer_minutes")
    for table in ("case_severity", "feedback_case"):
        op.drop_column(table, "clock")
