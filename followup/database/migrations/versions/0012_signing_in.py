"""Signing in: second step, former passwords, sessions that can be seen and ended, the directory."""

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ALARMS = ("account_guessed", "directory_lost")
SOURCES = ("local", "directory")


def upgrade() -> None:
    _alarm_kinds(lambda kinds: [*kinds, *ALARMS])
    source = sa.Enum(*SOURCES, native_enum=False, length=32, name="source", create_constraint=True)
    _add("app_user", sa.Column("source", source, nullable=False), "'local'")
    _add("app_user", sa.Column("must_change_password", sa.Boolean(), nullable=False), "false")
    _add("app_user", sa.Column("second_step", sa.Boolean(), nullable=False), "false")
    # everybody signs in anew: a session from before does not tell how long it may be idle
    op.execute("DELETE FROM web_session")
    op.add_column("web_session", _when("idle_until"))
    op.add_column("web_session", _when("seen_at"))
    op.add_column("web_session", sa.Column("browser", sa.String(), nullable=False))
    op.add_column("web_session", sa.Column("awaits_code", sa.Boolean(), nullable=False))
    op.add_column("web_session", sa.Column("id", sa.Uuid(), nullable=False))
    op.create_unique_constraint(op.f("uq_web_session_id"), "web_session", ["id"])
    op.create_table(
        "second_factor",
        _user(), sa.Column("secret", sa.LargeBinary(), nullable=False),
        _when("confirmed_at", null=True), sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_second_factor_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factor")))
    op.create_table(
        "recovery_code",
        _user(), sa.Column("code_hash", sa.String(), nullable=False), _when("used_at", null=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_recovery_code_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")))
    op.create_index(op.f("ix_recovery_code_user_id"), "recovery_code", ["user_id"])
    op.create_table(
        "former_password",
        _user(), sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_former_password_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_password")))
    op.create_index(op.f("ix_former_password_user_id"), "former_password", ["user_id"])


def downgrade() -> None:
    for table in ("former_password", "recovery_code", "second_factor"):
        op.drop_table(table)
    for column in ("id", "awaits_code", "browser", "seen_at", "idle_until"):
        op.drop_column("web_session", column)
    for column in ("second_step", "must_change_password", "source"):
        op.drop_column("app_user", column)
    op.execute("DELETE FROM alarm WHERE kind IN ('account_guessed', 'directory_lost')")
    _alarm_kinds(lambda kinds: [kind for kind in kinds if kind not in ALARMS])


def _add(table: str, column: sa.Column[Any], default: str) -> None:
    """Add a column to rows that are there; later ones are told its value."""
    column.server_default = sa.DefaultClause(sa.text(default))
    op.add_column(table, column)
    op.alter_column(table, column.name, server_default=None)


def _user() -> sa.Column[Any]:
    return sa.Column("user_id", sa.Uuid(), nullable=False)


def _when(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _alarm_kinds(change: Any) -> None:
    """Let the alarms' kinds be what ``change`` makes of those that the table knows."""
    name = "ck_alarm_alarmkind"
    told = op.get_bind().scalar(sa.text(
        "select pg_get_constraintdef(oid) from pg_constraint where conname = :name"),
        {"name": name})
    kinds = ", ".join(f"'{kind}'" for kind in change(re.findall(r"'(\w+)'", told or "")))
    op.execute(f"ALTER TABLE alarm DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE alarm ADD CONSTRAINT {name} CHECK (kind IN ({kinds}))")
