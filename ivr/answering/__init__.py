"""Who has answered: a person, or an answering machine or a network's announcement."""

from __future__ import annotations

from ivr.answering.detector import Detector, Kind, Verdict
from ivr.answering.watch import Watch, overhear

__all__ = ["Detector", "Kind", "Verdict", "Watch", "overhear"]
