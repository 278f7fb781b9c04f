"""Benchmarks: ``aftercall bench NAME [--json]``. They measure; nothing here asserts."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from bench.answers import measure as answers
from bench.claim import measure as claim
from bench.options import Options
from bench.pacing import measure as pacing
from bench.pacing.report import as_text as pacing_text
from bench.recordings_list import measure as recordings_list
from bench.speech import measure as speech
from bench.spotchecks import measure as spot_checks
from followup.database.engine import Database

# name to what measures it, on an empty migrated database
BENCHES: Mapping[str, Callable[[Database], Awaitable[dict[str, Any]]]] = {
    "answers": answers, "claim": claim, "recordings-list": recordings_list,
    "spot-checks": spot_checks}

# those that need no database
ALONE: Mapping[str, Callable[[Options], Awaitable[dict[str, Any]]]] = {
    "pacing": pacing, "speech": speech}

# those that know how to tell their result at a terminal
TEXTS: Mapping[str, Callable[[Mapping[str, Any]], Iterable[str]]] = {"pacing": pacing_text}
