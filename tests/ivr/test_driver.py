"""The driver between a patient who listens, presses and hangs up, and the hospital's desk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from followup.calls.models import Disposition
from followup.errors import Unavailable
from ivr import driver
from ivr.agi import AgiCommandFailed, AgiHangup, Playback, Recorded
from ivr.conversation import State, begin
from ivr.conversation.actions import Action, End, Escalate, Listen, Mark, Say, StoreAnswer
from ivr.conversation.events import Clock, Event, Key, Started, TimedOut
from ivr.driver import Ended, converse
from ivr.key_line import KeyLine
from ivr.line import Line
from ivr.prompts.prompt import Prompt
from ivr.prompts.tones import BEEP, QUIET, quiet_offset
from tests.ivr.conversation.driver import CONTEXT, SAMPLE

NORMAL = "1 1 36*8# 2# 1 2 1"          # then the message
QUESTIONS = 7                          # answered with keys


class Telephone:
    """The patient's end, as AgiChannel shows it; ``trace`` is what happened, in order.

    ``keys`` are pressed one at each quiet moment; ``-`` waits in vain. ``barge``: a sound's name
    to the key that cuts it. ``hang_up_at``: the command at which the line is found dead.
    """

    def __init__(self, keys: Iterable[str] = "", *, barge: dict[str, str] | None = None,
                 missing: Iterable[str] = (), message: Recorded | Exception | None = None,
                 hang_up_at: int | None = None) -> None:
        self.keys = iter([key for key in keys if key != " "])
        self.barge, self.missing = barge or {}, set(missing)
        self.message = message or Recorded("digit", "#", 8000 * 5)
        self.hang_up_at = hang_up_at
        self.commands = 0
        self.trace: list[str] = []
        self.offsets: list[int] = []
        self.has_tone = asyncio.Event()
        self.idle_at: list[int] = []             # how much had happened when a tone was begun

    def _live(self) -> None:
        if self.commands == self.hang_up_at:
            raise AgiHangup("the call was hung up")
        self.commands += 1

    async def stream_file(self, name: str, escape_digits: str = "", offset: int = 0) -> Playback:
        self._live()
        if name in self.missing:
            raise AgiCommandFailed("STREAM FILE failed")
        self.trace.append(name)
        if name == QUIET:
            self.offsets.append(offset)
            key = next(self.keys, "-")
            return Playback(None if key == "-" else key, 0)
        key = self.barge.get(name, "")
        return Playback(self.barge.pop(name), 0) if key and key in escape_digits \
            else Playback(None, 0)

    async def exec(self, app: str, *args: str) -> str:
        self._live()
        if app == "PlayTones":
            self.idle_at.append(len(self.trace))
            self.has_tone.set()
        else:
            assert app == "StopPlayTones"
            self.idle_at.append(-1)
        return "0"

    async def record_file(self, name: str, format: str, escape_digits: str,  # noqa: A002
                          timeout_ms: int, silence_s: int = 0, beep: bool = False) -> Recorded:
        self._live()
        self.trace.append(f"record {name}.{format}")
        if isinstance(self.message, Exception):
            raise self.message
        if self.message.reason == "hangup":
            self.hang_up_at = self.commands
        return self.message


class Desk:
    """The hospital's side: remembers; ``agent`` takes calls or not."""

    def __init__(self, telephone: Telephone, agent: bool = False) -> None:
        self.telephone = telephone
        self.agent = agent
        self.answers: dict[str, StoreAnswer] = {}
        self.marks: list[Mark] = []
        self.languages: list[str] = []
        self.handed_over: list[Escalate] = []
        self.left_out: list[str] = []

    async def store(self, answer: StoreAnswer) -> None:
        self.answers[answer.link_id] = answer
        self.telephone.trace.append(f"store {answer.link_id}")

    async def mark(self, mark: Mark) -> None:
        self.marks.append(mark)

    async def keep_recording(self, line: Line) -> None:
        pass

    async def keep_marks(self) -> None:
        pass

    async def agent_free(self) -> bool:
        return self.agent

    async def hand_over(self, escalate: Escalate, line: Line) -> bool:
        self.handed_over.append(escalate)
        self.telephone._live()
        return self.agent

    async def use_language(self, language: str) -> None:
        self.languages.append(language)
        self.telephone._live()

    async def stop_recording(self) -> None:
        self.telephone.trace.append("stop recording")
        self.telephone._live()

    async def stop_calling(self) -> None:
        self.telephone.trace.append("stop calling")

    async def report(self, what: Disposition) -> None:
        self.telephone.trace.append(f"report {what.value}")

    async def sound(self, prompt: Prompt, language: str) -> str:
        name = prompt.id.removeprefix("post-discharge/")
        return name if (prompt.language or language) == "zh" else f"{name}.en"

    async def unplayable(self, prompt: Prompt, language: str, why: str) -> None:
        self.left_out.append(prompt.id)

    def tone(self, name: str) -> str:
        return name

    def message(self, link_id: str) -> tuple[Path, str]:
        return Path("spool/m1"), "m1.wav"


