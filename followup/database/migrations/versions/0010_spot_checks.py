"""Spot checks: score cards, plans, what they drew, scores, appeals, corrections, second calls."""

import json
import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

METHODS = ("random", "stratified", "risk")
BY = ("department", "agent", "questionnaire", "outcome")
STATES = ("open", "half", "differs", "checked", "appealed", "decided", "correcting", "corrected", "closed")
VERDICTS = ("passed", "failed")
DOUBTFUL = sa.text("confidence < 0.6 OR given_by = 'agent' OR superseded_at IS NOT NULL")
TABLES = ("spot_check_score", "spot_check_recall", "spot_check_note", "spot_check_correction",
          "spot_check_appeal", "spot_check", "spot_check_plan", "score_card")

# the card that is there from the start: (key, weight, maximum, fatal, zh, en)
STANDARD = (
    ("identity", 2, 5, False, "核对身份、保护隐私", "Identity checked, privacy kept"),
    ("questions", 3, 5, False, "问题问全，没有诱导", "All questions asked, none leading"),
    ("answers", 3, 5, False, "答案与录音一致", "Answers agree with the recording"),
    ("advice", 2, 5, False, "解答和指导恰当", "Advice is right and enough"),
    ("manner", 1, 5, False, "态度耐心、用语规范", "Patient and courteous"),
    ("missed", 1, 1, True, "异常情况没有处理或上报", "A finding was neither handled nor reported"),
    ("made-up", 1, 1, True, "代填或编造答案", "Answers made up"),
)


def _text(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=null)


def _when(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _created() -> sa.Column[Any]:
    return sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _choice(name: str, constraint: str, *values: str, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Enum(*values, name=constraint, native_enum=False, create_constraint=True, length=32), nullable=null)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, postgresql.JSONB(), nullable=False)


def _number(name: str, kind: Any = sa.Integer, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind(), nullable=null)


def _table(name: str, *parts: sa.Column[Any] | sa.Constraint, refers: dict[str, str] | None = None) -> None:
    op.create_table(
        name, *parts, sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.ForeignKeyConstraint([column], [f"{there}.id"], name=op.f(f"fk_{name}_{column}"))
          for column, there in (refers or {}).items()),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")))


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _index(table: str, column: str) -> None:
    op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def upgrade() -> None:
    _table("score_card", _text("name"), _number("version"), _json("criteria"), _number("pass_mark"),
           _text("created_by"), _created(), _unique("score_card", "name", "version"))
    _table("spot_check_plan", _text("name"), _choice("method", "method", *METHODS),
           _choice("by", "by", *BY, null=True), _number("seed", sa.BigInteger),
           _number("since", sa.Date), _number("until", sa.Date), _text("department"),
           _number("size"), _number("population"), _json("strata"), _number("double_percent"),
           _number("card_id", sa.Uuid), _text("created_by"), _created(),
           _unique("spot_check_plan", "name"), refers={"card_id": "score_card"})
    _index("spot_check_plan", "created_at")
    _table("spot_check", _number("plan_id", sa.Uuid), _number("attempt_id", sa.Uuid), _number("place"),
           _text("stratum"), _number("risk"), _json("reasons"), _text("department"),
           _number("agent_id", sa.Uuid, null=True), _number("person_id", sa.Uuid, null=True),
           _number("twice", sa.Boolean), _choice("state", "itemstate", *STATES),
           _number("points", sa.Double, null=True), _choice("verdict", "verdict", *VERDICTS, null=True),
           _number("fatal", sa.Boolean), _text("settled_by", null=True), _text("settled_note"),
           _when("checked_at", null=True), _unique("spot_check", "plan_id", "attempt_id"),
           refers={"plan_id": "spot_check_plan", "attempt_id": "attempt", "agent_id": "agent",
                   "person_id": "app_user"})
    _index("spot_check", "attempt_id")
    _index("spot_check", "person_id")
    _table("spot_check_score", _number("check_id", sa.Uuid), _number("seat"),
           _number("inspector_id", sa.Uuid), _json("marks"), _number("points", sa.Double),
           _choice("verdict", "verdict", *VERDICTS), _number("fatal", sa.Boolean), _text("remark"),
           _created(), sa.CheckConstraint("seat IN (1, 2)", name=op.f("ck_spot_check_score_seat")),
           _unique("spot_check_score", "check_id", "inspector_id"),
           _unique("spot_check_score", "check_id", "seat"),
           refers={"check_id": "spot_check", "inspector_id": "app_user"})
    _table("spot_check_note", _number("check_id", sa.Uuid), _number("author_id", sa.Uuid),
           _number("at_ms"), _text("text"), _created(),
           refers={"check_id": "spot_check", "author_id": "app_user"})
    _index("spot_check_note", "check_id")
    _table("spot_check_appeal", _number("check_id", sa.Uuid), _text("by"), _text("text"),
           _number("points_before", sa.Double), _text("decided_by", null=True),
           _when("decided_at", null=True), _number("upheld", sa.Boolean, null=True), _text("answer"),
           _created(), _unique("spot_check_appeal", "check_id"), refers={"check_id": "spot_check"})
    _table("spot_check_correction", _number("check_id", sa.Uuid), _text("text"), _number("due_on", sa.Date),
           _text("ordered_by"), _text("report"), _text("reported_by", null=True),
           _when("reported_at", null=True), _text("returned"), _text("accepted_by", null=True),
           _when("accepted_at", null=True), _created(), _unique("spot_check_correction", "check_id"),
           refers={"check_id": "spot_check"})
    _index("spot_check_correction", "due_on")
    _table("spot_check_recall", _number("check_id", sa.Uuid), _number("task_id", sa.Uuid),
           _choice("how", "callagainby", "hand", "ivr"), _text("asked_by"), _when("asked_at"),
           _when("done_at", null=True), _unique("spot_check_recall", "check_id"),
           _unique("spot_check_recall", "task_id"), refers={"check_id": "spot_check", "task_id": "task"})
    op.create_index("ix_answer_doubtful", "answer", ["attempt_id"], postgresql_where=DOUBTFUL)
    _add_standard_card()


def _add_standard_card() -> None:
    criteria = [{"key": key, "title": {"zh": zh, "en": en}, "weight": weight, "maximum": maximum, "fatal": fatal}
                for key, weight, maximum, fatal, zh, en in STANDARD]
    op.execute(sa.text(
        "INSERT INTO score_card (id, name, version, criteria, pass_mark, created_by) "
        "VALUES (:id, '通话质量', 1, CAST(:criteria AS jsonb), 80, 'system')").bindparams(
        sa.bindparam("id", uuid.uuid4(), sa.Uuid()),
        sa.bindparam("criteria", json.dumps(criteria, ensure_ascii=False), sa.String())))


def downgrade() -> None:
    op.drop_index("ix_answer_doubtful", table_name="answer", postgresql_where=DOUBTFUL)
    for table in TABLES:
        op.drop_table(table)
