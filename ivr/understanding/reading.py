"""From the words of one clause to an answer or a wish."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache

from pypinyin import lazy_pinyin
from rapidfuzz import fuzz

from followup.questionnaires.definition import Item, ItemType, Option
from followup.questionnaires.scales import as_number
from followup.questionnaires.units import Unit
from followup.questionnaires.values import fhir_value, fitting, together, within
from ivr.prompts.answers import unit_of
from ivr.understanding import dates, numbers
from ivr.understanding.echoes import NONE, Echoes, echoes
from ivr.understanding.lexicon import LONGEST, Lexicon, cut, lexicon, longest_of, normal, without
from ivr.understanding.meaning import Answered, Meaning, Unclear, Wish, Wished
from ivr.understanding.polarity import Polarity, has_negation, polarity
from ivr.understanding.years import read_year

NEAR = 84.0                  # of 100: how like an option's name misheard words must be
MARGIN = 14.0                # and how much more than the runner-up's
WRITTEN_AS = {"yue": "zh"}   # whose words serve where a questionnaire has none of its own
OF_SOMEBODY = (Wish.AWAY, Wish.DIED)      # 我爸不在家: whoever is meant, it is the patient

AMBIGUOUS = Unclear("ambiguous")
NOTHING = Unclear("nothing")
_A_DAY = re.compile(r"^[每一][天日][吃拉吐疼痛]?|(?: a| per| every| each) day\b| daily\b")


def understand(item: Item, language: str, text: str, *, today: date | None = None) -> Meaning:
    """What ``text`` means as an answer to ``item``; never raises."""
    said = normal(text[:LONGEST])
    words = lexicon(language)
    if not said:
        return NOTHING
    if option := _named_exactly(item, language, said):
        return Answered(option.value)
    if (number := _spoken_number(item, words, said)) is not None:
        return _within(item, number, certain=True)
    wished = _wish(said, words)
    if wished is not None and not (wished.wish is Wish.SKIP and item.type.has_options):
        return wished
    if item.type.has_options:                     # 我不知道 may be the name of one
        meant = _on_scale(item, words, said) if item.is_numbered else _option(item, words, said)
        return meant if wished is None or isinstance(meant, Answered) else wished
    if item.birth_year:
        year = read_year(said, words.language)
        return NOTHING if year is None else Answered(fhir_value(year))
    if item.type.is_number:
        return _number(item, words, said)
    if item.type is ItemType.DATE:
        return _day(item, words, said, today)
    return NOTHING


def unchanged(language: str, text: str) -> bool:
    """Whether it says that what is on record still holds."""
    words = lexicon(language)
    known = {**dict.fromkeys(words.fillers, "filler"), **dict.fromkeys(words.same, "same")}
    return {kind for _, kind in cut(normal(text[:LONGEST]), known, words.by_word)
            if kind != "filler"} == {"same"}


# --- wishes ----------------------------------------------------------------------------------

def wish(language: str, text: str) -> Wished | None:
    """The wish, where nothing but it was said."""
    return _wish(normal(text[:LONGEST]), lexicon(language))


def _wish(said: str, words: Lexicon) -> Wished | None:
    """The wish, when nothing but it was said."""
    known, longest = _asides(words.language)
    found = [(word, kind) for word, kind in cut(said, known, words.by_word, longest)
             if kind != "filler"]
    kinds = {kind for _, kind in found}
    wishes = {Wished(words.wishes[word]) for word, kind in found if kind == "wish"} | {
        Wished(Wish.LANGUAGE, words.languages[word]) for word, kind in found if kind == "language"}
    if len(wishes) > 1:                    # 喂 is said before anything else as well
        wishes.discard(Wished(Wish.HELLO))
    if not wishes and kinds == {"greeting"}:
        return Wished(Wish.HELLO)
    if len(wishes) != 1 or "" in kinds:
        return None
    [wished] = wishes
    return None if "people" in kinds and wished.wish not in OF_SOMEBODY else wished


@cache
def _asides(language: str) -> tuple[Mapping[str, str], int]:
    """What is said beside answers, by kind, and how long the longest of it is."""
    words = lexicon(language)
    known = {**dict.fromkeys(words.fillers | words.hums, "filler"),
             **dict.fromkeys(words.people, "people"),
             **dict.fromkeys(words.languages, "language"),
             **dict.fromkeys(words.greetings, "greeting"),
             **dict.fromkeys(words.wishes, "wish")}
    return known, longest_of(known, words.by_word)


# --- options ---------------------------------------------------------------------------------

def names(option: Option, language: str) -> tuple[str, ...]:
    """What an option is called, in normal form."""
    written = language if language in option.text else WRITTEN_AS.get(language, language)
    said = (option.text.get(written, ""), *option.spoken.get(written, ()),
            *option.spoken.get(language, ()))
    return tuple(dict.fromkeys(filter(None, map(normal, said))))


def _named_exactly(item: Item, language: str, said: str) -> Option | None:
    found = [option for option in item.options if said in names(option, language)]
    return found[0] if len(found) == 1 else None


def _on_scale(item: Item, words: Lexicon, said: str) -> Meaning:
    """An option by its number, which is no place: "three" may be the fourth one."""
    scale = as_number(item)
    spoken = _spoken_number(scale, words, said)
    meant = _number(scale, words, said) if spoken is None else Answered(fhir_value(spoken))
    if isinstance(meant, Answered) and item.option_of(meant.value) is None:
        return Unclear("out-of-range")
    return meant


def _option(item: Item, words: Lexicon, said: str) -> Meaning:
    if numbered := _by_number(item, words, said):
        return Answered(numbered.value)
    if item.type is ItemType.BOOLEAN:
        found = _yes_or_no(item, words, said)
        if found.truth is not None:
            return Answered({"valueBoolean": found.truth}, found.plain, beyond=found.beside)
        return AMBIGUOUS if has_negation(said, words) else NOTHING
    named = _by_name(item, words, said)
    told = [option for option in item.options if not option.outcome]
    if item.identity and len(told) == 1 and _it_is_me(said, words) and (
            not isinstance(named, Answered) or named == Answered(told[0].value, certain=False)):
        return Answered(told[0].value)
    return named


def _yes_or_no(item: Item, words: Lexicon, said: str) -> Polarity:
    """By the words of the language and of the item; where they do not do, by the question's own.

    Those count where nothing else is said: 忘了吃药 is not 吃药.
    """
    found, echoed = in_usual_words(item, words, said), echoes_of(item, words.language)
    if found.plain or echoed == NONE:
        return found
    other = in_usual_words(item, words, said, echoed)
    return other if other.plain or other.truth is False else found


def in_usual_words(item: Item, words: Lexicon, said: str, more: Echoes = NONE) -> Polarity:
    """Yes or no by the words of the language, of the item, and ``more``."""
    return polarity(said, words, words.yes | _spoken(item, words.language, True) | more.yes,
                    words.no | _spoken(item, words.language, False) | more.no)


def echoes_of(item: Item, language: str) -> Echoes:
    """Yes and no in the words of a yes/no question; an option's own words win."""
    said = item.prompt or item.text
    question = said.get(language) or said.get(WRITTEN_AS.get(language, language), "")
    found = echoes(question, language)
    return Echoes(found.yes - _spoken(item, language, False),
                  found.no - _spoken(item, language, True))


