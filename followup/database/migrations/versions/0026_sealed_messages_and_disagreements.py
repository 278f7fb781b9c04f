"""Messages in patients' own voice, sealed; where key and voice disagreed; questionnaires of checks."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "voice_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=True),
        sa.Column("stored", sa.Enum("folder", "s3", "waiting", name="stored", native_enum=False, create_constraint=True, length=32), nullable=True),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voice_message")),
        sa.UniqueConstraint("name", name=op.f("uq_voice_message_name")),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_voice_message_recording_id")))
    op.create_index(op.f("ix_voice_message_recording_id"), "voice_message", ["recording_id"])
    op.create_index(op.f("ix_voice_message_stored"), "voice_message", ["stored"])
    _told("finding", "escalation", "disagreement")


def downgrade() -> None:
    """Messages that are sealed could be heard by nobody."""
    op.execute("DO $$ BEGIN IF EXISTS (SELECT FROM voice_message WHERE file IS NOT NULL) THEN "
               "RAISE EXCEPTION 'messages are sealed: no former version can open them'; END IF; END $$")
    _told("finding", "escalation")
    op.drop_table("voice_message")


def _told(*kinds: str) -> None:
    op.drop_index("ix_recording_mark_told", table_name="recording_mark")
    op.create_index("ix_recording_mark_told", "recording_mark", ["kind", "recording_id"],
                    postgresql_where=sa.text("kind IN ({})".format(", ".join(f"'{kind}'" for kind in kinds))))
