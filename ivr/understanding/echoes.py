"""Yes and no in a question's own words: 吃药了吗 is answered by 吃了, 没吃; "do you …?" by "I do".

Derived from what is said by phone, where its wording leaves no doubt: one question, one verb, no
negation in it, no "or". The words are used by ``reading`` where nothing else is said, and change
nothing in what is read back: a red flag stands by them no more easily than by 有 and 没有.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ivr.understanding.lexicon import Lexicon, lexicon, normal

LONGEST_ECHO = 5             # signs of what is asked; more are hardly said back
_ASKED = re.compile(r"[^。．.！!？?；;，,：:]*[？?]")         # the clause with the question mark
_ASKED_EN = re.compile(r"[^.?!;:]*\?")
_SEVERAL = re.compile(r"或|还是|還是|和|及|、|跟|同埋|定係|又")
# one-syllable verbs that are said back without their object
_VERBS = frozenset("吃喝睡去做换換量测測打拆洗拉尿吐发發服用停来來走练練消退食瞓买買拿领領咳抽")
_CAN = frozenset("会會能可肯想愿要")
_FEELINGS = re.compile(r"[疼痛痒癢肿腫晕暈胀脹闷悶麻酸咳喘累红紅难難烧燒吐].?$")
_STATES = ("正常", "舒服", "满意", "清楚", "规律", "顺利", "干净", "通畅", "愈合", "稳定")
_BEFORE = re.compile(
    r"^(?:请问|您的|你的|您|你|今天|今日|昨天|琴日|现在|而家|目前|最近|这几天|这两天|呢幾日|出院以后|出院后|出院之后"
    r"|回家以后|回家后|晚上|夜里|早上|平时|已经|已經|都|还|還|仲|伤口|傷口|身上|身体|也)+")
_AFTER = re.compile(r"(?:的?(?:症状|情况|现象)|的感觉)?[呢啊呀吗嗎]?$")
_HAVE = re.compile(r"有[没沒冇](?:有)?(?P<what>.+)$")
_DONE = re.compile(r"(?P<what>.+?)(?:了|咗)(?:吗|嗎|么|没有|沒有|没|未)[呀啊呢]?$")
_DONE_YUE = re.compile(r"(?P<verb>[\u4e00-\u9fff])咗(?P<of>[\u4e00-\u9fff]{0,3})未[呀啊]?$")
_EITHER = re.compile(r"(?P<verb>.{1,2})(?P<no>[不没沒唔])(?P=verb)(?P<of>.*)$")
_IS = re.compile(r"(?P<what>.+?)(?:吗|嗎|么)[呀啊]?$")
_DEGREES = {"zh": ("有点", "有点儿", "有一点", "很", "挺", "还", "还是", "还有点", "蛮"),
            "yue": ("有啲", "少少", "好", "仲", "仲有啲")}
_AUXILIARY = re.compile(r"(?:^|, )\s*(?:and )?(?P<verb>do|does|did|have|has|is|are|was|were|can|"
                        r"could|will) (?P<who>\w+)")
_KEYED = re.compile(r"([^。.，,？?、]+)[，, ]*(?:请|請)?(?:按|撳|press) ?([12])")
_SHORT = {"am": "am not", "can": "can't", "will": "won't"}

Said = Iterator[tuple[str, bool]]         # words, and whether they say yes


@dataclass(frozen=True)
class Echoes:
    """Words that say yes, and words that say no, in normal form."""

    yes: frozenset[str] = frozenset()
    no: frozenset[str] = frozenset()


NONE = Echoes()


@lru_cache(maxsize=1024)
def echoes(question: str, language: str) -> Echoes:
    """The echoes of ``question``, text as it is said; none where it is not plain.

    No word that the language has for yes, no or a wish is among them.
    """
    words = lexicon(language)
    asked = (_ASKED_EN if words.by_word else _ASKED).findall(question)
    if len(asked) != 1:
        return NONE
    found = list(_english(asked[0].lower().strip()) if words.by_word
                 else _chinese(asked[0], words))
    yes, no = (frozenset(normal(said) for said, truth in found if truth is each)
               for each in (True, False))
    if any(_told(said, yes, no) is (key == "2") for said, key in _keyed(question)):
        return NONE                        # 呼吸正常吗？正常，请按2
    known = words.yes | words.no | {said for said, wish in words.wishes.items() if wish != "skip"}
    return Echoes(yes - no - known, no - yes - known)


def _told(said: str, yes: frozenset[str], no: frozenset[str]) -> bool | None:
    """Whether it ends in a yes or in a no; the longer word counts."""
    longest = max((word for word in yes | no if said.endswith(word)), key=len, default="")
    return None if not longest else longest in yes


def _keyed(question: str) -> Iterator[tuple[str, str]]:
    """What is said before a key of yes or of no, and which it is: 没有，请按2."""
    for said, key in _KEYED.findall(question):
        yield normal(said), key


# --- Chinese ---------------------------------------------------------------------------------

def _chinese(asked: str, words: Lexicon) -> Said:
    clause, yue = normal(asked), words.language == "yue"
    if _SEVERAL.search(asked):
        return
    if yue and (found := _DONE_YUE.search(clause)):
        yield from _done(found["verb"] + found["of"], yue)
    elif found := _HAVE.search(clause):
        yield from _had(_core(found["what"]), yue, words)
    elif found := _DONE.search(clause):
        yield from _done(_core(found["what"]), yue)
    elif found := _EITHER.search(clause):
        yield from _either(found, words.language)
    elif found := _IS.search(clause):
        yield from _is(_core(found["what"]), words)


def _core(what: str) -> str:
    """Without the time and the person before it, and words of no meaning after it."""
    return _AFTER.sub("", _BEFORE.sub("", what))


def _is_plain(what: str, words: Lexicon) -> bool:
    return 0 < len(what) <= LONGEST_ECHO and not any(no in what for no in words.negators)


def _had(what: str, yue: bool, words: Lexicon) -> Said:
    """有没有发烧: 有发烧, 没发烧, 没发过烧; 有冇痛: 唔痛."""
    if not _is_plain(what, words):
        return
    yield f"有{what}", True
    if len(what) > 1:
        yield from ((what, True), (f"{what}{'咗' if yue else '了'}", True))
    for no in ("冇", "唔", "未") if yue else ("没", "没有", "不", "从来没", "从来没有"):
        yield f"{no}{what}", False
    if yue:
        yield from _felt(what, "yue")
        return
    yield from _felt(what, "zh")
    core = next((sign for sign in what if _FEELINGS.match(sign)), "") if len(what) == 2 else ""
    for done in filter(None, (f"{what[0]}过{what[1:]}" if what[0] in _VERBS else "",
                              f"{what[0]}过" if what[0] in _VERBS else "",
                              f"{core}过" if core else "")):
        yield done, True
        yield from ((f"{no}{done}", False) for no in ("没", "没有", "从来没", "从来没有"))
    if core:                                            # 发烧: 烧过, 没烧
        yield from ((f"没{core}", False), (f"没有{core}", False), (f"不{core}", False))


def _done(what: str, yue: bool) -> Said:
    """吃药了吗: 吃了, 吃药了, 没吃, 还没吃药; 药吃了吗: 药吃了, 药没吃, 没吃."""
    if not 0 < len(what) <= LONGEST_ECHO or re.search("[是不没未]", what):
        return
    last = what[-1] in _VERBS and what[0] not in _VERBS
    verb = what[-1] if last else what[0] if what[0] in _VERBS else ""
    before, whole = (what[:-1], verb) if last else ("", what)
    not_yet = ("未", "仲未", "冇") if yue else ("没", "没有", "还没", "还没有", "都没")
    for each in dict.fromkeys(filter(None, (whole, verb))):
        for lead in dict.fromkeys(("", before)):
            yield f"{lead}{each[0]}咗{each[1:]}" if yue else f"{lead}{each}了", True
            yield from ((f"{lead}{no}{each}", False) for no in not_yet)
        if not yue:
            yield from ((f"已经{each}了", True), (f"刚{each}了", True), (f"{each}啦", True))
    yield from ((no, False) for no in not_yet if no[-1] != "没" or len(no) > 1)
    if verb and not last and len(what) > 1 and not yue:
        yield f"{verb}了{what[1:]}", True                   # 吃了药
    if verb and not yue:
        yield from ((f"{verb}过了", True), (f"{verb}过", True), (f"没{verb}过", False))


def _either(found: re.Match[str], language: str) -> Said:
    """疼不疼, 舒不舒服, 吃没吃药, 能不能走路, 痛唔痛."""
    verb, object_ = found["verb"], found["of"].rstrip("呢啊呀了")
    if verb in "是係有" or len(object_) > LONGEST_ECHO or re.search("[不没唔冇]", object_):
        return
    done = found["no"] in "没沒"
    alone = not object_ or verb in _VERBS or verb in _CAN          # 舒 of 舒不舒服 is no word
    for each in dict.fromkeys(([verb] if alone else []) + [verb + object_]):
        yield each, True
        if done:
            yield f"{each}了", True
        yield from ((f"{no}{each}", False) for no in (
            ("唔",) if language == "yue" else ("没", "没有", "还没") if done else ("不",)))
    yield from _felt(verb + object_, language)


def _is(what: str, words: Lexicon) -> Said:
    """疼吗, 发烧吗, 睡得好吗, 大便正常吗."""
    if not _is_plain(what, words) or what[0] in "是係有" or what[0] in _CAN:
        return
    yield what, True
    if well := re.fullmatch(r"(.)得(.)", what):
        verb, how = well.groups()
        yield from ((f"{verb}{no}{how}", False) for no in ("不", "得不", "唔", "得唔"))
        return
    state = next((state for state in _STATES if what.endswith(state)), what)
    yield state, True
    yield from ((f"{no}{state}", False)
                for no in (("唔", "冇") if words.language == "yue" else ("不", "没", "没有")))
    yield from _felt(state, words.language)


def _felt(what: str, language: str) -> Said:
    """有点疼; 不疼了."""
    if len(what) > 2 or not (_FEELINGS.match(what) or what in _STATES):
        return
    yield what, True
    yield from ((f"{degree}{what}", True) for degree in _DEGREES[language])
    if language != "yue":
        yield from ((f"{no}{what}", False)
                    for no in ("一点不", "一点都不", "一点也不", "已经不"))
        yield from ((f"不{what}了", False), (f"已经不{what}了", False))


# --- English ---------------------------------------------------------------------------------

def _english(asked: str) -> Said:
    """Do you …: I do, I don't; is the wound …: it is, it isn't."""
    found = _AUXILIARY.search(asked)
    if found is None or re.search(r"\bor\b", asked):
        return
    verb, who = found["verb"], found["who"]
    if who == "you":
        verb = {"are": "am", "were": "was"}.get(verb, verb)
    short = _SHORT.get(verb, f"{verb}n't")
    for subject in {"you": ("i",), "there": ("there",)}.get(who, ("it", "they")):
        for lead in ("", "yes "):
            yield f"{lead}{subject} {verb}", True
        for lead in ("", "no "):
            yield from ((f"{lead}{subject} {short}", False), (f"{lead}{subject} {verb} not", False))
            if verb == "am":
                yield f"{lead}i'm not", False
    if verb in ("have", "has", "did"):
        yield from (("not yet", False), ("no not yet", False))
