"""Every word of the console exists in both languages, and no template holds one of its own."""

from __future__ import annotations

import dataclasses
import re
import string
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest
from sqlalchemy import inspect as sqlalchemy_inspect

import webconsole
from followup.agents.models import AgentState
from followup.alarms.models import AlarmKind
from followup.alerts.models import Alert, AlertState
from followup.calls.models import AnsweredBy, AttemptState, Disposition, EscalationState
from followup.campaigns.decisions import Reason
from followup.campaigns.models import CampaignMode, CampaignState, Held, TaskState
from followup.campaigns.numbers import NumberOrder
from followup.campaigns.rules import CampaignRules, WithoutAgents
from followup.cases import files, importing, intake
from followup.cases.calls import WhyNot
from followup.cases.deadlines import Clock, Step
from followup.cases.messages import WhyNoMessage
from followup.cases.models import Channel, EventKind
from followup.cases.setup_models import (
    CaseCategory,
    CaseField,
    CaseFormField,
    CaseHours,
    CaseRule,
    CaseSeverity,
    CaseStateName,
    CaseTemplate,
    FieldType,
    Use,
)
from followup.cases.states import CaseKind, CaseState, Move
from followup.messages import templates
from followup.messages.models import Direction
from followup.messages.states import MessageState
from followup.messages.wording import WrongWord
from followup.patients.models import Death, Sex, Whose
from followup.people import staff
from followup.people.audit import ACTIONS
from followup.people.models import Reach, Role
from followup.people.permissions import GROUPS, PERMISSIONS
from followup.responses.models import GivenBy, Severity
from followup.spotchecks.models import CallAgainBy, SpotCheck
from followup.spotchecks.risk import Doubt
from followup.spotchecks.sampling import By, Method
from followup.spotchecks.scoring import Verdict
from followup.spotchecks.states import ItemState
from followup.views import alerts as alert_list
from followup.views import audit as audit_view
from followup.views import campaigns as campaign_list
from followup.views import cases as case_list
from followup.views import message_list as messages_view
from followup.views import patients as patient_view
from followup.views import people as people_view
from followup.views import recording_list as recordings_view
from followup.views import spotchecks as check_list
from followup.views import tasks as task_list
from followup.views.case_filter import CaseFilter, Kept, Standings
from followup.views.case_statistics import Group
from followup.views.patient_events import CONSENTS
from followup.views.recording_filter import Kind, RecordingFilter, Sealing
from followup.views.recording_filter import Told as RecordingTold
from followup.views.timeline import sources
from ivr.prompts.errors import BadRecording
from ivr.prompts.inventory import State
from tests.house.trail_fields import told_in_code
from webconsole import unfit
from webconsole.forecast.panels import PANELS
from webconsole.forms.campaign import FAULTS as NEW_FAULTS
from webconsole.forms.campaign import STEPS, WAYS
from webconsole.forms.message_template import FAULTS as TEMPLATE_FAULTS
from webconsole.forms.patient import FAULTS as PARTICULARS_FAULTS
from webconsole.forms.person import FAULTS as PERSON_FAULTS
from webconsole.forms.retention import FAULTS as RETENTION_FAULTS
from webconsole.forms.rules import FAULTS as RULE_FAULTS
from webconsole.i18n import LOCALES, _flatten, choose_locale, load_catalogues
from webconsole.navigation import GROUPS as NAV_GROUPS
from webconsole.pages import (
    account,
    alerts,
    audit,
    campaigns,
    case_statistics,
    cases,
    check_lists,
    message_list,
    patient_list,
    patient_messages,
    people,
    prompts,
    recording,
    recording_list,
    saved_views,
    spot_check,
    spot_checks,
    tasks,
)
from webconsole.pages.campaign_new import PROBLEMS
from webconsole.pages.patient_said import FAULTS as DEATH_FAULTS
from webconsole.pages.phone import FAULTS, NEXT, STATES
from webconsole.pages.prompts import SHOWN
from webconsole.sheets import FORMATS
from webconsole.templating import THEMES