async def talk(telephone: Telephone, *, agent: bool = False) -> tuple[Ended, Desk]:
    desk = Desk(telephone, agent)
    line = KeyLine(telephone, desk, "zh")  # type: ignore[arg-type]
    async with asyncio.timeout(40):
        return await converse(line, desk, begin(SAMPLE, CONTEXT)), desk


async def test_a_normal_call_is_asked_stored_and_thanked() -> None:
    telephone = Telephone(NORMAL)
    ended, desk = await talk(telephone)
    assert ended == Ended(Disposition.COMPLETED, True, "message")
    assert list(desk.answers) == ["identity", "feeling", "temperature", "wound-pain", "medication",
                                  "breathlessness", "return-visit", "message"]
    assert desk.answers["temperature"].value == {"valueDecimal": 36.8}
    assert desk.answers["message"].value["valueAttachment"]["url"] == "m1.wav"
    assert telephone.trace[:4] == ["greeting", "recording-notice", "recording-choice", "identity"]
    assert telephone.trace[-1] == "goodbye"


async def test_a_wait_is_played_as_quiet_of_its_length() -> None:
    telephone = Telephone("")
    await talk(telephone)
    assert telephone.offsets[0] == quiet_offset(6000)


# --- barge-in ----------------------------------------------------------------------------------

async def test_a_key_drops_the_rest_of_the_batch() -> None:
    telephone = Telephone("1 36*8# 2# 1 2 1", barge={"greeting": "1"})
    ended, desk = await talk(telephone)
    after = telephone.trace[1:]
    assert after[0] == "store identity", "neither notice, question nor quiet came between"
    assert "recording-notice" not in after and "identity" not in after
    assert desk.answers["identity"].heard == "1"
    assert ended.outcome is Disposition.COMPLETED


async def test_the_last_words_are_heard_whatever_is_pressed() -> None:
    telephone = Telephone(NORMAL, barge={"goodbye": "1"})
    ended, _ = await talk(telephone)
    assert telephone.trace[-1] == "goodbye"
    assert telephone.barge == {"goodbye": "1"}, "the key was not taken"
    assert ended.outcome is Disposition.COMPLETED


async def test_a_key_on_the_messages_prompt_is_not_recorded() -> None:
    telephone = Telephone(NORMAL, barge={"message": "#"})
    ended, desk = await talk(telephone)
    assert not [event for event in telephone.trace if event.startswith("record ")]
    assert "message" not in desk.answers
    assert ended == Ended(Disposition.COMPLETED, True, "message")


# --- answers -----------------------------------------------------------------------------------

async def test_an_answer_is_kept_before_the_next_prompt_starts() -> None:
    telephone = Telephone(NORMAL)
    reached, go = asyncio.Event(), asyncio.Event()

    class SlowDesk(Desk):
        async def store(self, answer: StoreAnswer) -> None:
            if answer.link_id == "feeling":
                reached.set()
                await go.wait()
            await super().store(answer)

    desk = SlowDesk(telephone)
    call = asyncio.create_task(converse(
        KeyLine(telephone, desk, "zh"), desk, begin(SAMPLE, CONTEXT)))  # type: ignore[arg-type]
    async with asyncio.timeout(40):
        await reached.wait()
        heard = list(telephone.trace)
        for _ in range(50):
            await asyncio.sleep(0)
        assert telephone.trace == heard, "the line is still while the answer is being kept"
        go.set()
        await call
    assert telephone.trace[len(heard):][:2] == ["store feeling", "temperature"]


