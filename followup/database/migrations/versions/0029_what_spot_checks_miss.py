"""An alarm about late corrections of spot checks."""

import re
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0029"
down_revision: str | None = "0027"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ALARM = "corrections_late"


def upgrade() -> None:
    _alarms(more=[ALARM])


def downgrade() -> None:
    op.execute("DELETE FROM alarm WHERE kind = 'corrections_late'")
    _alarms(fewer=[ALARM])


def _alarms(more: Sequence[str] = (), fewer: Sequence[str] = ()) -> None:
    """Take kinds into the list of them, or out of it, whatever others are in it."""
    told = op.get_bind().scalar(sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'ck_alarm_alarmkind'"))
    kinds = [*(kind for kind in re.findall(r"'(\w+)'", told or "") if kind not in fewer), *more]
    op.drop_constraint(op.f("ck_alarm_alarmkind"), "alarm")
    op.create_check_constraint(op.f("ck_alarm_alarmkind"), "alarm", "kind IN ({})".format(", ".join(f"'{kind}'" for kind in kinds)))
