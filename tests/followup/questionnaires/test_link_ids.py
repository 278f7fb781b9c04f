"""Any text of FHIR is a linkId, and each has a name of its own for files, forms and pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.link_ids import MOST, PLAIN, as_name, is_sound
from ivr.prompts.prompt import keys_id, question_id
from ivr.prompts.recordings import Recordings
from tests.followup.questionnaires.build import choice, questionnaire

link_ids = st.text(min_size=1, max_size=MOST).filter(is_sound)
alike = st.text("aA~2F/. _-é体", min_size=1, max_size=6).filter(is_sound)


@given(st.from_regex(PLAIN, fullmatch=True))
def test_a_plain_linkid_keeps_the_file_names_that_people_recorded_for(link_id: str) -> None:
    assert as_name(link_id) == link_id


@given(st.lists(link_ids | alike, unique=True, min_size=2, max_size=20))
@example(["/44250-9", "~2F44250-9", "44250-9", "x" * 97, "x" * 98, "体" * 33, "体" * 34])
@example(["a", "a~keys", "~", "~~", ".", "..", "_a", "-"])
def test_no_two_linkids_share_a_prompt_or_a_file(ids: list[str]) -> None:
    names = [name for link_id in ids for name in (as_name(link_id), f"{as_name(link_id)}~keys")]
    assert len(set(names)) == len(names)
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9~][A-Za-z0-9._~-]*", name)
        assert len(name) < 150


@pytest.mark.parametrize(
    "link_id", ["/44250-9", "体温 1", "../../etc/passwd", "a.b c", "体" * MOST])
def test_what_is_said_of_it_may_be_recorded_by_a_person(link_id: str, tmp_path: Path) -> None:
    asked = load_questionnaire(questionnaire(choice(link_id)))
    recordings = Recordings(tmp_path)
    paths = {recordings.path(name, "zh") for name in (
        question_id(asked, asked.items[0]), keys_id(asked, asked.items[0]))}
    assert len(paths) == 2
    assert all(path.parent == recordings.folder / "zh" / "some" for path in paths)


def test_it_goes_out_as_it_came_in() -> None:
    assert as_name("/44250-9") == "~2F44250-9"
    asked = load_questionnaire(questionnaire(choice("/44250-9")))
    assert asked.item("/44250-9").link_id == asked.resource["item"][0]["linkId"] == "/44250-9"
