"""What the pacing decided and why; what it reads in each decision is found by an index."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

REASONS = ("ahead", "one_each", "alerts_only", "agents_busy", "budget_spent", "no_agent", "by_hand",
           "lines_full", "hourly_cap")


def upgrade() -> None:
    op.create_table(
        "pacing_decision",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Enum(*REASONS, name="reason", native_enum=False, length=32,
                                    create_constraint=True), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("placed", sa.Integer(), nullable=False),
        sa.Column("inputs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"],
                                name=op.f("fk_pacing_decision_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pacing_decision")),
    )
    op.create_index(op.f("ix_pacing_decision_at"), "pacing_decision", ["at"])
    op.execute("CREATE TRIGGER pacing_decision_notify AFTER INSERT OR UPDATE ON pacing_decision "
               "FOR EACH ROW EXECUTE FUNCTION aftercall_notify()")
    op.create_index("ix_attempt_ended", "attempt", ["ended_at", "id"],
                    postgresql_where=sa.text("state = 'ended'"))
    op.create_index(op.f("ix_escalation_agent_id_requested_at"), "escalation",
                    ["agent_id", "requested_at"])
    op.create_index(op.f("ix_escalation_ended_at"), "escalation", ["ended_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_escalation_ended_at"), table_name="escalation")
    op.drop_index(op.f("ix_escalation_agent_id_requested_at"), table_name="escalation")
    op.drop_index("ix_attempt_ended", table_name="attempt",
                  postgresql_where=sa.text("state = 'ended'"))
    op.drop_table("pacing_decision")