def _it_is_me(said: str, words: Lexicon) -> bool:
    """An everyday yes to "are you …?"; 嗯 and 好的 are said by anybody."""
    asked = (said for said, wish in words.wishes.items() if wish in (Wish.HELLO, Wish.WHO))
    if said.endswith(tuple(f"是{who}" for who in words.whoever)):
        return False                       # 我是谁
    known = {**dict.fromkeys((*words.fillers, *words.hums, *asked), "filler"),
             **dict.fromkeys(words.it_is_me, "me")}
    return {kind for _, kind in cut(said, known, words.by_word) if kind != "filler"} == {"me"}


def _spoken(item: Item, language: str, truth: bool) -> frozenset[str]:
    return frozenset(name for option in item.options if option.value == {"valueBoolean": truth}
                     for name in names(option, language))


def _by_number(item: Item, words: Lexicon, said: str) -> Option | None:
    """The option of a key (press three, 选三) or a place (the first one, 最后一个)."""
    if said in words.last and item.options:
        return item.options[-1]
    key = _places(words.language).get(said)
    return item.option_for(key) if key else None


@lru_cache
def _places(language: str) -> Mapping[str, str]:
    """Every way to name a key, "第一个" -> "1"."""
    words = lexicon(language)
    nth = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
    found = {}
    for number in range(1, 10):
        found[str(number)] = found[words.digits[number]] = str(number)
        for pattern in words.numbered:
            for name in (words.digits[number], str(number)):
                found[normal(pattern.format(n=name, nth=nth[number]))] = str(number)
    return found


