"""Sealed recordings are counted by campaign, outcome and day, so that no page counts a million; they
and a campaign's follow-ups are read in the order of their lists."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from followup.recordings.tally import RECOUNT

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# The call is locked against a change of its outcome, which else could pass unseen meanwhile.
RECORDING = """
CREATE FUNCTION aftercall_tally_recording() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE how varchar;
BEGIN
  SELECT disposition INTO how FROM attempt WHERE id = NEW.attempt_id FOR SHARE;
  IF TG_OP = 'UPDATE' AND OLD.state = 'sealed' THEN
    INSERT INTO recording_tally (campaign_id, disposition, day, n)
    VALUES (OLD.campaign_id, how, (OLD.created_at AT TIME ZONE 'UTC')::date, -1);
  END IF;
  IF NEW.state = 'sealed' THEN
    INSERT INTO recording_tally (campaign_id, disposition, day, n)
    VALUES (NEW.campaign_id, how, (NEW.created_at AT TIME ZONE 'UTC')::date, 1);
  END IF;
  RETURN NULL;
END $$
"""
OUTCOME = """
CREATE FUNCTION aftercall_tally_outcome() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO recording_tally (campaign_id, disposition, day, n)
  SELECT r.campaign_id, c.how, (r.created_at AT TIME ZONE 'UTC')::date, c.n
  FROM recording r, (VALUES (OLD.disposition, -1), (NEW.disposition, 1)) AS c (how, n)
  WHERE r.attempt_id = NEW.id AND r.state = 'sealed';
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "recording_tally",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("disposition", sa.String(32), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_recording_tally_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_tally")))
    for statement in RECOUNT:
        op.execute(statement)
    op.execute(RECORDING)
    op.execute("CREATE TRIGGER recording_tally_new AFTER INSERT ON recording "
               "FOR EACH ROW WHEN (NEW.state = 'sealed') EXECUTE FUNCTION aftercall_tally_recording()")
    op.execute("CREATE TRIGGER recording_tally_changed AFTER UPDATE OF state, created_at ON recording "
               "FOR EACH ROW WHEN ('sealed' IN (OLD.state, NEW.state) "
               "AND (OLD.state, OLD.created_at) IS DISTINCT FROM (NEW.state, NEW.created_at)) "
               "EXECUTE FUNCTION aftercall_tally_recording()")
    op.execute(OUTCOME)
    op.execute("CREATE TRIGGER attempt_tally_outcome AFTER UPDATE OF disposition ON attempt "
               "FOR EACH ROW WHEN (OLD.disposition IS DISTINCT FROM NEW.disposition) "
               "EXECUTE FUNCTION aftercall_tally_outcome()")
    op.create_index("ix_recording_length", "recording", [sa.text("coalesce(duration_ms, 0)"), "id"])
    op.create_index("ix_recording_short", "recording", ["created_at", "id"], postgresql_where=sa.text("missing_ms > 0"))
    op.create_index("ix_recording_not_sealed", "recording", ["state", "created_at", "id"],
                    postgresql_where=sa.text("state <> 'sealed'"))
    op.create_index("ix_attempt_outcome", "attempt", ["disposition", "id"],
                    postgresql_where=sa.text("disposition IS NOT NULL"))
    op.create_index("ix_task_list", "task", ["campaign_id", "due_at", "id"],
                    postgresql_include=["state", "disposition", "attempts_made"])


def downgrade() -> None:
    op.drop_index("ix_task_list", table_name="task")
    op.drop_index("ix_attempt_outcome", table_name="attempt")
    for name in ("not_sealed", "short", "length"):
        op.drop_index(f"ix_recording_{name}", table_name="recording")
    op.execute("DROP TRIGGER attempt_tally_outcome ON attempt")
    op.execute("DROP FUNCTION aftercall_tally_outcome()")
    for name in ("new", "changed"):
        op.execute(f"DROP TRIGGER recording_tally_{name} ON recording")
    op.execute("DROP FUNCTION aftercall_tally_recording()")
    op.drop_table("recording_tally")
