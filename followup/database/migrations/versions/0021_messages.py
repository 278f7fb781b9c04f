"""Messages to and from patients, and the numbers that want none."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

STATES = ("queued", "sending", "unsure", "sent", "delivered", "failed", "expired", "received")
EVENTS, ALARMS = ("messaged", "received"), ("messages_refused", "messages_unsure")


def _moment(name: str, *, null: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=False)


def _choice(name: str, values: Sequence[str]) -> sa.Enum:
    return sa.Enum(*values, native_enum=False, length=32, name=name, create_constraint=True)


def upgrade() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("direction", _choice("direction", ("out", "in")), nullable=False),
        sa.Column("channel", _choice("messagechannel", ("sms",)), nullable=False),
        sa.Column("patient_id", sa.Uuid()), sa.Column("case_id", sa.Uuid()),
        *map(_text, ("number", "relation", "template")), sa.Column("values", JSONB(), nullable=False),
        *map(_text, ("text", "language")), sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("state", _choice("messagestate", STATES), nullable=False),
        _moment("due_at", null=False), _moment("expires_at"), _moment("check_at"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        *map(_moment, ("tried_at", "sent_at", "ended_at")),
        *map(_text, ("provider", "provider_id", "error", "written_by")),
        sa.CheckConstraint("direction = 'in' or patient_id is not null", name=op.f("ck_message_to_somebody")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_message_patient_id")),
        sa.ForeignKeyConstraint(["case_id"], ["feedback_case.id"], name=op.f("fk_message_case_id")))
    op.create_index(op.f("ix_message_patient_id_created_at"), "message", ["patient_id", "created_at"])
    op.create_index(op.f("ix_message_case_id"), "message", ["case_id"])
    op.create_index(op.f("ix_message_number_created_at"), "message", ["number", "created_at"])
    op.create_index("ix_message_queued", "message", ["due_at"], postgresql_where=sa.text("state = 'queued'"))
    op.create_index("ix_message_checked", "message", ["check_at"], postgresql_where=sa.text("state in ('sending', 'sent', 'unsure')"))
    op.create_index("uq_message_received", "message", ["provider", "provider_id"], unique=True, postgresql_where=sa.text("direction = 'in'"))
    op.execute("CREATE TRIGGER message_notify AFTER INSERT OR UPDATE ON message FOR EACH ROW EXECUTE FUNCTION aftercall_notify()")
    op.create_table("message_opt_out", _text("number"), _moment("at", null=False), _text("words"),
                    sa.PrimaryKeyConstraint("number", name=op.f("pk_message_opt_out")))
    _kinds("case_event", "ck_case_event_eventkind", EVENTS, ())
    _kinds("alarm", "ck_alarm_alarmkind", ALARMS, ())


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM case_event WHERE kind IN ('messaged', 'received')"))
    op.execute(sa.text("DELETE FROM alarm WHERE kind LIKE 'messages_%'"))
    _kinds("case_event", "ck_case_event_eventkind", (), EVENTS)
    _kinds("alarm", "ck_alarm_alarmkind", (), ALARMS)
    op.drop_table("message_opt_out")
    op.drop_table("message")


def _kinds(table: str, constraint: str, more: Sequence[str], fewer: Sequence[str]) -> None:
    """Take kinds into a table's list of them, or out of it, whatever others are in it."""
    definition = op.get_bind().scalar(sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"), {"name": constraint})
    known = [part for part in definition.split("'")[1::2] if part not in fewer]
    op.drop_constraint(op.f(constraint), table)
    listed = ", ".join(f"'{kind}'" for kind in (*known, *more))
    op.create_check_constraint(op.f(constraint), table, f"kind IN ({listed})")
