"""A relative answers, or a stranger; and people who say no more than "hello?" or "who is this?"."""

from __future__ import annotations

from dataclasses import replace

import pytest

from followup.calls.models import AnsweredBy, Disposition
from ivr.conversation import Context
from ivr.conversation.actions import Report, StopCalling
from ivr.conversation.events import MachineHeard, Spoken
from ivr.conversation.speech import hears
from ivr.conversation.state import Phase
from ivr.understanding import Wish, Wished, wish
from tests.ivr.conversation.driver import CONTEXT, Call
from tests.ivr.conversation.test_speech import say

ENGLISH = replace(CONTEXT, language="en")
OPENING = ["greeting", "recording-notice"]
DIED, WRONG = Report(Disposition.DEATH_REPORTED), Report(Disposition.WRONG_PERSON)
AT = {"identity": [], "middle": ["1", "1", "36*8#"]}


def at(place: str, context: Context = CONTEXT) -> Call:
    return Call(context=context).play(*AT[place])


@pytest.mark.parametrize(("language", "meant", "said"), [
    ("zh", Wish.AWAY, "他不在 她不在 他不在家 我爸不在家 她现在不在 病人不在 他睡了 对不起他不在"),
    ("zh", Wish.DIED, "他去世了 她已经去世了 他不在了 我妈上个月过世了 人没了 他走了"),
    ("zh", Wish.WRONG_NUMBER, "打错了 喂你打错了 没有这个人 你找错人了 打错电话了"),
    ("zh", Wish.HELLO, "喂 喂喂 喂，你好 你好 您好 喂喂喂 听得到吗"),
    ("zh", Wish.WHO, "喂你哪位 你是谁 哪里打来的"),
    ("yue", Wish.AWAY, "佢唔喺度 佢唔喺屋企 阿媽唔喺屋企 佢出咗街"),
    ("yue", Wish.DIED, "佢過咗身 老豆過咗身 佢唔喺度喇 佢走咗"),
    ("yue", Wish.WRONG_NUMBER, "打錯 你打錯喇 搭錯線"),
    ("yue", Wish.HELLO, "喂 喂你好 聽唔聽到"),
    ("yue", Wish.WHO, "你邊位 邊個"),
    ("en", Wish.AWAY, "he's not here|she is not at home|my husband is not here|he's not here now"),
    ("en", Wish.DIED, "he passed away|my mother died|she has passed away|I'm afraid he's dead|"
                      "my wife passed away last month"),
    ("en", Wish.WRONG_NUMBER, "wrong number|sorry, you have the wrong number|wrong person"),
    ("en", Wish.HELLO, "hello|hello?|hello, are you there?|hi|can you hear me"),
    ("en", Wish.WHO, "who is this?|hello, who's calling please"),
])
def test_what_is_said_of_the_patient_needs_no_words_of_the_questionnaire(
        language: str, meant: Wish, said: str) -> None:
    for words in said.split("|") if "|" in said else said.split():
        assert wish(language, words) == Wished(meant), words


@pytest.mark.parametrize("said", ["我不在乎", "他不疼了", "不在家吃饭", "已经走了两公里", "疼死了",
                                  "我爸很好", "他", "打错了字"])
def test_what_only_sounds_like_it_is_not_that(said: str) -> None:
    assert wish("zh", said) is None


# --- not here --------------------------------------------------------------------------------

@pytest.mark.parametrize("place", AT)
@pytest.mark.parametrize(("context", "words"), [(CONTEXT, "他不在"), (ENGLISH, "he's not here")])
def test_who_says_that_the_patient_is_not_here_is_asked_when_and_told_nothing(
        place: str, context: Context, words: str) -> None:
    call = say(at(place, context), words)
    assert call.said == ["reach-when"]
    call.play("1830", "silence", "1")
    assert (call.outcome, call.state.answered_by) == ("call_back", AnsweredBy.RELATIVE)


def test_what_was_hardly_heard_is_asked_back_and_taken_back() -> None:
    call = say(at("middle"), "他不在", confidence=0.4)
    assert call.said == ["away-right"]
    assert say(call, "不是").said == ["misheard", "wound-pain"]
    assert (say(call, "他不在", confidence=0.4).said, call.play("1").said) == (
        ["away-right"], ["reach-when"])
    assert say(at("middle"), "我现在不方便", confidence=0.4).said == ["later-right"]


