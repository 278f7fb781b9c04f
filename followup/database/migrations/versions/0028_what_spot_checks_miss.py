"""An alarm about late corrections of spot checks; where key and voice disagree, with the answer."""

import re
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ALARM = "corrections_late"
DOUBTFUL = "confidence < 0.6 OR given_by = 'agent' OR superseded_at IS NOT NULL"
# of the keys pressed for the question of a mark, the one that was pressed as it was set
DOUBTED = """
UPDATE answer SET doubted = told.label
FROM (SELECT DISTINCT ON (mark.id) answer.id, mark.label
      FROM recording_mark mark JOIN recording ON recording.id = mark.recording_id
      JOIN answer ON answer.attempt_id = recording.attempt_id AND answer.link_id = mark.link_id
      WHERE mark.kind = 'disagreement' AND answer.given_by = 'key'
      ORDER BY mark.id, abs(mark.at_ms - 1000 * extract(epoch FROM answer.given_at - recording.created_at))) told
WHERE answer.id = told.id"""


def upgrade() -> None:
    _alarms(more=[ALARM])
    op.add_column("answer", sa.Column("doubted", sa.String(), nullable=True))
    op.execute(DOUBTED)
    _doubtful(f"{DOUBTFUL} OR doubted IS NOT NULL")
    op.execute("ANALYZE answer")         # of a new column the planner believes that all rows have it
    _told("finding", "escalation")


def downgrade() -> None:
    _told("finding", "escalation", "disagreement")
    _doubtful(DOUBTFUL)
    op.drop_column("answer", "doubted")
    op.execute("DELETE FROM alarm WHERE kind = 'corrections_late'")
    _alarms(fewer=[ALARM])


def _doubtful(where: str) -> None:
    op.drop_index("ix_answer_doubtful", table_name="answer")
    op.create_index("ix_answer_doubtful", "answer", ["attempt_id"], postgresql_where=sa.text(where))


def _told(*kinds: str) -> None:
    op.drop_index("ix_recording_mark_told", table_name="recording_mark")
    op.create_index("ix_recording_mark_told", "recording_mark", ["kind", "recording_id"],
                    postgresql_where=sa.text(f"kind IN ({_listed(kinds)})"))


def _alarms(more: Sequence[str] = (), fewer: Sequence[str] = ()) -> None:
    """Take kinds into the list of them, or out of it, whatever others are in it."""
    told = op.get_bind().scalar(sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'ck_alarm_alarmkind'"))
    kinds = [*(kind for kind in re.findall(r"'(\w+)'", told or "") if kind not in fewer), *more]
    op.drop_constraint(op.f("ck_alarm_alarmkind"), "alarm")
    op.create_check_constraint(op.f("ck_alarm_alarmkind"), "alarm", f"kind IN ({_listed(kinds)})")


def _listed(kinds: Sequence[str]) -> str:
    return ", ".join(f"'{kind}'" for kind in kinds)
