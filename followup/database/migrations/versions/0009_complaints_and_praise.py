"""Complaints and praise: cases, what is said about them, and what a hospital sets up for them."""

import re
import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

KINDS = ("complaint", "praise")
STATES = ("registered", "accepted", "assigned", "investigating", "answered", "resolved",
          "confirmed", "closed", "reopened")
CHANNELS = ("phone", "follow_up", "visit", "letter", "web", "wechat", "sms", "hotline", "other")
EVENTS = ("registered", "moved", "edited", "transferred", "note", "reply", "attached", "evidence",
          "rated", "reminded", "escalated")
WHEN = sa.DateTime(timezone=True)
ALARM = "cases_late"

# what every hospital can begin with, and change: accept within, close within (minutes)
SEVERITIES = (("一般", "Minor", 24 * 60, 7 * 24 * 60), ("严重", "Serious", 4 * 60, 3 * 24 * 60),
              ("重大", "Grave", 60, 24 * 60))
CATEGORIES = (
    ("服务态度", "Attitude", (("医生", "Doctors"), ("护士", "Nurses"), ("窗口与导诊", "Counters"))),
    ("医疗质量", "Quality of care",
     (("诊断与治疗", "Diagnosis and treatment"), ("护理", "Nursing"), ("用药", "Medication"))),
    ("沟通与告知", "Communication", ()), ("等候时间", "Waiting", ()), ("费用", "Charges", ()),
    ("环境与设施", "Premises", ()), ("其他", "Other", ()))


def _choice(name: str, values: Sequence[str]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, length=32, create_constraint=True)


def _table(name: str, *parts: Any, references: Sequence[tuple[str, str]] = (),
           created: bool = False) -> None:
    """A table with an id; ``references``: column and table of each foreign key."""
    columns = [sa.Column("id", sa.Uuid(), nullable=False), *parts]
    if created:
        columns.append(sa.Column("created_at", WHEN, server_default=sa.text("now()"),
                                 nullable=False))
    op.create_table(
        name, *columns, sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        *(sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{name}_{column}"))
          for column, other in references))


def _col(name: str, type_: Any, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, type_, nullable=nullable)


def _named() -> list["sa.Column[Any]"]:
    return [_col("name_zh", sa.String()), _col("name_en", sa.String()),
            _col("position", sa.Integer()), _col("active", sa.Boolean())]


