"""Recordings: encrypted storage, the chain of seals, holds, comments, clips, retention."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ALARMS = ("disk_low", "recordings_wait", "recordings_lost", "recording_changed")
DISPOSITIONS = (
    "completed", "escalated", "callback_alert", "abandoned", "partial", "wrong_person", "call_back", "refused",
    "no_input", "voicemail", "identity_failed", "busy", "no_answer", "rejected", "invalid_number", "congestion",
    "failed", "not_placed", "unknown")
TABLES = ("recording_clip", "recording_comment", "recording_hold", "recording_seal", "retention_rule")
INDEXES = (
    ("ix_recording_to_seal", ["created_at"], "state = 'capturing'"),
    ("ix_recording_to_link", ["sealed_at", "id"], "sealed_at IS NOT NULL AND seal_number IS NULL"),
    ("ix_recording_to_prepare", ["sealed_at"],
     "state = 'sealed' AND stored IS NOT NULL AND prepared_at IS NULL"),
    ("ix_recording_to_remove", ["id"], "state = 'expired' AND file IS NOT NULL"))


def _when(name: str, *, null: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _text(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=null)


def _choice(name: str, constraint: str, *values: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Enum(*values, name=constraint, native_enum=False, create_constraint=True, length=32), nullable=True)


def _table(name: str, *parts: sa.Column[Any] | sa.Constraint, refers: dict[str, str]) -> None:
    op.create_table(
        name, *parts,
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.ForeignKeyConstraint([column], [f"{there}.id"], name=op.f(f"fk_{name}_{column}"))
          for column, there in refers.items()),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")))


def _of_recording(name: str, *parts: sa.Column[Any] | sa.Constraint, **refers: str) -> None:
    _table(name, sa.Column("recording_id", sa.Uuid(), nullable=False), *parts,
           refers={"recording_id": "recording", **refers})
    op.create_index(op.f(f"ix_{name}_recording_id"), name, ["recording_id"])


def upgrade() -> None:
    for column in (_choice("stored", "stored", "folder", "s3"),
                   sa.Column("seal_number", sa.BigInteger(), nullable=True),
                   sa.Column("missing_ms", sa.Integer(), server_default="0", nullable=False),
                   _when("prepared_at"), _choice("copy_format", "copyformat", "opus", "m4a"),
                   _when("expired_at")):
        op.add_column("recording", column)
    op.alter_column("recording", "missing_ms", server_default=None)
    op.create_unique_constraint(op.f("uq_recording_seal_number"), "recording", ["seal_number"])
    for name, columns, where in INDEXES:
        op.create_index(name, "recording", columns, postgresql_where=sa.text(where))
    op.create_index(op.f("ix_recording_created_at_id"), "recording", ["created_at", "id"])
    _kinds("recording", "state", "ck_recording_recordingstate", lambda kinds: [*kinds, "expired"])
    _kinds("alarm", "kind", "ck_alarm_alarmkind", lambda kinds: [*kinds, *ALARMS])
    op.create_table(
        "recording_seal", sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False), _text("sha256"),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False), _when("sealed_at", null=False),
        _text("seal"),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_recording_seal_recording_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_recording_seal")),
        sa.UniqueConstraint("recording_id", name=op.f("uq_recording_seal_recording_id")))
    op.execute("CREATE TRIGGER recording_seal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
               "ON recording_seal FOR EACH STATEMENT EXECUTE FUNCTION aftercall_append_only()")
    _of_recording("recording_hold", _text("reason"), _text("set_by"), _when("released_at"),
                  _text("released_by", null=True), _text("release_reason"))
    op.create_index("uq_recording_hold_open", "recording_hold", ["recording_id"], unique=True,
                    postgresql_where=sa.text("released_at IS NULL"))
    _of_recording("recording_comment", sa.Column("author_id", sa.Uuid(), nullable=False),
                  sa.Column("at_ms", sa.Integer(), nullable=False), _text("text"), author_id="app_user")
    _of_recording("recording_clip", sa.Column("from_ms", sa.Integer(), nullable=False),
                  sa.Column("to_ms", sa.Integer(), nullable=False), _text("title"), _text("token_hash"),
                  _text("made_by"), _when("expires_at", null=False), _when("revoked_at"),
                  _text("revoked_by", null=True),
                  sa.UniqueConstraint("token_hash", name=op.f("uq_recording_clip_token_hash")))
    _table("retention_rule", sa.Column("campaign_id", sa.Uuid(), nullable=True),
           _choice("disposition", "disposition", *DISPOSITIONS),
           sa.Column("days", sa.Integer(), nullable=False), _text("set_by"),
           sa.UniqueConstraint("campaign_id", "disposition", postgresql_nulls_not_distinct=True,
                               name=op.f("uq_retention_rule_campaign_id_disposition")),
           refers={"campaign_id": "campaign"})


def _kinds(table: str, column: str, name: str, change: Callable[[list[str]], Sequence[str]]) -> None:
    """Let the values of a choice be what ``change`` makes of those that the table knows."""
    told = op.get_bind().scalar(sa.text(
        "select pg_get_constraintdef(oid) from pg_constraint where conname = :name"), {"name": name})
    kinds = ", ".join(f"'{kind}'" for kind in change(re.findall(r"'(\w+)'", told or "")))
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IN ({kinds}))")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.execute(sa.text("DELETE FROM alarm WHERE kind = ANY(:kinds)").bindparams(
        sa.bindparam("kinds", list(ALARMS), sa.ARRAY(sa.String()))))
    _kinds("alarm", "kind", "ck_alarm_alarmkind", lambda kinds: [kind for kind in kinds if kind not in ALARMS])
    op.execute("UPDATE recording SET state = 'lost' WHERE state = 'expired'")
    _kinds("recording", "state", "ck_recording_recordingstate",
           lambda kinds: [kind for kind in kinds if kind != "expired"])
    op.drop_index(op.f("ix_recording_created_at_id"), table_name="recording")
    for name, _, _ in INDEXES:
        op.drop_index(name, table_name="recording")
    op.drop_constraint(op.f("uq_recording_seal_number"), "recording")
    for column in ("stored", "seal_number", "missing_ms", "prepared_at", "copy_format", "expired_at"):
        op.drop_column("recording", column)
