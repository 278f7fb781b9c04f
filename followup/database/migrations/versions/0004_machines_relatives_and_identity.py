"""Answering machines, relatives who answer, and people who cannot show who they are."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

BEFORE = ("completed", "escalated", "callback_alert", "partial", "wrong_person", "call_back",
          "refused", "no_input", "busy", "no_answer", "rejected", "invalid_number", "congestion",
          "failed", "not_placed", "unknown")
NEW = ("voicemail", "identity_failed")
COLUMNS = {"outcome": "ck_attempt_outcome", "disposition": "ck_attempt_disposition"}
WHO = "ck_attempt_answeredby"


def _may_be(values: Sequence[str]) -> None:
    for column, constraint in COLUMNS.items():
        op.drop_constraint(op.f(constraint), "attempt", type_="check")
        op.create_check_constraint(
            op.f(constraint), "attempt",
            f"{column} IN ({', '.join(repr(value) for value in values)})")


def upgrade() -> None:
    op.add_column("attempt", sa.Column("answered_by", sa.String(32), nullable=True))
    op.create_check_constraint(op.f(WHO), "attempt", "answered_by IN ('patient', 'relative')")
    _may_be((*BEFORE, *NEW))


def downgrade() -> None:
    op.execute("UPDATE attempt SET outcome = 'no_input' WHERE outcome = 'voicemail'")
    op.execute("UPDATE attempt SET disposition = 'no_input' WHERE disposition = 'voicemail'")
    op.execute("UPDATE attempt SET outcome = 'wrong_person' WHERE outcome = 'identity_failed'")
    op.execute(
        "UPDATE attempt SET disposition = 'wrong_person' WHERE disposition = 'identity_failed'")
    _may_be(BEFORE)
    op.drop_constraint(op.f(WHO), "attempt", type_="check")
    op.drop_column("attempt", "answered_by")
