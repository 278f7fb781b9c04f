"""Recordings know whose they are, so that their list needs no join; when each was last verified."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

MESSAGES = sa.text("jsonb_exists(value, 'valueAttachment')")
OF_CALL = """
CREATE FUNCTION aftercall_recording_of_call() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT t.patient_id, t.campaign_id, e.department
  INTO NEW.patient_id, NEW.campaign_id, NEW.department
  FROM attempt a JOIN task t ON t.id = a.task_id JOIN encounter e ON e.id = t.encounter_id
  WHERE a.id = NEW.attempt_id;
  RETURN NEW;
END $$
"""
OF_STAY = """
CREATE FUNCTION aftercall_recordings_of_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE recording r SET department = NEW.department
  FROM attempt a JOIN task t ON t.id = a.task_id
  WHERE a.id = r.attempt_id AND t.patient_id = NEW.patient_id AND t.encounter_id = NEW.id;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    for name, kind in (("patient_id", sa.Uuid()), ("campaign_id", sa.Uuid()), ("department", sa.String())):
        op.add_column("recording", sa.Column(name, kind, nullable=True))
    op.execute("UPDATE recording r SET patient_id = t.patient_id, campaign_id = t.campaign_id, department = e.department "
               "FROM attempt a JOIN task t ON t.id = a.task_id JOIN encounter e ON e.id = t.encounter_id "
               "WHERE a.id = r.attempt_id")
    for name in ("patient_id", "campaign_id", "department"):
        op.alter_column("recording", name, nullable=False)
    for name in ("patient", "campaign"):
        op.create_foreign_key(op.f(f"fk_recording_{name}_id"), "recording", name, [f"{name}_id"], ["id"])
    op.execute(OF_CALL)
    op.execute("CREATE TRIGGER recording_of_call BEFORE INSERT ON recording "
               "FOR EACH ROW EXECUTE FUNCTION aftercall_recording_of_call()")
    op.execute(OF_STAY)
    op.execute("CREATE TRIGGER encounter_recordings AFTER UPDATE OF department ON encounter "
               "FOR EACH ROW WHEN (OLD.department IS DISTINCT FROM NEW.department) "
               "EXECUTE FUNCTION aftercall_recordings_of_stay()")
    for name in ("department", "campaign_id"):
        op.create_index(op.f(f"ix_recording_{name}_created_at_id"), "recording", [name, "created_at", "id"])
    op.create_index(op.f("ix_recording_patient_id"), "recording", ["patient_id"])
    op.create_index("ix_recording_mark_told", "recording_mark", ["kind", "recording_id"],
                    postgresql_where=sa.text("kind IN ('finding', 'escalation')"))
    op.create_index("ix_answer_message", "answer", ["attempt_id"], postgresql_where=MESSAGES)
    op.create_table(
        "recording_check", sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_recording_check_recording_id")),
        sa.PrimaryKeyConstraint("recording_id", name=op.f("pk_recording_check")))


def downgrade() -> None:
    op.drop_table("recording_check")
    op.drop_index("ix_answer_message", table_name="answer", postgresql_where=MESSAGES)
    op.drop_index("ix_recording_mark_told", table_name="recording_mark")
    op.execute("DROP TRIGGER encounter_recordings ON encounter")
    op.execute("DROP FUNCTION aftercall_recordings_of_stay()")
    op.execute("DROP TRIGGER recording_of_call ON recording")
    op.execute("DROP FUNCTION aftercall_recording_of_call()")
    for name in ("department", "campaign_id", "patient_id"):
        op.drop_column("recording", name)
