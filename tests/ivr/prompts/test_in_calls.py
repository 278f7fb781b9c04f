"""While calls go on: nothing is asked of a voice far away, what is missing is made or left out."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ivr.prompts import Prompt, PromptBook
from ivr.prompts import book as book_module
from ivr.prompts.errors import MissingSound, VoiceError
from tests.ivr.prompts.sounds import measure, tone
from tests.ivr.prompts.test_book import GOODBYE, SAMPLE, ToneVoice, record

GREETING = Prompt("greeting", {"hospital": "和安医院"}, "zh")
IDENTITY = Prompt("post-discharge/identity", {"name": "张三"}, "zh")


class FarVoice(ToneVoice):
    """A provider: speaks when it is well."""

    well = True

    def speak(self, text: str, language: str, words_per_minute: int) -> bytes:
        super().speak(text, language, words_per_minute)
        if not self.well:
            raise VoiceError("the voice at tts.example answers 503")
        return tone(900, 0.6, 24000)


class HangingVoice(ToneVoice):
    """Begins to speak when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def speak(self, text: str, language: str, words_per_minute: int) -> bytes:
        if "再见" in text:
            self.go.wait(30)
        return super().speak(text, language, words_per_minute)


@pytest.fixture
def voice() -> ToneVoice:
    return ToneVoice()


@pytest.fixture
def book(tmp_path: Path, voice: ToneVoice) -> PromptBook:
    book = PromptBook(tmp_path / "sounds", tmp_path / "human", voice)
    book.learn(SAMPLE)
    return book


@pytest.fixture
def far() -> FarVoice:
    return FarVoice("far")


@pytest.fixture
def mixed(tmp_path: Path, voice: ToneVoice, far: FarVoice) -> PromptBook:
    book = PromptBook(tmp_path / "sounds", tmp_path / "human", far, local=voice)
    book.learn(SAMPLE)
    return book


async def path_of(book: PromptBook, prompt: Prompt) -> Path:
    return Path(await book.file_for(prompt) + ".wav")


async def test_a_file_that_vanishes_in_mid_campaign_is_made_again_and_counted(
        book: PromptBook) -> None:
    book.prepare([GOODBYE, GREETING])
    path = await path_of(book, GOODBYE)
    path.unlink()
    with capture_logs() as logs:
        assert await path_of(book, GOODBYE) == path
        await path_of(book, GREETING)
    assert measure(path).rate == 8000
    assert [(entry["prompt"], entry["late"]) for entry in logs
            if entry["event"] == "a prompt was made during a call"] == [("goodbye", 1)]
    assert not list(book.alarms)


async def test_a_prompt_that_cannot_be_had_raises_an_alarm_until_it_is_there(
        book: PromptBook, tmp_path: Path) -> None:
    hoarse = Prompt("introduction", {"department": "骨折科"}, "zh")
    with capture_logs() as logs, pytest.raises(MissingSound, match="introduction"):
        await book.file_for(hoarse)
    assert [entry["log_level"] for entry in logs if entry.get("prompt") == "introduction"] == [
        "error"]
    other_process = PromptBook(book.sounds_dir, book.human_dir, ToneVoice())
    [alarm] = other_process.alarms
    assert (alarm.prompt_id, alarm.language, alarm.why) == (
        "introduction", "zh", "the voice is hoarse")
    await path_of(book, Prompt("introduction", {"department": "骨科"}, "zh"))
    assert not list(other_process.alarms)


async def test_a_question_left_out_is_known_by_its_id(book: PromptBook) -> None:
    prompt = Prompt("post-discharge/feeling~keys", {}, "zh")
    await book.left_out(prompt, "", "Asterisk could not play it")
    assert [alarm.prompt_id for alarm in book.alarms] == ["post-discharge/feeling~keys"]
    book.prepare([prompt])
    assert not list(book.alarms)