def test_a_relative_who_does_not_know_when_lets_us_choose_and_may_hear_it_again() -> None:
    call = say(Call(), "我是他女儿", "再说一遍")
    assert call.said == ["reach-when"]
    assert say(call, "喂").said == ["listening", "reach-when"]
    assert say(call, "不知道").outcome == "call_back"
    assert call.end and call.end.call_back is None


# --- passed away -----------------------------------------------------------------------------

@pytest.mark.parametrize("place", AT)
@pytest.mark.parametrize(("context", "words", "yes"), [
    (CONTEXT, "她去世了", "是的"), (ENGLISH, "he passed away", "yes")])
def test_a_death_is_asked_back_once_and_ends_the_call_with_condolence(
        place: str, context: Context, words: str, yes: str) -> None:
    call = say(at(place, context), words)
    assert call.said == ["died-right"]
    assert DIED not in call.done                # nobody is stopped by one word of a recogniser
    say(call, yes)
    assert (call.said, call.outcome) == (["goodbye-condolence"], "death_reported")
    assert DIED in call.done
    assert call.done.index(DIED) < len(call.done) - 2        # kept before it is answered


@pytest.mark.parametrize("how", ["1", "silence", "hangup"])
def test_a_death_that_was_clearly_told_needs_no_second_word(how: str) -> None:
    call = say(Call().play("1"), "他去世了").play(how)
    assert (DIED in call.done, call.outcome) == (True, "death_reported")


@pytest.mark.parametrize("how", ["silence", "hangup"])
def test_a_death_that_was_hardly_heard_needs_one(how: str) -> None:
    call = say(Call().play("1"), "他去世了", confidence=0.4).play(how)
    assert DIED not in call.done
    assert call.said == ["misheard", "feeling"] or call.outcome == "partial"


def test_a_patient_who_is_alive_goes_on_with_any_other_key() -> None:
    for key in ("2", "3", "9"):
        call = say(at("middle"), "他去世了").play(key)
        assert call.said == ["misheard", "wound-pain"]
        assert call.play("2#").stored["wound-pain"] == {"valueInteger": 2}
        assert DIED not in call.done


def test_it_may_be_said_where_it_is_asked_when_the_patient_can_be_reached() -> None:
    call = say(Call().play("4"), "他不在了")
    assert call.said == ["died-right"]
    assert say(call, "没错").outcome == "death_reported"
    assert call.state.answered_by is AnsweredBy.RELATIVE
    assert say(say(Call().play("4"), "他不在了"), "不是").said == ["reach-when"]


def test_a_finding_rings_no_nurse_at_a_condolence() -> None:
    call = Call().play("1", "3", "39*0#")
    assert say(call, "她去世了", "是的").escalations == []


# --- a wrong number --------------------------------------------------------------------------

@pytest.mark.parametrize(("context", "words"), [(CONTEXT, "打错了"), (ENGLISH, "wrong number")])
def test_a_wrong_number_is_marked_at_the_identity_check_by_key_or_words(
        context: Context, words: str) -> None:
    by_key, by_voice = Call(context=context).play("2"), say(Call(context=context), words)
    for call in (by_key, by_voice):
        if call.outcome is None:
            call.play("1")
        assert (call.outcome, WRONG in call.done) == ("wrong_person", True)
        assert call.said == ["goodbye-wrong-person"]


def test_in_the_middle_it_may_be_a_slip_and_is_asked_back() -> None:
    call = say(at("middle"), "打错了")
    assert call.said == ["wrong-number-right"]
    assert say(call, "不是").said == ["misheard", "wound-pain"]
    assert (say(call, "打错了", "打错了").outcome, WRONG in call.done) == ("wrong_person", True)


@pytest.mark.parametrize(("context", "no", "relative", "yes"), [
    (CONTEXT, "不是", "我是他儿子", "对"), (ENGLISH, "no", "he's my husband", "yes")])
