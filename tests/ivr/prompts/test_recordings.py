"""What people record is checked, kept with who and when, and stands for its own text alone."""

from __future__ import annotations

import csv
import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from followup.errors import InvalidInput
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE
from ivr.prompts import Prompt, PromptBook
from ivr.prompts.errors import BadRecording
from ivr.prompts.fixed import write_fixed
from ivr.prompts.inventory import Entry, State, find, inventory, to_csv
from ivr.prompts.prompt import question_id
from ivr.prompts.recordings import Recordings, clipped
from ivr.prompts.texts import FRAGMENTS, catalogue
from ivr.prompts.wav import read_wav, write_wav
from tests.followup.questionnaires.published import pain
from tests.ivr.prompts.sounds import measure, tone
from tests.ivr.prompts.test_book import GOODBYE, SAMPLE, ToneVoice

HOSPITAL = {"zh": "和安医院", "yue": "和安醫院", "en": "Hean Hospital"}
SPEECH = tone(300, 1.0, 44100, channels=2, loudness=0.2, silence=0.5)


@pytest.fixture
def book(tmp_path: Path) -> PromptBook:
    return PromptBook(tmp_path / "sounds", tmp_path / "human", ToneVoice())


def entries(book: PromptBook, language: str = "zh") -> dict[str, Entry]:
    return {entry.id: entry for entry in inventory(book, language, [SAMPLE], HOSPITAL)}


def add(book: PromptBook, name: str, sound: bytes = SPEECH, language: str = "zh") -> None:
    entry = entries(book, language)[name]
    book.recordings.add(name, language, sound, by="林护士", text=entry.text)


# --- what is taken -----------------------------------------------------------------------------

def test_a_recording_is_kept_in_full_quality_with_who_when_and_what(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path)
    recordings.add("post-discharge/feeling", "zh", SPEECH, by="林护士", text="您感觉怎么样？")
    found = recordings.find("post-discharge/feeling", "zh")
    assert found
    assert (found.by, found.text) == ("林护士", "您感觉怎么样？")
    assert abs(found.at - datetime.now(UTC)) < timedelta(minutes=1)
    kept = read_wav((tmp_path / "zh" / "post-discharge" / "feeling.wav").read_bytes())
    assert kept.rate == 44100
    assert kept.seconds == pytest.approx(2.0, abs=0.01)
    assert recordings.remove("post-discharge/feeling", "zh")
    assert recordings.find("post-discharge/feeling", "zh") is None
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not recordings.remove("post-discharge/feeling", "zh")


def test_a_recording_beyond_the_studios_rate_is_brought_down(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path)
    recordings.add("goodbye", "zh", tone(440, 1.0, 96000), by="", text="再见")
    kept = read_wav((tmp_path / "zh" / "goodbye.wav").read_bytes())
    assert (kept.rate, round(kept.seconds, 2)) == (48000, 1.0)


@pytest.mark.parametrize(("sound", "told"), [
    (tone(seconds=0.1), "too short: 0.1 s"), (tone(loudness=0), "empty or silent"),
    (tone(loudness=0.001), "empty or silent"), (tone(seconds=61), "too long: 61 s"),
    (tone(rate=6000), "6000 Hz; expected 8,000 Hz or more"),
    (write_wav(np.clip(3 * np.sin(np.arange(16000) / 8), -1, 1), 16000), "overdriven"),
    (b"hello", "not a sound file"), (b"", "not a sound file")])
def test_what_is_not_fit_is_refused_and_leaves_what_was_there(
        tmp_path: Path, sound: bytes, told: str) -> None:
    recordings = Recordings(tmp_path)
    recordings.add("goodbye", "zh", SPEECH, by="a", text="再见")
    before = (tmp_path / "zh" / "goodbye.wav").read_bytes()
    with pytest.raises(BadRecording, match=told) as refused:
        recordings.add("goodbye", "zh", sound, by="b", text="再见", field="me.wav")
    assert refused.value.field == "me.wav"
    assert refused.value.expected
    assert (tmp_path / "zh" / "goodbye.wav").read_bytes() == before
    found = recordings.find("goodbye", "zh")
    assert found
    assert found.by == "a"