def _by_name(item: Item, words: Lexicon, said: str) -> Meaning:
    """An option named among other words, or nearly named."""
    language = words.language
    known = {**dict.fromkeys(words.fillers | words.hums, "filler"),
             **dict.fromkeys(words.negators, "negator")}
    owner: dict[str, set[str]] = {}
    for option in item.options:
        for name in names(option, language):
            owner.setdefault(name, set()).add(option.keys[0])
            known[name] = "name"
    pieces = [piece for piece in cut(said, known, words.by_word) if piece[1] != "filler"]
    named = {key for word, kind in pieces if kind == "name" for key in owner[word]}
    negated = any(kind == "negator" or (kind == "" and has_negation(word, words))
                  for word, kind in pieces)
    if item.repeats and len(named) > 1 and not negated:
        return _together(item, owner, pieces, words)
    if len(named) == 1 and not negated:
        option = next(each for each in item.options if each.keys[0] in named)
        return Answered(option.value, certain=all(kind == "name" for _, kind in pieces))
    if named or (negated and not _anynegated(item, words)):
        return AMBIGUOUS
    return _nearly(item, words, said)


def _together(item: Item, owner: Mapping[str, set[str]], pieces: Iterable[tuple[str, str]],
              words: Lexicon) -> Meaning:
    """Several options named one after the other, each by a name of its own."""
    found = [owner[word] for word, kind in pieces if kind == "name"]
    if any(len(keys) > 1 for keys in found):
        return AMBIGUOUS
    first_keys = dict.fromkeys(key for keys in found for key in keys)
    chosen = [option for key in first_keys for option in item.options if option.keys[0] == key]
    if any(option.exclusive for option in chosen) or len(chosen) > item.max_answers:
        return AMBIGUOUS
    rest = {word for word, kind in pieces if kind != "name"}
    return Answered(together(option.value for option in chosen), certain=rest <= words.joiners)


def _anynegated(item: Item, words: Lexicon) -> bool:
    return any(has_negation(name, words) for option in item.options
               for name in names(option, words.language))


def _nearly(item: Item, words: Lexicon, said: str) -> Meaning:
    """Words that sound like one option's name, and much less like any other's."""
    sound = sound_of(said, words)
    scores = sorted(((max((fuzz.ratio(sound, sound_of(name, words))
                           for name in names(option, words.language)
                           if has_negation(name, words) == has_negation(said, words)), default=0.0),
                      number) for number, option in enumerate(item.options)), reverse=True)
    if scores and scores[0][0] >= NEAR and (
            len(scores) == 1 or scores[0][0] - scores[1][0] >= MARGIN):
        return Answered(item.options[scores[0][1]].value, certain=False)
    return NOTHING


def sound_of(text: str, words: Lexicon) -> str:
    return text if words.by_word else " ".join(lazy_pinyin(text))


# --- numbers and dates -----------------------------------------------------------------------

def number_words(item: Item, language: str) -> Mapping[str, int | Decimal]:
    """Words that stand for a number at this item, in normal form."""
    written = (language, WRITTEN_AS.get(language, language))
    return {normal(word): spoken.value for spoken in item.spoken_values
            if spoken.language in written for word in spoken.words}


def _spoken_number(item: Item, words: Lexicon, said: str) -> int | Decimal | None:
    """The number, when nothing but such words was said."""
    if not item.spoken_values:
        return None
    numbers_of = number_words(item, words.language)
    known = {**dict.fromkeys(words.fillers, "filler"), **dict.fromkeys(numbers_of, "number")}
    found = [(word, kind) for word, kind in cut(said, known, words.by_word) if kind != "filler"]
    return numbers_of[found[0][0]] if [kind for _, kind in found] == ["number"] else None


