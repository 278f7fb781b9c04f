"""How long recordings are kept by a set of rules, and what would go when. Pure: the same answers
as ``recordings.retention`` gives as SQL, about batches of recordings instead of one by one."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from followup.calls.models import Disposition

HORIZONS = (0, 30, 90, 365)          # days ahead that are looked at; 0: at the keeper's next round
LONGEST_DAYS = 36_500

Key = tuple[uuid.UUID | None, Disposition | None]    # campaign, outcome; None: any
Rules = Mapping[Key, int]                            # days that such recordings are kept
EVERYTHING: Key = (None, None)


@dataclass(frozen=True, slots=True)
class Batch:
    """Recordings of one campaign, outcome and age; ``needed``: kept whatever the rules say.
    Without campaign or outcome: of some that no rule names."""

    campaign_id: uuid.UUID | None
    disposition: Disposition | None
    age_days: int                    # whole days after the one on which they were made
    needed: bool
    count: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What becomes of some recordings. ``going``: how many go within each of ``HORIZONS``."""

    count: int
    needed: int                      # of them
    going: tuple[int, ...]
    first_in_days: int | None        # until the first one goes; None: none ever does


def rule_of(rules: Rules, campaign_id: uuid.UUID | None,
            disposition: Disposition | None) -> Key | None:
    """The rule that counts for such a call: the one that says most of it."""
    for key in ((campaign_id, disposition), (campaign_id, None), (None, disposition), EVERYTHING):
        if key in rules:
            return key
    return None


def forecast(batches: Iterable[Batch], rules: Rules, default: int | None) -> Forecast:
    """What becomes of all of ``batches``; ``default``: days where no rule counts."""
    count = needed = 0
    going = [0] * len(HORIZONS)
    first: int | None = None
    for batch in batches:
        count += batch.count
        if batch.needed:
            needed += batch.count
            continue
        key = rule_of(rules, batch.campaign_id, batch.disposition)
        days = default if key is None else rules[key]
        if days is None:
            continue
        left = max(0, days - batch.age_days)
        first = left if first is None else min(first, left)
        for place, horizon in enumerate(HORIZONS):
            if left <= horizon:
                going[place] += batch.count
    return Forecast(count, needed, tuple(going), first)


def by_rule(batches: Iterable[Batch], rules: Rules) -> dict[Key | None, list[Batch]]:
    """The batches under the rule that counts for each; None: those under none."""
    found: dict[Key | None, list[Batch]] = {}
    for batch in batches:
        found.setdefault(rule_of(rules, batch.campaign_id, batch.disposition), []).append(batch)
    return found


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change comes to, of the recordings that it is about."""

    before: Forecast
    after: Forecast


def preview(batches: Iterable[Batch], rules: Rules, default: int | None, key: Key,
            days: int | None) -> Preview:
    """What it comes to that the rule ``key`` says ``days``, or None: is there no more."""
    changed = {other: value for other, value in rules.items() if other != key}
    if days is not None:
        changed[key] = days
    about = [batch for batch in batches if key in (
        rule_of(rules, batch.campaign_id, batch.disposition),
        rule_of(changed, batch.campaign_id, batch.disposition))]
    return Preview(forecast(about, rules, default), forecast(about, changed, default))