HOUSE = Path(webconsole.__file__).parent
TEMPLATES = sorted((HOUSE / "templates").rglob("*.html"))
SPOKEN = ("title", "alt", "placeholder", "aria-label", "data-on", "data-off", "data-label",
          "data-left", "data-late", "data-large")

GUIDE = tuple(re.findall(
    r'part\("(\w+)"\)', (HOUSE / "templates" / "styleguide.html").read_text("utf-8")))


def trail_fields() -> set[str]:
    """Whatever a row of the audit trail may tell: what code writes, the columns of rows whose
    change it tells, and what lists may be narrowed by."""
    rows = (CaseCategory, CaseSeverity, CaseTemplate, CaseRule, CaseStateName, CaseHours,
            CaseField, CaseFormField, SpotCheck, Alert)
    columns = {each.key for row in rows for each in sqlalchemy_inspect(row).column_attrs}
    filters = {name for page in saved_views.LISTS.values()
               for name in (*page.fields, page.about) if name}
    return {*told_in_code(HOUSE.parent), *columns, *filters, *staff.SHOWN, *templates.SHOWN,
            *intake.FIELDS, *CampaignRules.model_fields, "language", "contacts",
            "numbers_in_full", "show"}


# keys that are put together while a page is made
MADE = {
    "answered_by": AnsweredBy, "death_state": Death,
    "task_state": TaskState, "attempt_state": AttemptState, "disposition": Disposition,
    "agent_state": AgentState, "alert_state": AlertState, "campaign_state": CampaignState,
    "severity": Severity,
    "escalation_state": EscalationState, "role": Role, "sex": Sex, "given": GivenBy,
    "prompt_state": State, "alarm": AlarmKind, "pacing_reason": Reason,
    "campaign_mode": CampaignMode, "mode_hint": CampaignMode, "held": Held, "held_why": Held,
    "number_order": NumberOrder, "without_agents": WithoutAgents,
    "case_kind": CaseKind, "case_state": CaseState, "case_move": Move, "case_channel": Channel,
    "case_event": EventKind, "case_standing": Standings, "case_yes": Kept,
    "case_group": Group, "case_clock": Clock, "case_use": Use, "case_field_type": FieldType,
    "method": Method, "by": By, "doubt": Doubt, "item_state": ItemState, "verdict": Verdict,
    "call_again": CallAgainBy,
    "recording_kind": Kind, "sealing": Sealing, "recording_told": RecordingTold,
    "case_message_fault": WhyNoMessage, "case_message_word": WrongWord,
    "message_direction": Direction, "message_state": MessageState,
    "case_call_state": TaskState, "case_call_held": Held, "case_call_fault": WhyNot,
}
MADE_OF_WORDS = {
    "speech": ("zh", "en", "yue"), "answer": ("yes", "no", "message", "none"),
    "recording": ("silent_patient", "silent_hospital", "capturing", "expired",
                  "refused"),
    "mark": ("question", "answer", "disagreement", "finding", "escalation", "agent"),
    "unfit": (*unfit.KINDS.values(), unfit.CHOICE, "left_out"),
    "errors": tuple(f"{code}{part}" for code in (400, 403, 404, 405, 409, 413, 422, 500, 503)
                    for part in ("", "_hint")),
    "alert": ("note_missing", "conflict"), "palette": (
        "patients", "cases", "pages", "found", "none"),
    "timeline_kind": tuple(sources()), "numbers": tuple(Whose),
    "timeline": tuple(f"consent_{action.replace('-', '_')}" for action in CONSENTS),
    "phone_state": tuple(f"{state}{part}" for state in STATES for part in ("", "_hint")),
    "next_patient": (*NEXT, "none", "gone"),
    "campaign_move": ("start", "pause", "resume", "again", "cancel"),
    "weekday": tuple("1234567"), "step": STEPS, "new_fault": NEW_FAULTS, "rule_fault": RULE_FAULTS,
    "way": tuple(f"{way}{part}" for way in WAYS for part in ("", "_hint")),
    "forecast_panel": tuple(f"{panel}{part}" for panel in PANELS for part in ("", "_hint")),
    "forecast_problem": PROBLEMS,
    "message_course": ("delivered", "failed", "expired"),
    "message_error": ("too_late", "opted_out", "do_not_contact", "interrupted", "unreachable",
                      "timeout"),
    "case": ("to_accept", "to_answer", "to_close", "in_office_hours",
             "office_hours_left"), "case_limit": tuple(Step),
    "case_move_words": ("dismiss", "assign", "answer", "resolve", "close", "reopen"),
    "case_field": (*intake.FIELDS, "owner", "department"),
    "case_filter": tuple(field.name for field in dataclasses.fields(CaseFilter)),
    "case_fault": (*intake.Wrong, "token_name", "token_taken"),
    "case_file": files.BadFile.REASONS, "case_list": ("none", *importing.ListRefused.REASONS),
    "case_shortcut": ("open", "mine", "wanting", "soon", "late"),
    "list": (*FORMATS, "pdf", "separator", "and_then"),
    "case_sort": tuple(case_list.COLUMNS), "campaign_sort": tuple(campaign_list.COLUMNS),
    "check_sort": tuple(check_list.COLUMNS),
    "alert_sort": (*alert_list.COLUMNS, *alert_list.CLOSED_COLUMNS),
    "patient_sort": tuple(patient_view.COLUMNS), "people_sort": tuple(people_view.COLUMNS),
    "plan_sort": tuple(check_list.PLAN_COLUMNS), "task_sort": tuple(task_list.COLUMNS),
    "audit_sort": tuple(audit_view.COLUMNS), "alert_shown": alert_list.STATES,
    "column": tuple({name for names in (
        prompts.COLUMNS, patient_list.COLUMNS, alerts.COLUMNS, campaigns.COLUMNS, tasks.COLUMNS,
        people.COLUMNS, check_lists.COLUMNS, check_lists.PLAN_COLUMNS,
        spot_checks.RESULT_COLUMNS) for name in names}),
    "particulars_fault": PARTICULARS_FAULTS, "death_fault": DEATH_FAULTS,
    "template_fault": TEMPLATE_FAULTS, "opt_out_fault": patient_messages.FAULTS,
    "list_name": tuple(saved_views.LISTS), "export": ("cut", "in_full_csv", "in_full_xlsx"),
    "views_fault": saved_views.FAULTS, "guide": GUIDE,
    "case_column": cases.COLUMNS, "case_figure": case_statistics.COLUMNS,
    "case_setting": ("name_zh", "name_en", "accept_hours", "answer_hours", "close_hours", "opens",
                     "closes", "pause_from", "pause_until", "day_1", "timezone", "position",
                     "body", "parent", "to_department"),
    "signin": tuple(f"{fault}{part}" for fault in (
        "refused", "directory_away", "code_refused", "seal_refused") for part in ("", "_hint")),
    "account_fault": account.FAULTS, "account_said": account.SAID,
    "account_owed": ("password", "second_step"),
    "case_statistics": ("total", "earlier", "office_hours", "clock"),
    "cases": ("open", "nobody"),
    "app": ("none",),
    "permission": tuple(each.key for each in PERMISSIONS),
    "permission_hint": tuple(each.key for each in PERMISSIONS), "permission_group": tuple(GROUPS),
    "reach": tuple(Reach), "people_state": people_view.STATES, "person_fault": PERSON_FAULTS,
    "audit_field": tuple(sorted(trail_fields())),
    "audit_value": ("true", "false", "console", "import", "file", *Use),
    "audit_action": ACTIONS, "audit_subject": audit.SUBJECTS, "audit_column": audit.COLUMNS,
    "phone_fault": FAULTS, "prompt_show": SHOWN, "prompt_fault": ("none", *BadRecording.REASONS),
    "recording_fault": recording.FAULTS, "retention_fault": RETENTION_FAULTS,
    "recording_filter": tuple(field.name for field in dataclasses.fields(RecordingFilter)),
    "message_column": message_list.CELLS, "message_sort": tuple(messages_view.COLUMNS),
    "recording_sort": tuple(recordings_view.COLUMNS), "recording_column": recording_list.CELLS,
    "spot_fault": spot_check.FAULTS, "plan_fault": spot_checks.PLAN_FAULTS,
    "theme": THEMES, "nav_group": tuple(name for name, _ in NAV_GROUPS),
    "nav": tuple(word for _, rooms in NAV_GROUPS for room in rooms
                 for word in (room.word, *room.tabs)),
    "card_fault": spot_checks.CARD_FAULTS, "spot_span": spot_checks.SPANS,
}


