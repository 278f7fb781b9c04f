"""The time a patient asks to be called at, and recordings that a patient objects to."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

STATES = "ck_recording_recordingstate"


def upgrade() -> None:
    op.add_column("attempt", sa.Column("call_back_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint(op.f(STATES), "recording", type_="check")
    op.create_check_constraint(
        op.f(STATES), "recording", "state IN ('capturing', 'sealed', 'lost', 'refused')")


def downgrade() -> None:
    op.drop_constraint(op.f(STATES), "recording", type_="check")
    op.execute("UPDATE recording SET state = 'lost' WHERE state = 'refused'")
    op.create_check_constraint(
        op.f(STATES), "recording", "state IN ('capturing', 'sealed', 'lost')")
    op.drop_column("attempt", "call_back_at")