async def test_every_answer_is_kept_before_anything_is_played_after_its_last_key() -> None:
    telephone = Telephone(NORMAL)
    await talk(telephone)
    for place, event in enumerate(telephone.trace):
        if event.startswith("store ") and event != "store message":
            assert telephone.trace[place - 1] == QUIET


async def test_an_answer_that_cannot_be_kept_ends_the_call_loudly() -> None:
    telephone = Telephone(NORMAL)

    class BrokenDesk(Desk):
        async def store(self, answer: StoreAnswer) -> None:
            raise Unavailable("the database does not answer")

    desk = BrokenDesk(telephone)
    with pytest.raises(Unavailable):
        await converse(KeyLine(telephone, desk, "zh"), desk,  # type: ignore[arg-type]
                       begin(SAMPLE, CONTEXT))
    assert telephone.trace[-1] == QUIET, "nothing is said as though the answer were there"


# --- hang-up -----------------------------------------------------------------------------------

async def _commands_of(keys: str, agent: bool) -> int:
    telephone = Telephone(keys)
    await talk(telephone, agent=agent)
    return telephone.commands


@pytest.mark.parametrize("keys", [NORMAL, "8 1 1 36*8# 2# 1 2 1", "1 1 39*2# 8# 3 1 1 2 1",
                                  "1 1 36*8# 2# 1 1", "1 0 1 0 36*8# 2# 1 2 1", "7 - - -"])
@pytest.mark.parametrize("agent", [True, False])
async def test_a_hang_up_at_any_moment_ends_the_call_with_all_that_was_said(
        keys: str, agent: bool) -> None:
    whole = await _commands_of(keys, agent)
    kept_before: list[str] = []
    assert whole > 5
    for moment in range(whole):
        telephone = Telephone(keys, hang_up_at=moment)
        ended, desk = await talk(telephone, agent=agent)
        kept = list(desk.answers)
        assert kept[:len(kept_before)] == kept_before, "later hang-ups keep no less"
        kept_before = kept
        assert ended.outcome in (Disposition.PARTIAL, Disposition.NO_INPUT, Disposition.COMPLETED,
                                 Disposition.CALLBACK_ALERT, Disposition.ESCALATED)
        if not telephone.offsets:
            assert (ended.outcome, ended.complete) == (Disposition.NO_INPUT, False)
        if ended.outcome is Disposition.COMPLETED:
            assert ended.complete and "return-visit" in kept


@pytest.mark.parametrize("answered", range(QUESTIONS))
async def test_a_hang_up_half_way_tells_which_question_was_being_asked(answered: int) -> None:
    keys = " ".join(NORMAL.split()[:answered])
    telephone = Telephone(keys)
    asked: list[str] = []

    class Leaving(Desk):
        async def mark(self, mark: Mark) -> None:
            if mark.kind == "question":
                asked.append(mark.link_id or "")
                if len(asked) == answered + 1:
                    self.telephone.hang_up_at = self.telephone.commands

    desk = Leaving(telephone)
    ended = await converse(KeyLine(telephone, desk, "zh"), desk,  # type: ignore[arg-type]
                           begin(SAMPLE, CONTEXT))
    assert ended.link_id == asked[-1]
    assert len(desk.answers) == answered
    assert ended.outcome is (Disposition.PARTIAL if answered else Disposition.NO_INPUT)
    assert not ended.complete


# --- messages ----------------------------------------------------------------------------------

async def test_a_message_cut_by_the_hang_up_is_kept() -> None:
    telephone = Telephone(NORMAL, message=Recorded("hangup", None, 8000 * 12))
    ended, desk = await talk(telephone)
    assert desk.answers["message"].heard == "12000 ms"
    assert ended == Ended(Disposition.COMPLETED, True, "message")
    assert "goodbye" not in telephone.trace


