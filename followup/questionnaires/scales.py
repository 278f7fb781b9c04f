"""Options that are whole numbers: which keys they have, and when they are a number to be typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from followup.questionnaires.definition import Item, ItemType, Option, SpokenValue

_ONE_KEY = 9                 # the greatest number that a key is


def keys_are_values(numbers: Sequence[int | None]) -> bool:
    """Whether options without keys of their own have their numbers for keys: 0 to 9 only."""
    return all(number is not None and 0 <= number <= _ONE_KEY for number in numbers)


def is_typed(item: Item) -> bool:
    """Whether the options are a range without gaps that single keys cannot give, as 0 to 10: then
    it is asked for as a number. (Else they are picked by key, as other options.)"""
    numbers = sorted(_numbers(item)) if item.type is ItemType.CHOICE and item.is_numbered else []
    return bool(numbers) and numbers[0] >= 0 and not keys_are_values(numbers) \
        and numbers == list(range(numbers[0], numbers[0] + len(numbers))) \
        and not any(option.outcome is not None or option.exclusive for option in item.options)


def spoken_values(options: Sequence[Option]) -> tuple[SpokenValue, ...]:
    """Other words for options, as words that stand for their numbers."""
    return tuple(SpokenValue(option.value["valueInteger"], language, words, option.place)
                 for option in options for language, words in option.spoken.items())


def as_number(item: Item) -> Item:
    """An item whose options are numbers as one that asks for a number. What is said is always
    understood so: "three" is the number, not the third option."""
    numbers = _numbers(item)
    return replace(item, type=ItemType.INTEGER, options=(), other_key="", minimum=min(numbers),
                   maximum=max(numbers), spoken_values=spoken_values(item.options))


def _numbers(item: Item) -> list[int]:
    return [option.value["valueInteger"] for option in item.options]


def key_range(item: Item) -> tuple[str, str] | None:
    """First and last key, where each option is just its key and no key between them is missing."""
    keys = sorted(option.keys[0] for option in item.options if len(option.keys) == 1
                  and option.value.get("valueInteger") == int(option.keys[0]))
    whole = len(keys) == len(item.options) > 2 and int(keys[-1]) - int(keys[0]) == len(keys) - 1
    return (keys[0], keys[-1]) if item.is_numbered and whole and not item.other_key else None
