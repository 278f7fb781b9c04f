"""What the hospital has set up for cases, read at once; and how names from outside are found."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.campaigns.calling_hours import Days
from followup.campaigns.holidays import list_holidays
from followup.cases.office_hours import OfficeHours
from followup.cases.routing import Rule, ancestors
from followup.cases.setup_models import (
    CaseCategory,
    CaseField,
    CaseFormField,
    CaseHours,
    CaseRule,
    CaseSeverity,
    CaseStateName,
    CaseTemplate,
    Use,
)
from followup.cases.states import CaseKind, CaseState

SEPARATOR = " / "         # between the names of a category's path


@dataclass(frozen=True)
class Setup:
    """All of it, inactive ones included: old cases name them."""

    categories: Sequence[CaseCategory]
    severities: Sequence[CaseSeverity]
    templates: Sequence[CaseTemplate]
    rules: Sequence[CaseRule]
    state_names: dict[CaseState, CaseStateName]
    hours: OfficeHours = field(default_factory=OfficeHours)
    form: Mapping[str, CaseFormField] = field(default_factory=dict)
    fields: Sequence[CaseField] = ()

    def use(self, name: str, kind: CaseKind) -> Use:
        """What the form of such cases does with one of our fields."""
        row = self.form.get(name)
        if row is None:
            return Use.OPTIONAL
        return row.complaint if kind is CaseKind.COMPLAINT else row.praise

    def own_fields(self, kind: CaseKind | None = None) -> list[CaseField]:
        """The hospital's own fields that are asked; None: of any kind of case."""
        return [each for each in self.fields
                if each.active and (kind is None or each.kind in (None, kind))]

    @property
    def field_names(self) -> dict[str, str]:
        """What the hospital calls its own fields, by their keys."""
        return {each.key: each.name_zh for each in self.fields}

    @property
    def parents(self) -> dict[uuid.UUID, uuid.UUID | None]:
        """The tree of categories, each with the one above it."""
        return {category.id: category.parent_id for category in self.categories}

    @property
    def routing(self) -> list[Rule]:
        """The rules as ``followup.cases.routing`` takes them."""
        return [Rule(rule.kind, rule.category_id, rule.department, rule.to_department,
                     rule.to_owner_id) for rule in self.rules]

    def path(self, category_id: uuid.UUID | None, locale: str) -> str:
        """A category's name with those above it; empty when there is none."""
        by_id = {category.id: category for category in self.categories}
        chain = [by_id[each] for each in ancestors(category_id, self.parents) if each in by_id]
        return SEPARATOR.join(category.name(locale) for category in reversed(chain))

    def tree(self, *, inactive: bool = False) -> list[tuple[int, CaseCategory]]:
        """The categories as a reader goes through them, each with its depth."""
        below: dict[uuid.UUID | None, list[CaseCategory]] = {}
        for category in self.categories:
            below.setdefault(category.parent_id, []).append(category)

        def walk(parent: uuid.UUID | None, depth: int) -> list[tuple[int, CaseCategory]]:
            found: list[tuple[int, CaseCategory]] = []
            for category in below.get(parent, ()):
                if category.active or inactive:
                    found += [(depth, category), *walk(category.id, depth + 1)]
            return found

        return walk(None, 0)

    def under(self, category_id: uuid.UUID) -> list[uuid.UUID]:
        """The category and all below it."""
        return [category.id for category in self.categories
                if category_id in ancestors(category.id, self.parents)]

    def find_category(self, told: str) -> list[CaseCategory]:
        """Active categories that ``told`` may mean: an id, a name, or a path of names."""
        wanted = _plain(told)
        return [category for _, category in self.tree()
                if wanted == str(category.id)
                or wanted in (_plain(category.name_zh), _plain(category.name_en),
                              *(_plain(self.path(category.id, each)) for each in ("zh", "en")))]

    def find_severity(self, told: str) -> CaseSeverity | None:
        """The active severity of an id or a name."""
        wanted = _plain(told)
        return next((severity for severity in self.severities if severity.active and wanted in (
            str(severity.id), _plain(severity.name_zh), _plain(severity.name_en))), None)


def _plain(name: str) -> str:
    return name.replace(" ", "").casefold()


async def load_setup(session: AsyncSession) -> Setup:
    """Everything, in the order in which it is shown."""
    return Setup(
        (await session.scalars(select(CaseCategory).order_by(
            CaseCategory.position, CaseCategory.name_zh, CaseCategory.id))).all(),
        (await session.scalars(select(CaseSeverity).order_by(
            CaseSeverity.position, CaseSeverity.id))).all(),
        (await session.scalars(select(CaseTemplate).order_by(
            CaseTemplate.name, CaseTemplate.id))).all(),
        (await session.scalars(select(CaseRule).order_by(CaseRule.position, CaseRule.id))).all(),
        {row.state: row for row in await session.scalars(select(CaseStateName))},
        await load_hours(session),
        {row.field: row for row in await session.scalars(select(CaseFormField))},
        (await session.scalars(select(CaseField).order_by(
            CaseField.position, CaseField.name_zh, CaseField.id))).all())


async def load_hours(session: AsyncSession) -> OfficeHours:
    """The office's hours, with the days of the calendar of calls that are no usual ones."""
    row = await session.get(CaseHours, 1)
    exceptions = {one.day: one.working for one in await list_holidays(session, date.min)}
    if row is not None:
        return row.hours(exceptions)
    usual = OfficeHours()
    return replace(usual, days=Days(usual.days.weekdays, exceptions))
