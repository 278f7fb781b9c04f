"""What a patient's words mean: pure, from recognised text to an answer or a wish.

Nothing is understood yet: every word is unclear, and keys are offered.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from followup.questionnaires.definition import Item
from ivr.understanding.grammar import Grammar
from ivr.understanding.meaning import Answered, Meaning, Unclear, Wish, Wished

__all__ = ["Answered", "Grammar", "Meaning", "Unclear", "Wish", "Wished", "confirmation",
           "confirmation_grammar", "grammar_for", "is_risky", "understand"]


def understand(item: Item, language: str, text: str, *, today: date | None = None) -> Meaning:
    """What the words mean at this item."""
    return Unclear()


def confirmation(language: str, text: str) -> bool | None:
    """Yes or no to what was read back."""
    return None


def confirmation_grammar(language: str) -> Grammar:
    """The words of yes and no."""
    return Grammar(language, ())


def grammar_for(item: Item, language: str) -> Grammar:
    """What may be said at this item."""
    return Grammar(language, ())


def is_risky(item: Item, value: Mapping[str, Any]) -> bool:
    """Whether its opposite would matter."""
    return bool(item.rules)
