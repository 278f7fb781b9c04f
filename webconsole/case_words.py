"""Words of cases: names that the hospital has given, and ours where it has not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from followup.cases.deadlines import Clock, Standing, next_deadline, next_step, standing
from followup.cases.models import Case, CaseEvent, EventKind
from followup.cases.register import By
from followup.cases.setup import Setup
from followup.cases.setup_models import CaseSeverity
from followup.cases.states import CaseKind, CaseState
from followup.database.base import now
from followup.people.models import User
from webconsole.i18n import Catalogue
from webconsole.keys import CATALOGUES, TIMEZONE, VISITOR

_NAMED = ("category", "severity", "channel")      # edits of these hold ids or codes
TONES: Mapping[CaseState, str] = {
    CaseState.REGISTERED: "abnormal", CaseState.REOPENED: "abnormal", CaseState.CLOSED: "plain",
    CaseState.CONFIRMED: "good", CaseState.RESOLVED: "good"}


class CaseWords:
    """What templates and exports call things, in the reader's language."""

    def __init__(self, translate: Catalogue, setup: Setup, zone: ZoneInfo,
                 users: Sequence[User] = ()) -> None:
        self._t, self.setup, self._zone = translate, setup, zone
        self._users = {str(user.id): user.name for user in users}

    @classmethod
    def of(cls, request: web.Request, setup: Setup, users: Sequence[User] = ()) -> CaseWords:
        """For this request's visitor."""
        locale = request[VISITOR].locale
        return cls(request.app[CATALOGUES][locale], setup, request.app[TIMEZONE], users)

    def state(self, state: CaseState) -> str:
        """What the hospital calls a state."""
        named = self.setup.state_names.get(state)
        own = "" if named is None else (
            named.name_en if self._t.locale == "en" else named.name_zh)
        return own or self._t(f"case_state.{state.value}")

    def tone(self, state: CaseState) -> str:
        """The colour of a state's chip."""
        return TONES.get(state, "accent")

    def category(self, category_id: object) -> str:
        """A category's path, or a dash."""
        found = next((c.id for c in self.setup.categories if str(c.id) == str(category_id)), None)
        return self.setup.path(found, self._t.locale) or self._t("app.none")

    def severity(self, severity_id: object) -> str:
        """A severity's name, or a dash."""
        found = self._severity(severity_id)
        return found.name(self._t.locale) if found else self._t("app.none")

    def severity_tone(self, severity_id: object) -> str:
        """The gravest is red, the mildest plain."""
        found = self._severity(severity_id)
        active = [each for each in self.setup.severities if each.active]
        if found is None or found not in active[1:]:
            return "plain"
        return "critical" if found is active[-1] else "abnormal"

    def _severity(self, severity_id: object) -> CaseSeverity | None:
        return next((s for s in self.setup.severities if str(s.id) == str(severity_id)), None)

    def user(self, user_id: str) -> str:
        """A user's name."""
        return self._users.get(user_id, user_id)

    def standing(self, case: Case) -> Standing:
        """How a case stands now."""
        return standing(case.times, now())

    def next_due(self, case: Case) -> datetime | None:
        """The deadline that counts now."""
        found = next_deadline(case.times)
        return found.due if found else None

    def to_do(self, case: Case, time: str) -> str:
        """What is to be done by then, and by which clock that was counted."""
        told = self._t(f"case.to_{next_step(case.times).value}", time=time)
        by_when = self.next_due(case)
        if case.clock is not Clock.WORKING or by_when is None:
            return told
        left = self.setup.hours.between(now(), by_when).total_seconds() / 3600
        if not left:
            return self._t("case.in_office_hours", told=told)
        return self._t("case.office_hours_left", told=told, count=f"{left:.1f}")

    def limit(self, minutes: int | None, clock: Clock) -> str:
        """A length of time as a severity leaves it: hours of work are never told as days."""
        if minutes is None:
            return self._t("app.none")
        if clock is Clock.WORKING:
            return self._t("case_statistics.office_hours", count=f"{minutes / 60:g}")
        if minutes < 60:
            return self._t("case_statistics.minutes", count=minutes)
        if minutes < 2880:
            return self._t("case_statistics.hours", count=f"{round(minutes / 60, 1):g}")
        return self._t("case_statistics.days", count=f"{round(minutes / 1440, 1):g}")

    def leaves(self, severity: CaseSeverity) -> str:
        """How long a severity leaves for each step."""
        parts = [self._t(f"case_limit.{step}", time=self.limit(minutes, severity.clock))
                 for step, minutes in (("accept", severity.accept_minutes),
                                       ("answer", severity.answer_minutes),
                                       ("close", severity.close_minutes)) if minutes]
        return self._t("case_limit.and").join(parts)

    def field(self, name: str) -> str:
        """What a field is called, ours or the hospital's own."""
        own = next((each for each in self.setup.fields if each.key == name), None)
        return own.name(self._t.locale) if own else self._t(f"case_field.{name}")

    def own(self, case: Case) -> list[tuple[str, str]]:
        """The hospital's own fields of a case, as far as they hold something."""
        return [(each.name(self._t.locale), value) for each in self.setup.fields
                if (value := str(case.own.get(str(each.id), "")))]

    def value(self, field: str, value: object) -> str:
        """A field's value as people read it."""
        text = str(value or "")
        if not text:
            return self._t("app.none")
        if field == "category":
            return self.category(text)
        if field == "severity":
            return self.severity(text)
        return self._t(f"case_channel.{text}") if field == "channel" else text

    def changes(self, event: CaseEvent) -> list[tuple[str, str, str]]:
        """(field, before, after) of an event that changed fields."""
        if event.kind not in (EventKind.EDITED, EventKind.TRANSFERRED, EventKind.MOVED):
            return []
        return [(self.field(field), self.value(field, told[0]),
                 self.value(field, told[1]))
                for field, told in event.detail.items() if isinstance(told, list)]

    def kind(self, kind: CaseKind) -> str:
        """Complaint or praise."""
        return self._t(f"case_kind.{kind.value}")

    def when(self, moment: datetime | None) -> str:
        """A moment for a spreadsheet."""
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M}" if moment else ""


def by(request: web.Request) -> By:
    """Who sent the request, for the register and its trail."""
    visitor = request[VISITOR]
    return By(visitor.actor, visitor.user.name if visitor.user else "", visitor.address)
