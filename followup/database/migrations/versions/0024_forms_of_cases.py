"""What the forms about complaints and praise ask, and the hospital's own fields."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

USES, TYPES = ("optional", "needed", "left_out"), ("text", "long", "number", "day", "choice")
KINDS = ("complaint", "praise")


def _choice(name: str, values: Sequence[str]) -> sa.Enum:
    return sa.Enum(*values, native_enum=False, length=32, name=name, create_constraint=True)


def upgrade() -> None:
    op.add_column("feedback_case", sa.Column("own", JSONB(), server_default="{}", nullable=False))
    op.alter_column("feedback_case", "own", server_default=None)
    op.create_table(
        "case_form_field",
        sa.Column("field", sa.String(), nullable=False),
        *(sa.Column(kind, _choice(f"use_{kind}", USES), nullable=False) for kind in KINDS),
        sa.PrimaryKeyConstraint("field", name=op.f("pk_case_form_field")))
    op.create_table(
        "case_field",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False), sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False), sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("kind", _choice("casekind", KINDS)), sa.Column("type", _choice("fieldtype", TYPES), nullable=False),
        sa.Column("choices", JSONB(), nullable=False), sa.Column("needed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_field")))


def downgrade() -> None:
    op.drop_table("case_field")
    op.drop_table("case_form_field")
    op.drop_column("feedback_case", "own")
