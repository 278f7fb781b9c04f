"""What may be said at an item, phrase by phrase: the recognisers' grammars."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from itertools import permutations, product

from followup.questionnaires.definition import Item, ItemType
from followup.questionnaires.scales import as_number
from ivr.understanding import numbers, pressure
from ivr.understanding.grammar import Grammar
from ivr.understanding.lexicon import Lexicon, lexicon, normal
from ivr.understanding.meaning import Unclear, Wish
from ivr.understanding.naming import introduced, own_name
from ivr.understanding.reading import echoes_of, names, number_words, understand
from ivr.understanding.years import years

RARE = (Wish.HELLO, Wish.WHO, Wish.AWAY, Wish.DIED, Wish.WRONG_NUMBER)
MOST_PAIRED = 8              # options that may be named two at a time
KEPT = 2048                  # grammars, with the items they are for
FEW = 5                      # phrases, understood in half a millisecond
MOST = 1500                  # phrases; a wider range of numbers is for keys

_kept: dict[tuple[int, str], tuple[Item, Iterator[Grammar | None]]] = {}


def grammar_for(item: Item, language: str) -> Grammar:
    """Answers and wishes at ``item``; each is understood as what it is.

    Made once for an item and kept: every call asks for them at every question.
    """
    while (found := make_some(item, language)) is None:
        pass
    return found


def make_some(item: Item, language: str) -> Grammar | None:
    """Make a few of its phrases; the grammar once all are there, which takes up to a tenth of a
    second. Who asks for it at the same time goes on where others were."""
    key = id(item), language             # items hold mappings, and so cannot be hashed
    known = _kept.get(key)
    if known is None or known[0] is not item:
        if len(_kept) >= KEPT:
            _kept.pop(next(iter(_kept)))
        known = _kept[key] = item, _making(item, language)
    return next(known[1])


def _making(item: Item, language: str) -> Iterator[Grammar | None]:
    """None after each few phrases, in the end the grammar, as often as it is asked for."""
    words = lexicon(language)
    answers = dict.fromkeys(_answers(item, words))
    asides = dict.fromkeys((*_places(item, words), *words.wishes, *words.languages))
    found: dict[str, None] = {}
    for number, phrase in enumerate(dict.fromkeys((*answers, *asides))):
        if not isinstance(understand(item, language, phrase), Unclear):
            found[phrase] = None
        if number % FEW == 0:
            yield None
    aside = frozenset(found) - frozenset(answers)
    seldom = words.seldom | words.zero
    rare = frozenset(said for said in aside
                     if said in seldom or words.wishes.get(said) in RARE)
    # 喂 stays a decoy for whoever does not listen for it
    decoys = _decoys(words, dict.fromkeys(phrase for phrase in found if phrase not in rare))
    grammar = Grammar(language, tuple(found), decoys, aside, rare,
                      unhurried=item.type.has_order or item.is_numbered,
                      around=(*words.around, *pressure.labels(item, language)))
    while True:
        yield grammar


@lru_cache
def confirmation_grammar(language: str) -> Grammar:
    """Yes and no, to what was read back."""
    words = lexicon(language)
    found = sorted(words.yes | words.no | words.right | words.wrong)
    return Grammar(language, tuple(found), _decoys(words, dict.fromkeys(found)),
                   around=words.around)


def with_numbers(grammar: Grammar) -> Grammar:
    """The grammar, where a number may be told along with the answer."""
    return replace(grammar, around=(*grammar.around, *numbers.words(grammar.language)))


def with_name(grammar: Grammar, item: Item, name: str) -> Grammar:
    """The grammar of the identity question, where the patient may give ``name``."""
    said = tuple(phrase for phrase in own_name(grammar.language, name)
                 if introduced(item, grammar.language, phrase, name))
    return replace(grammar, phrases=(*dict.fromkeys((*grammar.phrases, *said)),),
                   asides=grammar.asides | {*said}, personal=frozenset(said))


@lru_cache
def beside(grammar: Grammar, *wishes: Wish) -> Grammar:
    """The grammar with these wishes."""
    words = lexicon(grammar.language)
    said_of = {**words.wishes, **dict.fromkeys(words.languages, Wish.LANGUAGE)}
    more = [said for said, meant in said_of.items()
            if meant in wishes and said not in grammar.phrases]
    return replace(grammar, phrases=(*grammar.phrases, *more),
                   decoys=_decoys(words, dict.fromkeys((*grammar.phrases, *more))),
                   asides=grammar.asides | {*more})


def nothing_more(language: str) -> tuple[str, ...]:
    """That there is no further answer."""
    words = lexicon(language)
    return tuple(sorted(words.done | words.no))


def unchanged(language: str) -> tuple[str, ...]:
    """That what is on record still holds."""
    return tuple(sorted(lexicon(language).same))


def _decoys(words: Lexicon, phrases: dict[str, None]) -> tuple[str, ...]:
    return tuple(decoy for decoy in words.decoys if decoy not in phrases)


def _answers(item: Item, words: Lexicon) -> Iterator[str]:
    language = words.language
    if item.type is ItemType.BOOLEAN:
        echoed = echoes_of(item, language)
        yield from sorted(words.yes | words.no | echoed.yes | echoed.no)
    for option in item.options:
        yield from names(option, language)
    if item.is_numbered:
        yield from _told_numbers(as_number(item), language)
    elif item.repeats and len(item.options) <= MOST_PAIRED:
        for one, other in permutations(item.options, 2):
            for first, second in product(names(one, language)[:1], names(other, language)[:1]):
                for joiner in ("", *sorted(words.joiners)[:2]):
                    yield normal(f"{first} {joiner} {second}")
    if item.birth_year:
        yield from years(language)
    elif item.type.is_number:
        yield from _told_numbers(item, language)
    if item.type is ItemType.DATE:
        yield from sorted(words.days)


def _told_numbers(item: Item, language: str) -> Iterator[str]:
    yield from number_words(item, language)
    yield from _numbers(item, language)


def _places(item: Item, words: Lexicon) -> Iterator[str]:
    """Options by their key or place; yes to "are you …?"; none, where it is asked how many."""
    if item.identity:
        yield from sorted(words.it_is_me)
    item = as_number(item) if item.is_numbered else item
    for option in item.options:
        for key in option.keys:
            for pattern in words.numbered if key in set("123456789") else ():
                if "{nth}" not in pattern:
                    yield normal(pattern.format(n=words.digits[int(key)]))
    if item.options:
        yield from sorted(words.last)
    elif item.minimum == 0 and item.type.has_order and not item.repeats:
        yield from sorted(words.zero)


def _numbers(item: Item, language: str) -> Iterator[str]:
    if not isinstance(item.minimum, int | Decimal) or not isinstance(item.maximum, int | Decimal):
        return
    said: list[str] = []
    for number in _between(Decimal(item.minimum), Decimal(item.maximum), item.decimals):
        said += numbers.ways(number, language, item.unit == "Cel")
    for unit in item.other_units(language):
        for number in _between(unit.stated(Decimal(item.minimum)),
                               unit.stated(Decimal(item.maximum)), item.decimals):
            said += numbers.ways(number, language)
            if number == number.to_integral_value():
                said += [f"{way} {name}" for way in numbers.ways(number, language)
                         for name in unit.names(language)]
    yield from said[:MOST]


def _between(low: Decimal, high: Decimal, decimals: int) -> Iterator[Decimal]:
    """Every number from ``low`` to ``high``, unless they are very many."""
    first = int((low.scaleb(decimals)).to_integral_value(ROUND_CEILING))
    last = int(high.scaleb(decimals))
    if first >= 0 and last - first < MOST and last < 1000 * 10 ** decimals:
        yield from (Decimal(number).scaleb(-decimals) for number in range(first, last + 1))
