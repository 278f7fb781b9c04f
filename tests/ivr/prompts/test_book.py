"""Prompts become files: by a person's recording if there is one, else by voice, and only once."""

from __future__ import annotations

import asyncio
import threading
from decimal import Decimal
from pathlib import Path

import pytest

from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE
from ivr.prompts import Prompt, PromptBook, campaign_prompts
from ivr.prompts.errors import UnknownPrompt, VoiceError
from tests.ivr.conversation.driver import CONTEXT, Call
from tests.ivr.prompts.sounds import measure, tone

SAMPLE = load_questionnaire(POST_DISCHARGE.read_bytes())


class ToneVoice:
    """Speaks in tones, and remembers what it was asked to say."""

    def __init__(self, name: str = "tones") -> None:
        self.name = name
        self.said: list[tuple[str, str, int]] = []
        self.threads: set[str] = set()

    def speaks(self, language: str) -> bool:
        return language != "yue"

    def speak(self, text: str, language: str, words_per_minute: int) -> bytes:
        self.said.append((text, language, words_per_minute))
        self.threads.add(threading.current_thread().name)
        if "骨折" in text:
            raise VoiceError("the voice is hoarse")
        return tone(300, 0.2, 22050)


@pytest.fixture
def voice() -> ToneVoice:
    return ToneVoice()


@pytest.fixture
def book(tmp_path: Path, voice: ToneVoice) -> PromptBook:
    book = PromptBook(tmp_path / "sounds", tmp_path / "human", voice)
    book.learn(SAMPLE)
    return book


def record(book: PromptBook, name: str, sound: bytes) -> None:
    file = book.human_dir / f"{name}.wav"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(sound)


GOODBYE = Prompt("goodbye", {}, "zh")


async def test_a_prompt_is_spoken_once_by_whichever_process(
        book: PromptBook, voice: ToneVoice, tmp_path: Path) -> None:
    name = await book.file_for(GOODBYE)
    path = Path(name + ".wav")
    assert path.parent == tmp_path / "sounds" / "zh"
    assert measure(path).rate == 8000
    assert path.stat().st_mode & 0o044 == 0o044
    other = PromptBook(book.sounds_dir, book.human_dir, voice)
    assert await other.file_for(Prompt("goodbye"), "zh") == name == await book.file_for(GOODBYE)
    assert len(voice.said) == 1
    assert threading.main_thread().name not in voice.threads


async def test_many_at_once_leave_one_whole_file(book: PromptBook) -> None:
    names = await asyncio.gather(*(book.file_for(GOODBYE) for _ in range(8)))
    assert len(set(names)) == 1
    assert [file.name for file in book.sounds_dir.rglob("*") if file.is_file()] == [
        Path(names[0]).name + ".wav"]


async def test_text_rate_and_language_make_other_files(
        book: PromptBook, voice: ToneVoice, tmp_path: Path) -> None:
    faster = PromptBook(book.sounds_dir, book.human_dir, voice, words_per_minute=200)
    names = {await book.file_for(Prompt("read-back", {"value": Decimal("36.5")}), "zh"),
             await book.file_for(Prompt("read-back", {"value": Decimal("36.6")}), "zh"),
             await book.file_for(Prompt("read-back", {"value": Decimal("36.5")}), "en"),
             await faster.file_for(Prompt("read-back", {"value": Decimal("36.5")}), "zh")}
    assert len(names) == 4


def test_keys_are_offered_slowly(book: PromptBook, voice: ToneVoice) -> None:
    book.render(Prompt("post-discharge/feeling"), "zh")
    book.render(Prompt("post-discharge/feeling~keys"), "zh")
    assert [rate for _, _, rate in voice.said] == [150, 120]


def test_a_human_recording_wins_and_is_made_fit(book: PromptBook, voice: ToneVoice) -> None:
    record(book, "zh/goodbye", tone(700, 1.5, 44100, channels=2, loudness=0.02))
    record(book, "zh/post-discharge/feeling", tone(700, 2.5))
    heard = measure(book.render(GOODBYE))
    assert heard.seconds == pytest.approx(1.5, abs=0.05)
    assert -20 < heard.loudness < -16
    question = measure(book.render(Prompt("post-discharge/feeling"), "zh"))
    assert question.seconds == pytest.approx(2.5, abs=0.05)
    assert voice.said == []
    assert measure(book.render(Prompt("goodbye"), "en")).seconds < 0.5      # none in English


def test_a_new_recording_is_heard_after_preparing_again(book: PromptBook) -> None:
    synthetic = book.render(GOODBYE)
    record(book, "zh/goodbye", tone(700, 1.5))
    assert book.prepare([GOODBYE]).rendered == 1
    assert book.render(GOODBYE) != synthetic


def test_a_bad_recording_is_told_and_the_voice_speaks(book: PromptBook, voice: ToneVoice) -> None:
    record(book, "zh/goodbye", b"not a sound")
    done = book.prepare([GOODBYE, Prompt("greeting", {"hospital": "和安"}, "zh")])
    assert done.rendered == 2
    assert done.faults == ["zh/goodbye.wav: not a WAV file that can be read"]
    assert any("再见" in text for text, _, _ in voice.said)


def test_no_recording_stands_for_a_text_with_a_patients_name(
        book: PromptBook, voice: ToneVoice) -> None:
    record(book, "zh/post-discharge/identity", tone())
    record(book, "zh/greeting", tone(700, 1.0))
    book.render(Prompt("post-discharge/identity", {"name": "张三"}), "zh")
    assert len(voice.said) == 1
    book.render(Prompt("greeting", {"hospital": "和安医院"}), "zh")      # but for the hospital's
    assert len(voice.said) == 1


async def test_all_that_a_campaigns_calls_say_was_prepared(
        book: PromptBook, voice: ToneVoice) -> None:
    done = book.prepare(campaign_prompts(SAMPLE, CONTEXT.hospital, [
        (CONTEXT.name, CONTEXT.department), ("王芳", "心内科")]))
    assert done.rendered == len(voice.said) > 100
    assert done.faults == []
    calls = [Call().play("1", "1", "36*8#", "2#", "1", "2", "1", "#"),
             Call().play("8", "1", "silence", "7", "3", "385#", "2", "50#", "38*5#", "8#", "3",
                         "4", "2", "busy", "1", "busy", "spoke", "nobody"),
             Call().play("silence", "silence", "silence"), Call().play("2"), Call().play("3"),
             Call().play("1", "0", "nobody", "1", *["silence"] * 9),
             Call().play("1", "1", "36*8#", "2#", "1", "1", "nobody")]
    for call in calls:
        for action in call.done:
            for prompt in getattr(action, "prompts", ()):
                await book.file_for(prompt, call.state.language)
    assert len(voice.said) == done.rendered


def test_preparing_goes_on_after_a_fault(book: PromptBook) -> None:
    done = book.prepare([Prompt("introduction", {"department": "骨折科"}, "zh"), GOODBYE,
                         Prompt("no-such"), Prompt("goodbye", {}, "fr")], "zh")
    assert done.rendered == 1
    assert done.faults == ["the voice is hoarse", "there is no prompt no-such in zh",
                           "no prompts for the language fr"]


def test_a_missing_variable_is_named(book: PromptBook) -> None:
    with pytest.raises(UnknownPrompt, match="hospital"):
        book.render(Prompt("greeting"), "zh")


def test_a_failed_writing_leaves_nothing_behind(book: PromptBook) -> None:
    with pytest.raises(VoiceError):
        book.render(Prompt("introduction", {"department": "骨折科"}), "zh")
    assert not [file for file in book.sounds_dir.rglob("*") if file.is_file()]
