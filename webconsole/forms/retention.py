"""The form of a rule how long recordings are kept. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from followup.calls.models import Disposition
from followup.recordings.keeping import LONGEST_DAYS, Key

FIELDS = ("campaign", "outcome", "days")
# what may be wrong, beside its field
FAULTS = ("campaign", "outcome", "days", "recording", "reason", "held")
# a recording's id, alone or within an address that somebody has copied
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RuleForm:
    """What was typed, what is wrong with it, and what is wished when nothing is."""

    typed: Mapping[str, str]
    faults: Collection[str] = ()
    key: Key = (None, None)
    days: int | None = None


@dataclass(frozen=True, slots=True)
class HoldForm:
    """The form that puts a recording on hold."""

    typed: Mapping[str, str] = field(default_factory=lambda: {"recording": "", "reason": ""})
    fault: str = ""


def read_rule(given: Mapping[str, str], campaigns: Collection[str], *,
              removing: bool = False) -> RuleForm:
    """The rule of a form or an address. ``campaigns``: the ids that there are; ``removing``: it is
    about taking the rule away, so days do not matter."""
    typed = {name: given.get(name, "").strip()[:100] for name in FIELDS}
    faults = []
    if typed["campaign"] and typed["campaign"] not in campaigns:
        faults.append("campaign")
    if typed["outcome"] and typed["outcome"] not in list(Disposition):
        faults.append("outcome")
    days = int(typed["days"]) if re.fullmatch(r"[0-9]{1,6}", typed["days"]) else 0
    if not removing and not 1 <= days <= LONGEST_DAYS:
        faults.append("days")
    if faults:
        return RuleForm(typed, faults)
    key: Key = (uuid.UUID(typed["campaign"]) if typed["campaign"] else None,
                Disposition(typed["outcome"]) if typed["outcome"] else None)
    return RuleForm(typed, (), key, None if removing else days)


def recording_in(text: str) -> uuid.UUID | None:
    """The recording that is meant: by its id, or by the address of its page."""
    found = _ID.findall(text)
    return uuid.UUID(found[-1]) if found else None
