"""Rows as COPY takes them: a line of text each, by table; ids and moments made cheaply."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

NULL = "\\N"
DAY_S = 86_400
_CLOCK = [f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}+00" for s in range(DAY_S)]
_EPOCH = date(1970, 1, 1)

# the tables that are filled, each with its columns; what is not named has a default
COLUMNS: Mapping[str, Sequence[str]] = {
    "agent": ("id", "extension", "name", "kind", "languages", "state", "state_since"),
    "app_user": ("id", "username", "name", "password_hash", "role", "locale", "disabled",
                 "failed_sign_ins", "departments", "source", "must_change_password",
                 "second_step"),
    "campaign": ("id", "created_at", "name", "mode", "state", "questionnaire_id", "started_at",
                 "finished_at"),
    "patient": ("id", "created_at", "mrn", "name", "sex", "birth_date", "phone", "language",
                "do_not_call", "updated_at", "last_discharged_on", "search_keys"),
    "patient_key": ("patient_id", "key"),
    "patient_contact": ("id", "patient_id", "position", "number", "whose", "relation"),
    "encounter": ("id", "created_at", "patient_id", "department", "diagnosis", "operation",
                  "attending_doctor", "discharged_on"),
    "task": ("id", "created_at", "campaign_id", "patient_id", "encounter_id", "state", "due_at",
             "priority", "attempts_made", "disposition", "updated_at"),
    "attempt": ("id", "task_id", "campaign_id", "patient_id", "seq", "node", "phone", "state",
                "committed_at", "sent_at", "ringing_at", "answered_at", "ended_at", "outcome",
                "disposition", "hangup_cause", "settled_by"),
    "response": ("id", "created_at", "task_id", "patient_id", "questionnaire_id", "state",
                 "language", "completed_at"),
    "answer": ("id", "response_id", "attempt_id", "link_id", "position", "open", "value", "heard",
               "confidence", "given_by", "given_at"),
    "finding": ("id", "created_at", "response_id", "answer_id", "link_id", "rule", "severity",
                "text"),
    "alert": ("id", "created_at", "response_id", "patient_id", "severity", "state", "reasons",
              "deadline", "closed_at", "closed_by", "note"),
    "escalation": ("id", "created_at", "attempt_id", "alert_id", "agent_id", "state",
                   "requested_at", "bridged_at", "ended_at"),
    "recording": ("id", "created_at", "attempt_id", "state", "capture_file", "file", "sha256",
                  "size", "duration_ms", "sealed_at", "missing_ms", "patient_id", "campaign_id",
                  "department"),
    "recording_mark": ("id", "recording_id", "at_ms", "kind", "link_id", "label"),
    "feedback_case": ("id", "created_at", "kind", "state", "channel", "source", "patient_id",
                      "reporter", "contact", "category_id", "severity_id", "description",
                      "registered_by", "department", "owner_id", "begun_at", "clock", "accept_due",
                      "accept_soon", "close_due", "close_soon", "accepted_at", "answered_at",
                      "closed_at", "reopened", "satisfaction", "own", "version"),
    "case_concern": ("id", "case_id", "kind", "name", "position"),
    "case_event": ("id", "case_id", "at", "kind", "by", "state", "words", "detail", "version"),
    "spot_check_plan": ("id", "created_at", "name", "method", "seed", "since", "until",
                        "department", "size", "population", "strata", "double_percent", "card_id",
                        "created_by"),
    "spot_check": ("id", "plan_id", "attempt_id", "place", "stratum", "risk", "reasons",
                   "department", "person_id", "twice", "state", "points", "verdict", "fatal",
                   "settled_note", "checked_at"),
    "spot_check_score": ("id", "created_at", "check_id", "seat", "inspector_id", "marks", "points",
                         "verdict", "fatal", "remark"),
    "audit_event": ("at", "actor", "action", "subject", "address", "detail"),
}


class Rows:
    """Lines by table, with what makes them: a source of chance, of ids, of moments."""

    def __init__(self, rng: random.Random, place: int) -> None:
        """``place`` begins each id, so that ids grow with it as they would in years."""
        self.rng = rng
        self.lines: dict[str, list[str]] = defaultdict(list)
        self._place, self._made = place, 0

    def add(self, table: str, *values: object) -> None:
        """One row; the values in the order of ``COLUMNS``, as PostgreSQL reads them."""
        self.lines[table].append("\t".join([v if v.__class__ is str else text(v) for v in values]))

    def id(self) -> str:
        """A new one."""
        self._made += 1
        return f"{self._place:05x}{self._made:07x}{self.rng.getrandbits(80):020x}"

    def chance(self, percent: float) -> bool:
        """Does what happens so often happen now?"""
        return self.rng.random() * 100 < percent

    def one_of(self, choices: Sequence[Any]) -> Any:
        """Any one of them."""
        return choices[int(self.rng.random() * len(choices))]


def text(value: object) -> str:
    """As COPY's text format has it."""
    if value is None:
        return NULL
    if value is True or value is False:
        return "t" if value else "f"
    return as_json(value) if isinstance(value, dict | list) else str(value)


def as_json(value: object) -> str:
    """JSON; our words hold nothing that COPY would take for a sign of its own."""
    return json.dumps(value, ensure_ascii=False)


class Moments:
    """Days and moments as text, counted from the day of planting: 0 is today, -1 yesterday."""

    def __init__(self, today: date) -> None:
        self.today = today
        self._days: dict[int, str] = {}

    def day(self, number: int) -> str:
        """``2026-11-29``."""
        if (found := self._days.get(number)) is None:
            found = self._days[number] = (self.today + timedelta(days=number)).isoformat()
        return found

    def at(self, day: int, second: float) -> str:
        """A moment, UTC, ``second`` after the day's beginning or before it."""
        whole = int(second)
        return f"{self.day(day + whole // DAY_S)} {_CLOCK[whole % DAY_S]}"

    def epoch(self, day: int) -> datetime:
        """The day's beginning."""
        return datetime.combine(self.today + timedelta(days=day), datetime.min.time(), UTC)
