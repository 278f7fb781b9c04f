"""Indexes and kept figures with which pages stay quick at a million patients."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from followup.campaigns.tally import RECOUNT
from followup.patients.search_keys import search_keys

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

CHUNK = 5000
NUMBERS = (("patient", "phone_reversed", "phone"), ("patient_contact", "number_reversed", "number"))

KEYS = """
CREATE FUNCTION aftercall_patient_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.search_keys IS NOT DISTINCT FROM OLD.search_keys THEN RETURN NULL; END IF;
    DELETE FROM patient_key WHERE patient_id = NEW.id;
  END IF;
  INSERT INTO patient_key (key, patient_id)
  SELECT DISTINCT key, NEW.id FROM unnest(NEW.search_keys) AS key;
  RETURN NULL;
END $$
"""
DISCHARGES = """
CREATE FUNCTION aftercall_last_discharge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE patient SET last_discharged_on =
    (SELECT max(discharged_on) FROM encounter WHERE patient_id = NEW.patient_id)
  WHERE id = NEW.patient_id;
  RETURN NULL;
END $$
"""

OF_CAMPAIGN = """
CREATE FUNCTION aftercall_campaign_of_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT campaign_id INTO NEW.campaign_id FROM task WHERE id = NEW.task_id;
  RETURN NEW;
END $$
"""
# each statement's changes together: what has not changed comes to 0, and is not written
COUNT = """
CREATE FUNCTION aftercall_tally_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO campaign_tally (campaign_id, what, n)
    SELECT campaign_id, what, sum(n) FROM ({new}) AS c GROUP BY 1, 2;
  ELSE
    INSERT INTO campaign_tally (campaign_id, what, n)
    SELECT campaign_id, what, sum(n) FROM ({new} UNION ALL {old}) AS c GROUP BY 1, 2 HAVING sum(n) <> 0;
  END IF;
  RETURN NULL;
