"""Indexes and kept figures with which pages stay quick at a million patients."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from followup.patients.search_keys import search_keys

revision: str = "0015"
down_revision: str | None = "0010"
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


def upgrade() -> None:
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
