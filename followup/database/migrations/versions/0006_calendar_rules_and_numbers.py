"""Holidays, time zones and further numbers of patients, rules of campaigns; claims by campaign."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

HELD = ("hours", "holiday", "cap_5_min", "cap_24_h", "next_day", "no_hours", "no_number",
        "do_not_call")
WAITS = sa.text("state = 'due'")


def _choice(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, length=32, create_constraint=True)


def upgrade() -> None:
    when = sa.DateTime(timezone=True)
    op.create_table(
        "holiday",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_holiday")))
    op.create_table(
        "patient_contact",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("whose", _choice("whose", "own", "relative"), nullable=False),
        sa.Column("relation", sa.String(), nullable=False),
        sa.Column("invalid_at", when, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", when, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("position > 0", name=op.f("ck_patient_contact_position")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"],
                                name=op.f("fk_patient_contact_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_contact")),
        sa.UniqueConstraint("patient_id", "position",
                            name=op.f("uq_patient_contact_patient_id_position")))
    op.add_column("patient", sa.Column("phone_invalid_at", when, nullable=True))
    op.add_column("patient", sa.Column("timezone", sa.String(), nullable=True))
    op.add_column("campaign", sa.Column("rules", postgresql.JSONB(), nullable=False,
                                        server_default=sa.text("'{}'")))
    op.add_column("task", sa.Column("held_why", sa.String(32), nullable=True))
    op.create_check_constraint(op.f("ck_task_held"), "task",
                               f"held_why IN ({', '.join(map(repr, HELD))})")
    op.add_column("attempt", sa.Column("contact_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_attempt_contact_id"), "attempt", "patient_contact",
                          ["contact_id"], ["id"])
    op.drop_index("ix_task_claim", table_name="task", postgresql_where=WAITS)
    op.create_index("ix_task_claim", "task", ["campaign_id", "priority", "due_at"],
                    postgresql_where=WAITS)


def downgrade() -> None:
    op.drop_index("ix_task_claim", table_name="task", postgresql_where=WAITS)
    op.create_index("ix_task_claim", "task", ["priority", "due_at"], postgresql_where=WAITS)
    op.drop_constraint(op.f("fk_attempt_contact_id"), "attempt", type_="foreignkey")
    op.drop_column("attempt", "contact_id")
    op.drop_constraint(op.f("ck_task_held"), "task", type_="check")
    op.drop_column("task", "held_why")
    op.drop_column("campaign", "rules")
    op.drop_column("patient", "timezone")
    op.drop_column("patient", "phone_invalid_at")
    op.drop_table("patient_contact")
    op.drop_table("holiday")
