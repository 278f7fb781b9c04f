"""Alarms of the house itself, and the epoch that fences an old leader of the dialer."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

KINDS = ("gateway_refuses", "gateway_silent", "node_lost")


def upgrade() -> None:
    when = sa.DateTime(timezone=True)
    op.create_table(
        "alarm",
        sa.Column("kind", sa.Enum(*KINDS, native_enum=False, length=32, name="alarmkind",
                                  create_constraint=True), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.Column("raised_at", when, nullable=False),
        sa.Column("seen_at", when, nullable=False),
        sa.Column("cleared_at", when, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")))
    op.create_index("uq_alarm_open", "alarm", ["kind", "subject"], unique=True,
                    postgresql_where=sa.text("cleared_at IS NULL"))
    op.execute("CREATE TRIGGER alarm_notify AFTER INSERT OR UPDATE ON alarm "
               "FOR EACH ROW EXECUTE FUNCTION aftercall_notify()")
    op.create_table(
        "dialer_leader",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", when, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dialer_leader")))


def downgrade() -> None:
    op.drop_table("dialer_leader")
    op.drop_table("alarm")
