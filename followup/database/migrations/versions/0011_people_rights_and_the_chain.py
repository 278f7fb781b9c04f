"""Departments and reach of users, permissions that a hospital changes, the audit trail's chain."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# a row takes its place in the chain once; nothing else of it ever changes
SEAL_FUNCTION = """
CREATE FUNCTION aftercall_seal_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.place IS NOT NULL OR NEW.place IS NULL OR
       (to_jsonb(NEW) - 'place' - 'hash') <> (to_jsonb(OLD) - 'place' - 'hash') THEN
        RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.add_column("app_user", sa.Column("departments", postgresql.JSONB(), nullable=False,
                                        server_default="[]"))
    op.alter_column("app_user", "departments", server_default=None)
    op.add_column("app_user", sa.Column("reach", sa.Enum("own", "all", name="reach",
                                                         native_enum=False, create_constraint=True,
                                                         length=32)))
    op.add_column("app_user", sa.Column("agent_id", sa.Uuid()))
    op.create_foreign_key("fk_app_user_agent_id", "app_user", "agent", ["agent_id"], ["id"])
    # doctors saw every department until now: that is taken from them by people, not by an update
    op.execute("UPDATE app_user SET reach = 'all' WHERE role = 'doctor'")
    op.create_table(
        "permission_setting",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("roles", postgresql.JSONB()),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_permission_setting"))
    op.execute("CREATE TRIGGER permission_setting_notify AFTER INSERT OR UPDATE "
               "ON permission_setting FOR EACH ROW EXECUTE FUNCTION aftercall_notify()")
    op.add_column("audit_event", sa.Column("place", sa.BigInteger()))
    op.add_column("audit_event", sa.Column("hash", sa.String()))
    op.create_unique_constraint("uq_audit_event_place", "audit_event", ["place"])
    op.create_check_constraint("sealed", "audit_event", "(place is null) = (hash is null)")
    op.create_index("ix_audit_event_actor_at", "audit_event", ["actor", "at"])
    op.create_index("ix_audit_event_action_at", "audit_event", ["action", "at"])
    op.create_index("ix_audit_event_unsealed", "audit_event", ["id"],
                    postgresql_where=sa.text("place is null"))
    op.execute(SEAL_FUNCTION)
    op.execute("DROP TRIGGER audit_event_append_only ON audit_event")
    op.execute("CREATE TRIGGER audit_event_append_only BEFORE DELETE OR TRUNCATE "
               "ON audit_event FOR EACH STATEMENT EXECUTE FUNCTION aftercall_append_only()")
    op.execute("CREATE TRIGGER audit_event_seal_only BEFORE UPDATE "
               "ON audit_event FOR EACH ROW EXECUTE FUNCTION aftercall_seal_only()")


def downgrade() -> None:
    op.execute("DROP TRIGGER audit_event_seal_only ON audit_event")
    op.execute("DROP TRIGGER audit_event_append_only ON audit_event")
    op.execute("CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
               "ON audit_event FOR EACH STATEMENT EXECUTE FUNCTION aftercall_append_only()")
    op.execute("DROP FUNCTION aftercall_seal_only")
    op.drop_index("ix_audit_event_unsealed", table_name="audit_event")
    op.drop_index("ix_audit_event_action_at", table_name="audit_event")
    op.drop_index("ix_audit_event_actor_at", table_name="audit_event")
    op.drop_constraint(op.f("ck_audit_event_sealed"), "audit_event")
    op.drop_constraint("uq_audit_event_place", "audit_event")
    op.drop_column("audit_event", "hash")
    op.drop_column("audit_event", "place")
    op.drop_table("permission_setting")
    op.drop_constraint("fk_app_user_agent_id", "app_user")
    op.drop_column("app_user", "agent_id")
    op.drop_column("app_user", "reach")
    op.drop_column("app_user", "departments")
