"""What may be said at a moment, as a recogniser wants to know it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Grammar:
    """The phrases that are expected, in plain text ("三十八度五", "thirty eight point five").

    ``decoys`` are phrases of no meaning here, that catch what is not an answer; a recogniser never
    returns them. Each recogniser splits phrases into words of its own lexicon, and leaves out with
    a warning what it has no words for.

    ``asides`` are those of the phrases that are seldom said: wishes and places ("the second one").
    A recogniser that confuses short words may do without short ones, and without the
    ``rare`` ones among them. ``unhurried``: people pause
    within an answer (numbers, dates), so that a longer silence ends it.

    ``personal``: those of the phrases that hold a patient's name, which no log may tell.

    ``around``: what is said before, between and after phrases, and is no answer alone; for
    recognisers that string words together. One that hears whole phrases does without.
    """

    language: str
    phrases: tuple[str, ...]
    decoys: tuple[str, ...] = ()
    asides: frozenset[str] = frozenset()
    rare: frozenset[str] = frozenset()
    unhurried: bool = False
    around: tuple[str, ...] = ()
    personal: frozenset[str] = frozenset()