END $$
"""
# of each table the rows counted: campaign_id, what, n; {rows} and {sign} are filled in
COUNTED = {
    "task": """
      SELECT r.campaign_id, concat_ws('|', 'task', r.state, coalesce(r.disposition, ''), r.attempts_made) AS what, {sign}1 AS n FROM {rows} r
      UNION ALL SELECT r.campaign_id, 'department|' || e.department, {sign}1 FROM {rows} r JOIN encounter e ON e.id = r.encounter_id""",
    "attempt": """
      SELECT r.campaign_id, 'attempt|' || r.disposition AS what, {sign}1 AS n FROM {rows} r
      WHERE r.state = 'ended' AND r.disposition IS NOT NULL
      UNION ALL SELECT r.campaign_id, 'answered', {sign}1 FROM {rows} r WHERE r.answered_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM attempt a WHERE a.task_id = r.task_id AND a.id <> r.id AND a.answered_at IS NOT NULL)""",
    "response": """
      SELECT t.campaign_id, 'completed' AS what, {sign}1 AS n FROM {rows} r JOIN task t ON t.id = r.task_id
      WHERE r.state = 'completed'""",
    "escalation": """
      SELECT a.campaign_id, 'escalated' AS what, {sign}1 AS n FROM {rows} r JOIN attempt a ON a.id = r.attempt_id
      WHERE r.bridged_at IS NOT NULL AND NOT EXISTS (SELECT FROM escalation e WHERE e.attempt_id = r.attempt_id
      AND e.id <> r.id AND e.bridged_at IS NOT NULL)""",
    "finding": """
      SELECT t.campaign_id, 'finding|' || r.severity AS what, {sign}1 AS n FROM {rows} r
      JOIN response p ON p.id = r.response_id JOIN task t ON t.id = p.task_id""",
}


def upgrade() -> None:
    _keep_search_keys()
    _keep_tallies()
    op.create_index("ix_alert_closed", "alert", ["closed_at", "id"], postgresql_where=sa.text("state = 'closed'"))


def _keep_tallies() -> None:
    op.add_column("attempt", sa.Column("campaign_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE attempt SET campaign_id = task.campaign_id FROM task WHERE task.id = attempt.task_id")
    op.alter_column("attempt", "campaign_id", nullable=False)
    op.create_foreign_key(op.f("fk_attempt_campaign_id"), "attempt", "campaign", ["campaign_id"], ["id"])
    op.execute(OF_CAMPAIGN)
    op.execute("CREATE TRIGGER attempt_campaign BEFORE INSERT ON attempt "
               "FOR EACH ROW EXECUTE FUNCTION aftercall_campaign_of_attempt()")
    op.create_index("ix_attempt_campaign_ended", "attempt", ["campaign_id", "ended_at", "id"],
                    postgresql_where=sa.text("state = 'ended'"))
    op.create_index("ix_task_waiting", "task", ["campaign_id", "held_why", "due_at"],
                    postgresql_where=sa.text("state = 'due'"))
    op.create_table(
        "campaign_tally",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_tally_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_tally")))
    op.create_index(op.f("ix_campaign_tally_campaign_id"), "campaign_tally", ["campaign_id"])
    for statement in RECOUNT:
        op.execute(statement)
    for table, rows in COUNTED.items():
        op.execute(COUNT.format(table=table, new=rows.format(rows="new_rows", sign="+"),
                                old=rows.format(rows="old_rows", sign="-")))
        op.execute(f"CREATE TRIGGER {table}_tally_new AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows "
                   f"FOR EACH STATEMENT EXECUTE FUNCTION aftercall_tally_{table}()")
        op.execute(f"CREATE TRIGGER {table}_tally_changed AFTER UPDATE ON {table} REFERENCING OLD TABLE AS old_rows "
                   f"NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION aftercall_tally_{table}()")


def _keep_search_keys() -> None:
    op.add_column("patient", sa.Column("last_discharged_on", sa.Date(), nullable=False,
                                       server_default=sa.text("'0001-01-01'")))
    op.add_column("patient", sa.Column("search_keys", postgresql.ARRAY(sa.String()),
                                       server_default=sa.text("'{}'"), nullable=False))
    op.create_table(
        "patient_key",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_patient_key_patient_id")),
        sa.PrimaryKeyConstraint("patient_id", "key", name=op.f("pk_patient_key")))
    op.execute(KEYS)
    op.execute(DISCHARGES)
    op.execute("CREATE TRIGGER patient_search_keys AFTER INSERT OR UPDATE OF search_keys ON patient "
               "FOR EACH ROW EXECUTE FUNCTION aftercall_patient_keys()")
    op.execute("CREATE TRIGGER encounter_last_discharge AFTER INSERT OR UPDATE OF discharged_on ON encounter "
               "FOR EACH ROW EXECUTE FUNCTION aftercall_last_discharge()")
    op.execute("UPDATE patient SET last_discharged_on = stay.last FROM (SELECT patient_id, "
               "max(discharged_on) AS last FROM encounter GROUP BY patient_id) AS stay "
               "WHERE stay.patient_id = patient.id")
    _find_those_known()
    op.create_index(op.f("ix_patient_key_key_patient_id"), "patient_key", ["key", "patient_id"])
    op.create_index(op.f("ix_patient_last_discharged_on_id"), "patient", ["last_discharged_on", "id"])
    for table, column, number in NUMBERS:
        op.add_column(table, sa.Column(column, sa.String(collation="C"), sa.Computed(f"reverse({number})", persisted=True), nullable=False))
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.create_index(op.f("ix_encounter_department_discharged_on_patient_id"), "encounter",
                    ["department", "discharged_on", "patient_id"])


def _find_those_known() -> None:
    """Pinyin is made here, not by the database."""
    connection = op.get_bind()
    last = None
    while True:
        rows = connection.execute(sa.text(
            "SELECT id, name, mrn FROM patient WHERE CAST(:last AS uuid) IS NULL OR id > :last "
            "ORDER BY id LIMIT :most"), {"last": last, "most": CHUNK}).all()
        if not rows:
            return
        connection.execute(
            sa.text("UPDATE patient SET search_keys = :keys WHERE id = :id").bindparams(
                sa.bindparam("keys", type_=postgresql.ARRAY(sa.String()))),
            [{"id": row.id, "keys": search_keys(row.name, row.mrn)} for row in rows])
        last = rows[-1].id


def downgrade() -> None:
    op.drop_index("ix_alert_closed", table_name="alert")
    for table in COUNTED:
        op.execute(f"DROP TRIGGER {table}_tally_new ON {table}")
        op.execute(f"DROP TRIGGER {table}_tally_changed ON {table}")
        op.execute(f"DROP FUNCTION aftercall_tally_{table}()")
    op.drop_table("campaign_tally")
    op.drop_index("ix_task_waiting", table_name="task")
    op.execute("DROP TRIGGER attempt_campaign ON attempt")
    op.execute("DROP FUNCTION aftercall_campaign_of_attempt()")
    op.drop_column("attempt", "campaign_id")
    op.drop_index(op.f("ix_encounter_department_discharged_on_patient_id"), table_name="encounter")
    for table, column, _ in NUMBERS:
        op.drop_column(table, column)
    op.execute("DROP TRIGGER encounter_last_discharge ON encounter")
    op.execute("DROP TRIGGER patient_search_keys ON patient")
    op.execute("DROP FUNCTION aftercall_last_discharge()")
    op.execute("DROP FUNCTION aftercall_patient_keys()")
    op.drop_table("patient_key")
    op.drop_column("patient", "search_keys")
    op.drop_column("patient", "last_discharged_on")