def _number(item: Item, words: Lexicon, said: str) -> Meaning:
    bare = _A_DAY.sub("", said)            # 一天三次; as an answer to "how many days" it is no more
    by_day = bare != said and _asks_by_day(item, words)
    told = bare if numbers.read(bare, words.language, 0)[0] else said
    found, rest = numbers.read(_of_most(item, told), words.language, item.decimals)
    values = set(found)
    rest = without(rest, words.with_no - words.negators, words.by_word)
    if not values or (len(values) == 1 and _none_at_all(said)):
        return _no_number(item, words, said)
    if len(values) > 1 or has_negation(rest, words):
        return AMBIGUOUS
    known = _unit_names(item, words)
    named = [(word, unit) for word, unit in cut(rest, known, words.by_word)
             if unit or word not in known]
    number, units = values.pop(), {unit for _, unit in named if unit}
    if len(units) > 1:
        return AMBIGUOUS
    code = next(iter(units), "")
    if code and code != item.unit:
        return _converted(item, number, [item.unit_of(code)])
    others = () if code else item.other_units(words.language)
    meant = _plain_number(item, number)
    elsewhere = _converted(item, number, others)
    if isinstance(meant, Answered):        # where it fits another unit too, it may be meant in it
        clear = number == int(number) or numbers.is_pointed(said, words.language)
        return Answered(meant.value, clear and all(unit for _, unit in named)
                        and not isinstance(elsewhere, Answered) and (by_day or told == said))
    if isinstance(elsewhere, Answered) or not numbers.is_spelt(said, words.language):
        return elsewhere if isinstance(elsewhere, Answered) else meant
    shifted = _plain_number(item, number.scaleb(-item.decimals))         # 三八五, as it is typed
    return replace(shifted, certain=False) if isinstance(shifted, Answered) else meant


def _asks_by_day(item: Item, words: Lexicon) -> bool:
    """Whether "a day" after a number is what was asked for."""
    said = item.prompt or item.text
    question = said.get(words.language) or said.get(WRITTEN_AS.get(words.language, ""), "")
    return re.search(r"[天日]|\bday|daily", question) is not None


def _none_at_all(said: str) -> bool:
    """一次也没有: the one is none."""
    return bool(re.search(r"一[次回趟点點下]?[也都]?[没沒冇][有过]?.{0,2}$", said)) or said in (
        "not once", "not even once")


def _no_number(item: Item, words: Lexicon, said: str) -> Meaning:
    """没有 to "how many times": none, where there may be none; it is read back."""
    if item.minimum != 0 or item.repeats:
        return NOTHING
    told = _none_at_all(said) or polarity(said, words, (), words.zero) == Polarity(
        False, plain=True)
    return Answered(fhir_value(0 if item.type is ItemType.INTEGER else Decimal(0)),
                    certain=False) if told else NOTHING


def _of_most(item: Item, said: str) -> str:
    """Without the end of "three out of ten", where ten is the most that is asked for."""
    head, _, tail = said.rpartition(" out of ")
    most = numbers.read(tail, "en", 0)[0] if head else []
    return head if item.maximum is not None and most == [item.maximum] else said


def _unit_names(item: Item, words: Lexicon) -> Mapping[str, str]:
    """Names of units and their codes; fillers have none, nor have "degrees", which may be any."""
    own, apart = normal(unit_of(item, words.language)), item.unit_of(item.unit)
    return {**dict.fromkeys(words.fillers | words.hums | words.counts, ""),
            **({own: "" if apart else item.unit} if own else {}),
            **{normal(name): unit.code for unit in item.units
               for name in unit.names(words.language)}}


def _plain_number(item: Item, number: Decimal) -> Meaning:
    """A number in the item's own unit."""
    if number != number.to_integral_value() and (
            item.type is ItemType.INTEGER or
            -int(number.normalize().as_tuple().exponent) > item.decimals):
        return NOTHING
    return _within(item, int(number) if item.type is ItemType.INTEGER else number, certain=True)


def _converted(item: Item, number: Decimal, units: Iterable[Unit | None]) -> Meaning:
    """A number in one of other units, if in one only it makes sense."""
    told = fitting(item, number, (unit for unit in units if unit))
    if len(told) != 1:
        return AMBIGUOUS if told else Unclear("out-of-range")
    (one, value), = told
    return Answered(fhir_value(value), certain=False, told=one)


def _within(item: Item, plain: int | Decimal | date, certain: bool) -> Meaning:
    return Answered(fhir_value(plain), certain) if within(item, plain) \
        else Unclear("out-of-range")


def _day(item: Item, words: Lexicon, said: str, today: date | None) -> Meaning:
    """A day; without its year the nearest, read back where that lies ahead and was not asked."""
    found, rest = dates.read(said, words, today)
    if len(found) != 1 or has_negation(rest, words):
        return AMBIGUOUS if found else NOTHING
    [named] = found
    fitting_days = replace(named, days=frozenset(
        day for day in named.days if within(item, day)))
    if not fitting_days.days:
        return Unclear("out-of-range")
    day = fitting_days.nearest(today)
    plain = not without(rest, words.fillers | words.hums, words.by_word)
    return Answered(fhir_value(day), certain=plain and named.sure and (
        len(fitting_days.days) == 1 or today is None or day <= today))
