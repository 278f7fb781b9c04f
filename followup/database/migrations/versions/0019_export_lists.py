"""One permission to take lists away, where there was one for complaints and praise alone; an index
for taking a patient's number away."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

RENAME = sa.text("UPDATE permission_setting SET id = :new WHERE id = :old")


def upgrade() -> None:
    op.execute(RENAME.bindparams(old="export-cases", new="export-lists"))
    op.create_index("ix_attempt_contact_id", "attempt", ["contact_id"],
                    postgresql_where=sa.text("contact_id is not null"))


def downgrade() -> None:
    op.drop_index("ix_attempt_contact_id", "attempt")
    op.execute(RENAME.bindparams(old="export-lists", new="export-cases"))