def test_a_loud_voice_is_not_taken_for_an_overdriven_one() -> None:
    assert clipped(np.sin(np.arange(44100) / 16)) == 0
    noise = np.random.default_rng(1).normal(0, 0.2, 44100).clip(-1, 1)
    assert clipped(noise) == 0


@pytest.mark.parametrize("prompt_id", ["../greeting", "a/../b", "/etc/passwd", "a/b/c", ".hidden",
                                       "a\0b", "", "a/", "~/x y"])
def test_no_id_leads_out_of_the_folder(tmp_path: Path, prompt_id: str) -> None:
    recordings = Recordings(tmp_path / "prompts")
    with pytest.raises(InvalidInput, match="id: expected a prompt's id"):
        recordings.add(prompt_id, "zh", SPEECH, by="", text="")
    with pytest.raises(InvalidInput):
        recordings.add("greeting", "../zh", SPEECH, by="", text="")
    assert not list(tmp_path.rglob("*.wav"))


# --- what is heard -----------------------------------------------------------------------------

def test_a_recording_is_heard_until_its_text_changes(book: PromptBook) -> None:
    add(book, "goodbye")
    assert measure(book.render(GOODBYE)).seconds > 0.9
    book.recordings.add("goodbye", "zh", SPEECH, by="a", text="从前的话")
    done = book.prepare([GOODBYE])
    assert done.faults == ["zh/goodbye.wav: its text has changed since it was recorded; "
                           "record it anew"]
    assert measure(book.render(GOODBYE)).seconds < 0.5
    assert entries(book)["goodbye"].state is State.OUTDATED


def test_a_greeting_is_recorded_for_one_hospitals_name(book: PromptBook) -> None:
    add(book, "greeting")
    ours = book.render(Prompt("greeting", {"hospital": "和安医院"}, "zh"))
    assert measure(ours).seconds > 0.9
    renamed = book.render(Prompt("greeting", {"hospital": "新和安医院"}, "zh"))
    assert measure(renamed).seconds < 0.5


def test_a_file_put_there_by_hand_is_taken_as_it_is(book: PromptBook) -> None:
    add(book, "goodbye")
    by_hand = book.human_dir / "zh" / "goodbye.wav"
    by_hand.write_bytes(tone(500, 2.0))          # the note beside it is about another file
    os.utime(by_hand, (1_700_000_000, 1_700_000_000))
    assert measure(book.render(GOODBYE)).seconds == pytest.approx(2.0, abs=0.05)
    entry = entries(book)["goodbye"]
    assert entry.state is State.RECORDED
    assert entry.recording
    assert (entry.recording.by, entry.recording.at.year) == ("", 2023)


@pytest.mark.parametrize("note", ["", "[]", "{}", "null", '{"sha256": 1}', "\udcff"])
def test_a_note_that_does_not_read_is_no_note(book: PromptBook, note: str) -> None:
    add(book, "goodbye")
    (book.human_dir / "zh" / "goodbye.json").write_bytes(note.encode(errors="surrogateescape"))
    found = book.recordings.find("goodbye", "zh")
    assert found
    assert found.by == ""


def test_what_asterisk_says_by_itself_is_the_recording_too(book: PromptBook) -> None:
    write_fixed(book, "zh", HOSPITAL)
    hold = book.sounds_dir / "zh" / "hold" / "connecting.wav"
    before = measure(hold).seconds
    add(book, "connecting", tone(400, 3.0))
    add(book, "fallback", tone(400, 2.0))
    write_fixed(book, "zh", HOSPITAL)
    assert measure(hold).seconds == pytest.approx(before + 2.8, abs=0.1)
    assert measure(book.sounds_dir / "zh" / "fallback.wav").seconds == pytest.approx(2, abs=0.1)