async def test_a_voice_that_hangs_holds_up_no_other_prompt(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    voice = HangingVoice()
    book = PromptBook(tmp_path / "sounds", tmp_path / "human", voice)
    book.prepare([GREETING])
    monkeypatch.setattr(book_module, "LATE_S", 0.2)
    missing = [Prompt(name, {}, "zh") for name in (
        "goodbye", "goodbye-refused", "goodbye-call-back", "goodbye-no-input", "fallback",
        "goodbye-stopped", "goodbye-wrong-person")]
    told = await asyncio.gather(*(book.file_for(prompt) for prompt in missing),
                                return_exceptions=True)
    assert {type(each) for each in told} == {MissingSound}
    assert "not made within 0.2 s" in str(told[0])
    assert (await path_of(book, GREETING)).exists()
    voice.go.set()


async def test_a_recording_made_in_mid_campaign_is_heard_from_the_next_call(
        book: PromptBook) -> None:
    book.prepare([GOODBYE])
    spoken = await path_of(book, GOODBYE)
    record(book, "zh/goodbye", tone(700, 1.5))
    first = await path_of(book, GOODBYE)
    assert measure(first).seconds == pytest.approx(1.5, abs=0.05)
    record(book, "zh/goodbye", tone(700, 2.5))
    second = await path_of(book, GOODBYE)
    assert measure(second).seconds == pytest.approx(2.5, abs=0.05)
    book.recordings.path("goodbye", "zh").unlink()
    assert await path_of(book, GOODBYE) == spoken
    record(book, "zh/goodbye", b"not a sound")
    assert await path_of(book, GOODBYE) == spoken


async def test_a_file_that_is_broken_is_made_anew_after_one_call(book: PromptBook) -> None:
    book.prepare([GOODBYE])
    path = await path_of(book, GOODBYE)
    whole = path.read_bytes()
    path.write_bytes(whole[:1000])
    assert await path_of(book, GOODBYE) == path            # its size alone does not tell
    await book.left_out(GOODBYE, "zh", "Asterisk could not play it")
    assert (await path_of(book, GOODBYE)).read_bytes() == whole
    path.write_bytes(b"")
    assert (await path_of(book, GOODBYE)).read_bytes() == whole


async def test_a_sound_that_is_well_is_not_thrown_away(book: PromptBook) -> None:
    book.prepare([GOODBYE])
    path = await path_of(book, GOODBYE)
    await book.left_out(GOODBYE, "zh", "Asterisk was out of channels")
    assert path.exists()


# --- with a voice far away ---------------------------------------------------------------------

async def test_nobody_far_away_is_asked_during_a_call(
        mixed: PromptBook, voice: ToneVoice, far: FarVoice) -> None:
    assert measure(await path_of(mixed, GOODBYE)).seconds < 0.5
    assert (len(voice.said), len(far.said)) == (1, 0)
    assert mixed.prepare([GOODBYE]).rendered == 1
    assert measure(await path_of(mixed, GOODBYE)).seconds > 0.5     # the better one from now on
    assert (len(voice.said), len(far.said)) == (1, 1)


async def test_the_local_voice_stands_in_and_is_replaced_later(
        mixed: PromptBook, voice: ToneVoice, far: FarVoice) -> None:
    far.well = False
    with capture_logs() as logs:
        done = mixed.prepare([GOODBYE, GREETING])
    assert done.rendered == 2
    assert done.faults == ["the voice at tts.example answers 503; "
                           "the voice on this machine speaks instead"]
    assert len([entry for entry in logs if entry["log_level"] == "warning"]) == 1
    stand_in = await path_of(mixed, GOODBYE)
    assert mixed.prepare([GOODBYE]).reused == 1            # tried again; the stand-in is there
    far.well = True
    again = mixed.prepare([GOODBYE, GREETING])
    assert (again.rendered, again.faults) == (2, [])
    assert await path_of(mixed, GOODBYE) != stand_in
    assert {text for text, _, _ in voice.said} <= {text for text, _, _ in far.said}


def test_a_patients_name_stays_in_the_hospital_unless_it_may_leave(
        tmp_path: Path, mixed: PromptBook, voice: ToneVoice, far: FarVoice) -> None:
    mixed.prepare([IDENTITY, GREETING])
    assert [("张三" in text) for text, _, _ in voice.said] == [True]
    assert not any("张三" in text for text, _, _ in far.said)
    trusting = PromptBook(tmp_path / "others", tmp_path / "human", far, local=voice,
                          names_locally=False)
    trusting.learn(SAMPLE)
    trusting.prepare([IDENTITY])
    assert any("张三" in text for text, _, _ in far.said)


def test_a_language_without_a_voice_far_away_is_spoken_here(
        tmp_path: Path, far: FarVoice) -> None:
    class Cantonese(ToneVoice):
        def speaks(self, language: str) -> bool:
            return True

    here = Cantonese()
    book = PromptBook(tmp_path / "sounds", tmp_path / "human", far, local=here)
    assert book.prepare([Prompt("goodbye", {}, "yue")]).faults == []
    assert (len(here.said), len(far.said)) == (1, 0)
