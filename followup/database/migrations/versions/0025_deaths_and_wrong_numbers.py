"""Deaths and wrong numbers that were told of on a call, for staff to look at."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

DISPOSITIONS = ("completed", "escalated", "callback_alert", "abandoned", "partial", "wrong_person",
                "call_back", "refused", "no_input", "voicemail", "identity_failed", "busy",
                "no_answer", "rejected", "invalid_number", "congestion", "failed", "not_placed",
                "unknown")
HELD = ("hours", "holiday", "cap_5_min", "cap_24_h", "next_day", "no_hours", "no_number",
        "do_not_call")
NEW = "death_reported"
MOMENTS = (("patient", "phone_wrong_at"), ("patient", "death_told_at"),
           ("patient_contact", "wrong_at"))


def _may_be(more: Sequence[str]) -> None:
    for table, column, constraint, values in (
            ("attempt", "outcome", "ck_attempt_outcome", DISPOSITIONS),
            ("attempt", "disposition", "ck_attempt_disposition", DISPOSITIONS),
            ("task", "held_why", "ck_task_held", HELD)):
        op.drop_constraint(op.f(constraint), table, type_="check")
        op.create_check_constraint(
            op.f(constraint), table,
            f"{column} IN ({', '.join(repr(value) for value in (*values, *more))})")


def upgrade() -> None:
    for table, column in MOMENTS:
        op.add_column(table, sa.Column(column, sa.DateTime(timezone=True)))
    op.add_column("patient", sa.Column("death", sa.String(32)))
    op.add_column("patient", sa.Column("wanted_no_calls", sa.Boolean, nullable=False,
                                       server_default=sa.false()))
    op.create_check_constraint(op.f("ck_patient_death"), "patient",
                               "death IN ('reported', 'confirmed')")
    _may_be((NEW,))


def downgrade() -> None:
    for column in ("outcome", "disposition"):
        op.execute(f"UPDATE attempt SET {column} = 'wrong_person' WHERE {column} = '{NEW}'")  # noqa: S608
    op.execute(f"UPDATE task SET disposition = 'wrong_person' WHERE disposition = '{NEW}'")  # noqa: S608
    op.execute(f"UPDATE task SET held_why = 'do_not_call' WHERE held_why = '{NEW}'")  # noqa: S608
    _may_be(())
    op.drop_constraint(op.f("ck_patient_death"), "patient", type_="check")
    op.drop_column("patient", "wanted_no_calls")
    op.drop_column("patient", "death")
    for table, column in MOMENTS:
        op.drop_column(table, column)