async def test_two_versions_of_a_questionnaire_do_not_speak_each_others_words(
        book: PromptBook) -> None:
    text = POST_DISCHARGE.read_text("utf-8").replace("您今天的体温", "您现在的体温")
    newer = load_questionnaire(text.replace(f'"version": "{SAMPLE.version}"', '"version": "9"'))
    temperature = Prompt("post-discharge/temperature", {"hospital": "和安医院"}, "zh")
    old, new = book.reading(SAMPLE), book.reading(newer)
    assert old.text(temperature) != new.text(temperature)
    first = await old.file_for(temperature)
    assert await new.file_for(temperature) != first
    assert await old.file_for(temperature) == first


# --- the listing -------------------------------------------------------------------------------

def test_the_listing_tells_what_to_record_and_what_only_a_voice_can_say(book: PromptBook) -> None:
    add(book, "goodbye")
    found = entries(book)
    assert found["goodbye"].state is State.RECORDED
    assert not found["goodbye"].missing
    assert found["greeting"].text == "您好，这里是和安医院。"
    assert found["greeting"].missing
    assert found["post-discharge/temperature"].missing
    identity = found["post-discharge/identity"]
    assert (identity.recordable, identity.missing, identity.variables) == (False, False, ("name",))
    assert not FRAGMENTS & found.keys(), "they are said as a part of others only"
    assert catalogue("zh").keys() > FRAGMENTS
    with pytest.raises(InvalidInput, match="there is no such prompt"):
        find(found.values(), "goodby")


def test_a_language_that_nobody_speaks_is_silent(book: PromptBook) -> None:
    found = entries(book, "yue")
    assert {entry.state for entry in found.values()} == {State.SILENT}
    assert all(entry.missing for entry in found.values())
    add(book, "goodbye", language="yue")
    assert entries(book, "yue")["goodbye"].state is State.RECORDED


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_prompt_of_the_listing_can_be_heard_with_sample_values(
        book: PromptBook, language: str) -> None:
    book.learn(SAMPLE)
    for entry in entries(book, language).values():
        assert measure(book.render(entry.prompt)).rate == 8000


def test_the_studio_gets_a_sheet_in_which_nothing_runs(book: PromptBook) -> None:
    found = [*entries(book).values()]
    odd = Entry("odd", "zh", "=HYPERLINK(1)", ("name",), State.SPOKEN, None, {})
    rows = list(csv.DictReader(io.StringIO(to_csv([*found, odd]).decode("utf-8-sig"))))
    assert rows[0] == {"id": "greeting", "language": "zh", "text": "您好，这里是和安医院。",
                       "variables": "", "state": "spoken", "file": "zh/greeting.wav"}
    assert rows[-1]["text"] == "'=HYPERLINK(1)"
    assert len(rows) == len(found) + 1


def test_a_question_of_any_linkid_is_recorded_and_heard(book: PromptBook) -> None:
    asked = load_questionnaire(pain())
    book.learn(asked)

    def listed() -> dict[str, Entry]:
        return {entry.id: entry for entry in inventory(book, "zh", [asked], {})
                if entry.id.startswith("nrs/")}

    names = {question_id(asked, item) for item in asked.order}
    assert listed().keys() == names
    for name, entry in listed().items():
        book.recordings.add(name, "zh", SPEECH, by="林护士", text=entry.text)
    assert {entry.state for entry in listed().values()} == {State.RECORDED}
    assert len({book.render(entry.prompt) for entry in listed().values()}) == 1    # one sound
    files = {row["file"] for row in csv.DictReader(
        io.StringIO(to_csv(listed().values()).decode("utf-8-sig")))}
    assert all((book.human_dir / file).is_file() for file in files)
    assert len(files) == len(asked.order)
