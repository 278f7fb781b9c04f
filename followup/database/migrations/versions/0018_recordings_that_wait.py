"""Recordings that wait, encrypted, until S3 takes them; several copies for browsers."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    _stored("folder", "s3", "waiting")
    op.create_index("ix_recording_to_hand_over", "recording", ["sealed_at"], postgresql_where=sa.text("state = 'sealed' AND stored = 'waiting'"))
    op.add_column("recording", sa.Column("copies", postgresql.JSONB(), server_default="[]", nullable=False))
    op.execute("UPDATE recording SET copies = jsonb_build_array(copy_format) WHERE copy_format IS NOT NULL")
    op.drop_column("recording", "copy_format")


def downgrade() -> None:
    """What waits now would be found by nobody: it must be handed over first."""
    op.execute("DO $$ BEGIN IF EXISTS (SELECT FROM recording WHERE stored = 'waiting') THEN "
               "RAISE EXCEPTION 'recordings wait for their storage: say aftercall recordings move first'; END IF; END $$")
    op.add_column("recording", sa.Column("copy_format", sa.Enum("opus", "m4a", name="copyformat", native_enum=False, create_constraint=True, length=32), nullable=True))
    op.execute("UPDATE recording SET copy_format = copies ->> 0")
    op.drop_column("recording", "copies")
    op.drop_index("ix_recording_to_hand_over", table_name="recording")
    _stored("folder", "s3")


def _stored(*places: str) -> None:
    op.drop_constraint(op.f("ck_recording_stored"), "recording")
    op.create_check_constraint(op.f("ck_recording_stored"), "recording", "stored IN ({})".format(", ".join(f"'{place}'" for place in places)))