def test_no_alone_gives_no_number_up_and_an_everyday_yes_is_the_patient(
        context: Context, no: str, relative: str, yes: str) -> None:
    call = say(Call(context=context), no)
    assert (call.said, WRONG in call.done) == (["wrong-number-right"], False)
    assert say(call, relative).said == ["reach-when"]
    assert say(Call(context=context), no, no).said[:2] == ["misheard", "identity"]
    assert WRONG not in say(Call(context=context), no).play("hangup").done
    assert say(Call(context=context), yes).said == ["introduction", "feeling"]


@pytest.mark.parametrize("words", ["嗯", "好的", "喂你好请问你是谁", "我在开会呢等会再打", "请讲"])
def test_nobody_is_taken_for_the_patient_for_being_polite(words: str) -> None:
    call = say(Call(), words)
    assert "identity" not in call.stored
    assert "introduction" not in call.said


def test_what_answers_the_question_itself_is_taken_for_that() -> None:
    assert say(Call(), "他走了", "是的，上个月走的").outcome == "death_reported"
    assert say(Call(), "打错了吗", "喂").state.link_id == "identity"
    assert say(Call(), "不是", "我是本人").said == ["introduction", "feeling"]
    assert say(Call(), "不是", "说英语").languages[-1] == "en"


def test_nothing_that_is_misheard_goes_on_for_ever() -> None:
    call = at("middle")
    for _ in range(20):
        say(call, "他去世了", confidence=0.4).play("2")
    assert DIED not in call.done
    assert call.state.link_id != "wound-pain"


# --- hello? ----------------------------------------------------------------------------------

@pytest.mark.parametrize(("context", "words"), [(CONTEXT, "喂"), (CONTEXT, "喂你好"),
                                                (ENGLISH, "hello?")])
def test_who_only_says_hello_is_told_that_somebody_listens_and_it_is_no_misunderstanding(
        context: Context, words: str) -> None:
    call = say(Call(context=context), words)
    assert call.said == [*OPENING, "recording-choice", "identity", "other-language"]
    call = say(at("middle", context), words)
    assert (call.said, call.state.misses) == (["listening", "wound-pain"], 0)


def test_what_is_said_over_the_greeting_lets_it_begin_anew_once() -> None:
    call = Call()
    call.send(Spoken("", 0.0, cut=True))
    assert call.said[:2] == OPENING
    call.send(Spoken("", 0.0, cut=True))
    assert call.said[0] == "not-understood"
    later = Call().play("1")
    later.send(Spoken("", 0.0, cut=True))
    assert later.said[0] == "not-understood"


def test_who_asks_who_is_calling_is_told() -> None:
    assert say(at("middle"), "你是谁").said == ["greeting", "wound-pain"]
    assert say(at("middle", ENGLISH), "who is this?").said == ["greeting", "wound-pain"]


def test_what_was_read_back_is_still_there_after_a_hello() -> None:
    call = say(Call().play(*AT["middle"], "2#", "1"), "没有", "喂")
    assert call.said == ["listening", "heard-risky"]
    assert call.play("1").stored["breathlessness"] == {"valueBoolean": False}


def test_a_machine_that_says_hello_is_no_person() -> None:
    call = say(Call(), "喂你好")
    call.send(MachineHeard(certain=True))
    assert call.outcome == "voicemail"


def test_a_time_is_not_lost_by_a_hello() -> None:
    call = say(Call().play("3"), "明天下午三点半", "喂")
    assert (call.state.phase, call.said[-1]) == (Phase.CONFIRMING_TIME, "time-right")
    assert say(call, "对的").end and call.end and call.end.call_back


def test_a_patient_may_say_there_that_no_call_is_wanted_and_a_relative_may_not() -> None:
    assert say(Call().play("3"), "不要再打了").said == ["stop-calling"]
    call = say(Call().play("4"), "不要再打了")
    assert call.said == ["not-understood", "reach-when"]
    assert StopCalling() not in call.done


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_recogniser_listens_for_all_that(language: str) -> None:
    call = Call(context=replace(CONTEXT, language=language)).play("1")
    asked = {wish(language, phrase) for phrase in getattr(hears(call.state), "phrases", ())}
    assert {Wished(each) for each in (Wish.HELLO, Wish.WHO, Wish.AWAY, Wish.DIED,
                                      Wish.WRONG_NUMBER)} <= asked
    say(call, "他去世了" if language == "zh" else "he died")
    grammar = hears(call.state)
    assert grammar and {"是的", "yes"} & {*grammar.phrases}
