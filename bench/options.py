"""What a benchmark without a database may be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from followup.errors import InvalidInput


@dataclass(frozen=True)
class Options:
    """``audio``: a folder of recordings; ``models``: language to a model's folder.

    ``models_dir``: models as they are installed. ``tuning``: measure on what is kept for tuning.
    ``scenario``, ``days``, ``seed``: what is simulated, for how long, with which chances.
    """

    quick: bool = False
    audio: Path | None = None
    models: Mapping[str, Path] = field(default_factory=dict)
    models_dir: Path | None = None
    tuning: bool = False
    scenario: Path | None = None
    days: int | None = None
    seed: int = 1


def parse_models(given: Iterable[str]) -> dict[str, Path]:
    """``zh=FOLDER`` and so on."""
    found = {}
    for each in given:
        language, _, folder = each.partition("=")
        if language not in ("zh", "en", "yue") or not folder:
            raise InvalidInput(f"model = {each!r}: expected zh=, en= or yue= and a folder",
                               field="model")
        found[language] = Path(folder)
    return found