def named_keys() -> set[str]:
    """Keys that templates and handlers name outright."""
    found = set()
    for template in TEMPLATES:
        found |= set(re.findall(r"""\bt\(["']([a-z0-9_.]+)["'][,)]""",
                                template.read_text("utf-8")))
    return found


def made_keys() -> set[str]:
    keys = {f"{table}.{member.value}" for table, members in MADE.items() for member in members}
    return keys | {f"{table}.{word}" for table, words in MADE_OF_WORDS.items() for word in words}


def fields(message: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(message) if name}


def test_both_languages_have_the_same_keys_and_fields() -> None:
    zh, en = (load_catalogues()[locale].messages for locale in ("zh", "en"))
    assert set(zh) == set(en)
    for key in zh:
        assert zh[key].strip(), key
        assert en[key].strip(), key
        assert fields(zh[key]) == fields(en[key]), key


def test_every_key_that_is_used_exists_and_every_one_that_exists_is_used() -> None:
    assert named_keys() | made_keys() == set(load_catalogues()["zh"].messages)


def test_no_key_stands_in_two_files() -> None:
    for locale in LOCALES:
        whole = load_catalogues()[locale].messages
        files = [HOUSE / "i18n" / f"{locale}.toml", *(HOUSE / "i18n").glob(f"*.{locale}.toml")]
        apart = [len(list(_flatten(tomllib.loads(file.read_text("utf-8"))))) for file in files]
        assert sum(apart) == len(whole)