async def test_the_silence_that_ended_a_message_is_not_counted() -> None:
    telephone = Telephone(NORMAL, message=Recorded("timeout", None, 8000 * 10))
    _, desk = await talk(telephone)
    assert desk.answers["message"].heard == "6000 ms"


async def test_a_message_of_the_longest_length_counts_whole() -> None:
    telephone = Telephone(NORMAL, message=Recorded("timeout", None, 8000 * 60))
    _, desk = await talk(telephone)
    assert desk.answers["message"].heard == "60000 ms"


@pytest.mark.parametrize("silent", [
    Recorded("timeout", None, 8000 * 4), Recorded("timeout", None, 8000 * 2),
    Recorded("digit", "#", 8 * 300), Recorded("hangup", None, 0)])
async def test_a_silent_message_counts_as_none(silent: Recorded) -> None:
    ended, desk = await talk(Telephone(NORMAL, message=silent))
    assert "message" not in desk.answers
    assert ended.outcome is Disposition.COMPLETED and ended.complete


async def test_a_message_that_cannot_be_recorded_costs_only_the_message() -> None:
    telephone = Telephone(NORMAL, message=AgiCommandFailed("RECORD FILE failed: writefile"))
    with capture_logs() as logs:
        ended, desk = await talk(telephone)
    assert len(desk.answers) == QUESTIONS
    assert ended.outcome is Disposition.COMPLETED
    assert telephone.trace[-1] == "goodbye"
    assert [entry for entry in logs if entry["log_level"] == "error"]


# --- sounds ------------------------------------------------------------------------------------

@pytest.mark.parametrize("sound", ["greeting", "recording-notice", "identity", "feeling", "message",
                                   BEEP, "goodbye"])
async def test_a_sound_that_is_missing_is_passed_over_and_told(sound: str) -> None:
    telephone = Telephone(NORMAL, missing=[sound])
    with capture_logs() as logs:
        ended, desk = await talk(telephone)
    assert ended.outcome is Disposition.COMPLETED
    assert len(desk.answers) == QUESTIONS + 1
    assert sound not in telephone.trace
    told = {name.removeprefix("post-discharge/") for name in desk.left_out}
    assert told == {sound} or (sound == BEEP and "error" in {each["log_level"] for each in logs})


async def test_a_quiet_line_that_is_missing_is_our_fault_and_raises() -> None:
    """To pass it over would ask the patient without ever listening."""
    with pytest.raises(AgiCommandFailed):
        await talk(Telephone(NORMAL, missing=[QUIET]))


async def test_another_language_is_remembered_and_spoken_from_then_on() -> None:
    telephone = Telephone("8 1 1 36*8# 2# 1 2 1")
    _, desk = await talk(telephone)
    assert desk.languages == ["zh", "en"]
    assert "feeling.en" in telephone.trace and "feeling" not in telephone.trace
    assert telephone.trace[-1] == "goodbye.en"


# --- waiting -----------------------------------------------------------------------------------

async def test_what_changes_nothing_goes_on_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty batch: the wait is taken up again, and what was said is not said again."""
    state = begin(SAMPLE, CONTEXT)
    events: list[Event] = []

    def advance(state: State, event: Event) -> tuple[State, tuple[Action, ...]]:
        events.append(event)
        steps: dict[Any, tuple[Action, ...]] = {
            Started(): (Say((Prompt("hello"),)), Listen(4000)),
            TimedOut(): (End(Disposition.NO_INPUT, False),)}
        return state, steps.get(event, ())

    monkeypatch.setattr(driver, "advance", advance)
    telephone = Telephone("5 6 -")
    desk = Desk(telephone)
    async with asyncio.timeout(40):
        await converse(KeyLine(telephone, desk, "zh"), desk, state)  # type: ignore[arg-type]
    assert telephone.trace == ["hello", QUIET, QUIET, QUIET]
    assert [each for each in events if not isinstance(each, Clock)] == [
        Started(), Key("5"), Key("6"), TimedOut()]
