"""All flows say and hear the same."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from bench.ivr.flows import Flow, dialplan
from bench.ivr.script import ANSWERS, MESSAGE_S, Turn, Wait, keyed, rehearse, timed
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE
from ivr.conversation import Context
from ivr.prompts.book import PromptBook


class Mute:
    """A voice that says nothing."""

    name = "mute"

    def speak(self, text: str, language: str, words_per_minute: int) -> bytes:
        from tests.ivr.prompts.sounds import tone
        return tone()


async def turns(tmp_path: Path) -> list[Turn]:
    book = PromptBook(tmp_path / "sounds", tmp_path / "human", Mute())
    return await rehearse(load_questionnaire(POST_DISCHARGE.read_bytes()),
                          Context({"zh": "医院"}, "张三", "骨科", "zh"), book)


async def test_the_rehearsal_answers_all_eight_items_and_comes_to_the_end(tmp_path: Path) -> None:
    script = await turns(tmp_path)
    assert [turn.wait for turn in script] == [
        Wait.KEY, Wait.KEY, Wait.NUMBER, Wait.NUMBER, Wait.KEY, Wait.KEY, Wait.KEY, Wait.MESSAGE,
        Wait.END]
    assert tuple(turn.keys for turn in script) == (*ANSWERS, "")
    assert all(Path(f"{sound}.wav").is_file() for turn in script for sound in turn.sounds)


async def test_the_dialplan_plays_the_same_sounds_and_asks_for_the_same_keys(
        tmp_path: Path) -> None:
    script = await turns(tmp_path)
    text = dialplan(script, Path("/spool"), Path("/sounds/beep"))
    assert text.startswith(f"\n[{Flow.DIALPLAN.context}]\nexten => s,1,MixMonitor(")
    places = [text.index(sound) for turn in script for sound in turn.sounds]
    assert len(places) == len({*places}) or places == sorted(places)
    assert text.count("Read(") == len(ANSWERS) - 1
    assert text.count("Record(") == 1


def test_what_a_flow_must_have_heard_leaves_out_the_end_marks() -> None:
    assert keyed([Turn((), Wait.KEY, "1"), Turn((), Wait.NUMBER, "36*5#"),
                  Turn((), Wait.MESSAGE, "#"), Turn((), Wait.END, "")]) == "1-36*5"


def test_answers_are_due_after_what_is_loud_the_patients_reaction_and_their_keys(
        tmp_path: Path) -> None:
    for name, loud, quiet in (("one", 1.0, 0.5), ("two", 2.0, 0.0), ("beep", 0.4, 0.0)):
        samples = np.concatenate([np.full(round(loud * 8000), 3000),
                                  np.zeros(round(quiet * 8000))]).astype("<i2")
        with wave.open(str(tmp_path / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(samples.tobytes())
    one, two, beep = (str(tmp_path / name) for name in ("one", "two", "beep"))
    key = 6 * 0.02                               # held 100 ms, and its end told
    script = timed([Turn((two, one), Wait.KEY, "1"), Turn((two,), Wait.NUMBER, "12#"),
                    Turn((one,), Wait.MESSAGE, "#"), Turn((two,), Wait.END, "")], Path(beep), 1.2)
    first = 3.0 + 1.2 + key
    second = first + 2.0 + 1.2 + 2 * 18 * 0.02 + key
    third = second + 1.9 + MESSAGE_S + key
    assert script.answers_s == pytest.approx((first, second, third))
    assert script.call_s == pytest.approx(third + 2.0)
