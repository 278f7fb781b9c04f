"""Who gives a name in place of a yes to "are you …?".

The patient's own name is that yes, no more: a year of birth or whatever follows is asked as ever.
Half a name, or one that only sounds like it, is read back. Another name is a relative or a wrong
number, and asked about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations, product

from pypinyin import lazy_pinyin

from followup.questionnaires.definition import Item
from ivr.understanding.lexicon import LONGEST, Lexicon, cut, lexicon, normal
from ivr.understanding.meaning import Answered, Meaning, Unclear, Wish, Wished
from ivr.understanding.reading import wish

ANOTHER = Unclear("another-name")
OF_OTHERS = (Wish.AWAY, Wish.DIED, Wish.WRONG_NUMBER)
_SURNAMES = frozenset(
    "王李张張刘劉陈陳杨楊赵趙黄黃周吴吳徐孙孫胡朱高林何郭马馬罗羅梁宋郑鄭谢謝韩韓唐冯馮于董萧蕭程曹袁邓鄧许許"
    "傅沈曾彭吕呂苏蘇卢盧蒋蔣蔡贾賈丁魏薛叶葉阎閻余潘杜戴夏钟鍾汪田任姜范方石姚谭譚廖邹鄒熊金陆陸郝孔白崔康毛邱"
    "秦江史顾顧侯邵孟龙龍万萬段雷钱錢汤湯尹黎易常武乔喬贺賀赖賴龚龔文")
_TITLES = ("先生", "女士", "小姐", "太太", "老师", "师傅", "生")
WHOSE = {"he": "his", "she": "her"}
_TITLES_EN = frozenset(("mr", "mrs", "ms", "miss", "mister", "doctor", "dr"))


def introduced(item: Item, language: str, text: str, name: str) -> Meaning | None:
    """What a name in ``text`` comes to at the identity question; None where there is none.

    An answer is certain when it is the whole name, said of oneself ("我是张三").
    """
    words, said = lexicon(language), normal(text[:LONGEST])
    selves = [option for option in item.options if not option.outcome]
    names = _names(name, words)
    if not item.identity or len(selves) != 1 or not names or not said:
        return None
    if found := _said_of_the_patient(said, names, words):
        return found
    known = {**dict.fromkeys(words.it_is_me, "me"), **dict.fromkeys(words.negators, "no"),
             **dict.fromkeys(words.no, "no"), **dict.fromkeys(words.people, "people"),
             **dict.fromkeys((*words.fillers, *words.hums, *words.greetings), "filler"),
             **dict.fromkeys((each for each, meant in words.wishes.items()
                              if meant in (Wish.HELLO, Wish.WHO)), "filler"),
             **dict.fromkeys(words.whoever, ""),
             **dict.fromkeys(words.introductions, "intro"), **dict.fromkeys(names, "name")}
    pieces = [piece for piece in cut(said, known, words.by_word) if piece[1] != "filler"]
    kinds = {kind for _, kind in pieces}
    if "name" in kinds and kinds <= {"name", "me", "intro"}:
        return Answered(selves[0].value, certain=len(kinds) > 1)
    if "name" in kinds and "" not in kinds:
        return ANOTHER if "no" in kinds else Wished(Wish.AWAY) if _of_family(pieces) else None
    strange = [word for word, kind in pieces if not kind]
    if len(strange) != 1 or "name" in kinds or not _introduces(pieces, words):
        return None
    if _is_like(strange[0], names, words) and "no" not in kinds:
        return Answered(selves[0].value, certain=False)
    return ANOTHER if _is_a_name(strange[0], pieces, words) else None


def own_name(language: str, name: str) -> tuple[str, ...]:
    """What is listened for at the identity question beside its answers: the name, and "I am not".

    Who is not that person must not be heard as if they were: the denial is a phrase of its own.
    """
    words = lexicon(language)
    return tuple(pattern.format(name=each) for each in _names(name, words)
                 for pattern in words.named)


# --- the patient's name ----------------------------------------------------------------------

def _names(name: str, words: Lexicon) -> tuple[str, ...]:
    """The whole name in the ways it may be written, in normal form."""
    plain = normal(name)
    if not words.by_word:
        return (plain.replace(" ", ""),) if len(plain) > 1 else ()
    if plain.isascii():
        parts = [part for part in plain.split() if part not in _TITLES_EN]
        return (" ".join(parts),) if len(parts) > 1 else ()
    surname, *given = lazy_pinyin(plain)
    if not given:
        return ()
    return tuple(dict.fromkeys(" ".join(order) for whole in ([*given], ["".join(given)])
                               for order in ((surname, *whole), (*whole, surname))))


def _said_of_the_patient(said: str, names: tuple[str, ...], words: Lexicon) -> Meaning | None:
    """张三不在家, "I'm John Smith's wife": as with "he" in place of the name."""
    for instead in (*_instead(said, names, words), _after_no(said, words)):
        found = wish(words.language, instead) if instead != said else None
        if found is not None and found.wish in OF_OTHERS:
            return found
    return None


def _instead(said: str, names: tuple[str, ...], words: Lexicon) -> Iterator[str]:
    """``said`` with each word that may stand for the patient in place of the name."""
    if words.by_word:
        parts = {part for name in names for part in name.split() if len(part) > 2}
        for name, other in product((*names, *sorted(parts)), words.instead):
            yield re.sub(rf"\b{re.escape(name)}\b", other, said)       # john's -> he's
            yield re.sub(rf"\b{re.escape(name)}'s\b", WHOSE.get(other, other), said)
        return
    [name] = names
    called = f"{re.escape(name)}(?:{'|'.join(_TITLES)})?|{name[0]}(?:{'|'.join(_TITLES)})"
    for other in words.instead:
        yield re.sub(f"(?:{called})[的嘅]?", other, said)


def _after_no(said: str, words: Lexicon) -> str:
    """不是，我是他老伴 without its no."""
    glue = " " if words.by_word else ""
    denial = max((no for no in words.no if said.startswith(f"{no}{glue}")), key=len, default="")
    return said.removeprefix(f"{denial}{glue}") if denial else said


def _of_family(pieces: list[tuple[str, str]]) -> bool:
    """我老公叫张三, "my husband is John Smith"."""
    return any(kind == "people" and word.startswith(("我", "my")) for word, kind in pieces)


# --- other names -----------------------------------------------------------------------------

def _introduces(pieces: list[tuple[str, str]], words: Lexicon) -> bool:
    """Whether what is strange follows "I am"; in English also "it's me", or before "speaking"."""
    place = next(number for number, (_, kind) in enumerate(pieces) if not kind)
    before, kind = pieces[place - 1] if place else ("", "")
    return kind == "intro" or before in words.introductions or (words.by_word and (
        kind == "me" or ("speaking", "me") in pieces[place:]))


def _is_like(strange: str, names: tuple[str, ...], words: Lexicon) -> bool:
    """A part of the name, the surname with 老 or a title, or what sounds like the whole."""
    if words.by_word:
        said = [part for part in strange.split() if part not in _TITLES_EN]
        return any(tuple(said) in permutations(name.split(), len(said))
                   for name in names) if said else False
    [name] = names
    if lazy_pinyin(strange) == lazy_pinyin(name):
        return True
    surname, given = name[0], name[1:]
    return strange in (surname, f"老{surname}", f"小{surname}", f"阿{surname}",
                       *(f"{surname}{title}" for title in _TITLES)) or (
        len(given) > 1 and strange == given)


def _is_a_name(strange: str, pieces: list[tuple[str, str]], words: Lexicon) -> bool:
    """Whether it can hardly be anything but somebody's name: else it was not understood."""
    if words.by_word:
        told = any(word in ("my name is", "my name's", "speaking") for word, _ in pieces)
        return told and len(strange.split()) <= 3
    if ("我姓", "intro") in pieces:
        return strange in _SURNAMES
    rest = re.sub(f"^[老小阿]|(?:{'|'.join(_TITLES)})$", "", strange)
    return len(strange) > 1 and rest[:1] in _SURNAMES and len(rest) <= 3