def upgrade() -> None:
    _table("case_category", *_named(), _col("parent_id", sa.Uuid(), nullable=True),
           references=[("parent_id", "case_category")])
    _table("case_severity", *_named(), _col("accept_minutes", sa.Integer()),
           _col("close_minutes", sa.Integer()), _col("escalate_to_id", sa.Uuid(), nullable=True),
           sa.CheckConstraint("accept_minutes > 0 and close_minutes >= accept_minutes",
                              name=op.f("ck_case_severity_minutes")),
           references=[("escalate_to_id", "app_user")])
    _table("case_template", _col("name", sa.String()), _col("body", sa.String()),
           _col("active", sa.Boolean()))
    _table("case_rule", _col("position", sa.Integer()),
           _col("kind", _choice("casekind", KINDS), nullable=True),
           _col("category_id", sa.Uuid(), nullable=True),
           _col("department", sa.String(), nullable=True), _col("to_department", sa.String()),
           _col("to_owner_id", sa.Uuid(), nullable=True),
           references=[("category_id", "case_category"), ("to_owner_id", "app_user")])
    op.create_table(
        "case_state_name", _col("state", _choice("casestate", STATES)),
        _col("name_zh", sa.String()), _col("name_en", sa.String()),
        sa.PrimaryKeyConstraint("state", name=op.f("pk_case_state_name")))
    _table("api_token", _col("name", sa.String()), _col("token_hash", sa.String()),
           _col("created_by", sa.String()), _col("revoked_at", WHEN, nullable=True),
           _col("used_at", WHEN, nullable=True),
           sa.UniqueConstraint("name", name=op.f("uq_api_token_name")),
           sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")), created=True)
    _cases()
    _details()
    for table in ("feedback_case", "case_event"):
        op.execute(f"CREATE TRIGGER {table}_notify AFTER INSERT OR UPDATE ON {table} "
                   "FOR EACH ROW EXECUTE FUNCTION aftercall_notify()")
    op.execute("CREATE TRIGGER case_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
               "ON case_event FOR EACH STATEMENT EXECUTE FUNCTION aftercall_append_only()")
    _begin_with()
    _alarm_kinds(lambda kinds: [*kinds, ALARM])


def _cases() -> None:
    uuid_ = sa.Uuid()
    _table(
        "feedback_case",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        _col("kind", _choice("casekind", KINDS)), _col("state", _choice("casestate", STATES)),
        _col("channel", _choice("channel", CHANNELS)), _col("source", sa.String()),
        _col("external_id", sa.String(), nullable=True), _col("patient_id", uuid_, nullable=True),
        _col("reporter", sa.String()), _col("contact", sa.String()),
        _col("category_id", uuid_, nullable=True), _col("severity_id", uuid_, nullable=True),
        _col("description", sa.String()), _col("happened_on", sa.Date(), nullable=True),
        _col("registered_by", sa.String()), _col("department", sa.String()),
        _col("owner_id", uuid_, nullable=True), _col("begun_at", WHEN),
        *(_col(name, WHEN, nullable=True) for name in (
            "accept_due", "close_due", "accepted_at", "answered_at", "closed_at")),
        _col("reopened", sa.Integer()), _col("reminded_at", WHEN, nullable=True),
        _col("escalated_at", WHEN, nullable=True), _col("escalated_to_id", uuid_, nullable=True),
        _col("satisfaction", sa.Integer(), nullable=True), _col("version", sa.Integer()),
        sa.UniqueConstraint("seq", name=op.f("uq_feedback_case_seq")),
        sa.UniqueConstraint("source", "external_id",
                            name=op.f("uq_feedback_case_source_external_id")),
        sa.CheckConstraint("satisfaction between 1 and 5",
                           name=op.f("ck_feedback_case_satisfaction")),
        references=[("patient_id", "patient"), ("category_id", "case_category"),
                    ("severity_id", "case_severity"), ("owner_id", "app_user"),
                    ("escalated_to_id", "app_user")], created=True)
    op.create_index(op.f("ix_feedback_case_created_at_id"), "feedback_case", ["created_at", "id"])
    for column in ("patient_id", "owner_id"):
        op.create_index(op.f(f"ix_feedback_case_{column}"), "feedback_case", [column])
    op.create_index("ix_feedback_case_open", "feedback_case", ["close_due"],
                    postgresql_where=sa.text("state <> 'closed'"))


def _details() -> None:
    case = ("case_id", "feedback_case")
    _table("case_concern", _col("case_id", sa.Uuid()),
           _col("kind", _choice("concernkind", ("department", "person"))),
           _col("name", sa.String()), _col("position", sa.Integer()),
           sa.UniqueConstraint("case_id", "kind", "name",
                               name=op.f("uq_case_concern_case_id_kind_name")), references=[case])
    op.create_index(op.f("ix_case_concern_kind_name"), "case_concern", ["kind", "name"])
    _table("case_event", _col("case_id", sa.Uuid()), _col("at", WHEN),
           _col("kind", _choice("eventkind", EVENTS)), _col("by", sa.String()),
           _col("state", _choice("casestate", STATES), nullable=True), _col("words", sa.String()),
           _col("detail", postgresql.JSONB(astext_type=sa.Text())), _col("version", sa.Integer()),
           references=[case])
    op.create_index(op.f("ix_case_event_case_id_at"), "case_event", ["case_id", "at"])
    _table("case_attachment", _col("case_id", sa.Uuid()), _col("name", sa.String()),
           _col("media_type", sa.String()), _col("size", sa.Integer()), _col("sha256", sa.String()),
           _col("added_by", sa.String()),
           sa.UniqueConstraint("case_id", "sha256",
                               name=op.f("uq_case_attachment_case_id_sha256")),
           references=[case], created=True)
    _table("case_evidence", _col("case_id", sa.Uuid()), _col("attempt_id", sa.Uuid()),
           _col("added_by", sa.String()),
           sa.UniqueConstraint("case_id", "attempt_id",
                               name=op.f("uq_case_evidence_case_id_attempt_id")),
           references=[case, ("attempt_id", "attempt")], created=True)
    op.create_index(op.f("ix_case_evidence_attempt_id"), "case_evidence", ["attempt_id"])


def _begin_with() -> None:
    op.bulk_insert(
        _names_of("case_severity", sa.column("accept_minutes", sa.Integer()),
                  sa.column("close_minutes", sa.Integer())),
        [{"id": uuid.uuid4(), "name_zh": zh, "name_en": en, "position": place, "active": True,
          "accept_minutes": accept, "close_minutes": close}
         for place, (zh, en, accept, close) in enumerate(SEVERITIES)])
    rows: list[dict[str, Any]] = []
    for place, (zh, en, below) in enumerate(CATEGORIES):
        top = uuid.uuid4()
        rows.append({"id": top, "name_zh": zh, "name_en": en, "position": place, "active": True,
                     "parent_id": None})
        rows += [{"id": uuid.uuid4(), "name_zh": under_zh, "name_en": under_en, "position": at,
                  "active": True, "parent_id": top} for at, (under_zh, under_en) in
                 enumerate(below)]
    op.bulk_insert(_names_of("case_category", sa.column("parent_id", sa.Uuid())), rows)


def _names_of(table: str, *more: Any) -> Any:
    return sa.table(table, sa.column("id", sa.Uuid()), sa.column("name_zh", sa.String()),
                    sa.column("name_en", sa.String()), sa.column("position", sa.Integer()),
                    sa.column("active", sa.Boolean()), *more)


def _alarm_kinds(change: Any) -> None:
    """Let the alarms' kinds be what ``change`` makes of those that the table knows."""
    name = "ck_alarm_alarmkind"
    told = op.get_bind().scalar(sa.text(
        "select pg_get_constraintdef(oid) from pg_constraint where conname = :name"),
        {"name": name})
    kinds = ", ".join(f"'{kind}'" for kind in change(re.findall(r"'(\w+)'", told or "")))
    op.execute(f"ALTER TABLE alarm DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE alarm ADD CONSTRAINT {name} CHECK (kind IN ({kinds}))")


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM alarm WHERE kind = 'cases_late'"))
    _alarm_kinds(lambda kinds: [kind for kind in kinds if kind != ALARM])
    for table in ("case_evidence", "case_attachment", "case_event", "case_concern",
                  "feedback_case", "api_token", "case_state_name", "case_rule", "case_template",
                  "case_severity", "case_category"):
        op.drop_table(table)