def test_chinese_is_chinese_and_english_is_english() -> None:
    han = re.compile(r"[\u4e00-\u9fff]")
    zh, en = (load_catalogues()[locale].messages for locale in ("zh", "en"))
    assert [key for key, message in en.items() if han.search(message)] == []
    # a message of fields and signs alone has no language
    assert [key for key, message in zh.items() if not han.search(message)
            and re.search(r"[a-z]", re.sub(r"\{\w+\}", "", message))] == []


class Words(HTMLParser):
    """Collects letters that a template would show of its own accord."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        if re.search(r"[A-Za-z\u4e00-\u9fff]", data):
            self.found.append(data.strip())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [f"{name}={value}" for name, value in attrs
                       if name in SPOKEN and re.search(r"[A-Za-z\u4e00-\u9fff]", value or "")]
        # a script or a style in the page would be stopped by the policy
        names = {name for name, _ in attrs}
        if "style" in names or any(name.startswith("on") for name in names):
            self.found.append(f"<{tag} inline>")
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"<{tag}>")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_a_word_a_style_or_a_script_of_its_own(template: Path) -> None:
    tokens = jinja2.Environment(autoescape=True).lex(template.read_text("utf-8"))
    words = Words()
    words.feed("".join(value for _, kind, value in tokens if kind == "data"))
    assert words.found == []


def test_scripts_hold_no_words() -> None:
    for script in (HOUSE / "static" / "js").glob("*.js"):
        assert not re.search(r"[\u4e00-\u9fff]", script.read_text("utf-8")), script.name


@pytest.mark.parametrize(("wishes", "accept", "chosen"), [
    ((None,), "", "zh"), (("en",), "zh", "en"), (("xx",), "fr,en;q=0.5", "en"),
    ((None, "zh"), "en", "zh"), ((None,), "zh-TW", "zh"), ((None,), ";;,,", "zh"),
])
def test_a_language_is_always_found(wishes: tuple[str | None, ...], accept: str,
                                    chosen: str) -> None:
    assert choose_locale(*wishes, accept=accept) == chosen
