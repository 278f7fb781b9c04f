"""Shares with their uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

Z95 = 1.959964


def share(count: int, of: int) -> dict[str, Any]:
    """A share with its Wilson interval of 95 %; as if every recording were independent."""
    if not of:
        return {"count": 0, "of": 0, "share": None, "ci95": None}
    middle = (count + Z95 * Z95 / 2) / (of + Z95 * Z95)
    half = Z95 / (of + Z95 * Z95) * math.sqrt(count * (of - count) / of + Z95 * Z95 / 4)
    return {"count": count, "of": of, "share": round(count / of, 4),
            "ci95": [round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)]}


def spread(seconds: Sequence[float]) -> dict[str, Any]:
    """Median and 99th percentile in milliseconds."""
    ordered = sorted(seconds)
    return {"p50": round(ordered[len(ordered) // 2] * 1000, 1),
            "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000, 1),
            "n": len(ordered)} if ordered else {"p50": None, "p99": None, "n": 0}
