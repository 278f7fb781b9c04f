"""What a node's own log of channel events tells of a call."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dialer.evidence import CallStory, EvidenceMissing, read_story

ID = "aftercall-3e1c0b0e-3b8f-4a1e-9c4e-1f2d3c4b5a69"
OTHER = "aftercall-00000000-3b8f-4a1e-9c4e-1f2d3c4b5a69"
START = datetime(2026, 11, 24, 4, 0, 0, 250000, UTC)


def line(event: str, channel_id: str = ID, second: int = 0, extra: str = "",
         channel: str = "PJSIP/trunk-00000001") -> str:
    extra = extra.replace('"', '""')
    return (f'"{event}","{START.timestamp() + second:.6f}","{channel_id}","{channel_id}",'
            f'"{channel}","s","aftercall-follow-up","","","","{extra}"\n')


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cel.csv"


def test_a_whole_call(file: Path) -> None:
    file.write_text(
        line("CHAN_START") + line("CHAN_START", OTHER) + line("ANSWER", second=3)
        + line("HANGUP", OTHER, 4, '{"hangupcause":17,"hangupsource":"","dialstatus":""}')
        + line("HANGUP", second=9, extra='{"hangupcause":16,"hangupsource":"x","dialstatus":""}')
        + line("CHAN_END", second=9))
    story = read_story(file, ID)
    assert (story.started_at, story.cause) == (START, 16)
    assert story.answered_at and (story.answered_at - START).total_seconds() == 3
    assert story.ended_at and (story.ended_at - START).total_seconds() == 9
    busy = read_story(file, OTHER)
    assert (busy.answered_at, busy.cause) == (None, 17)


def test_silence_is_an_empty_story(file: Path) -> None:
    file.touch()
    assert read_story(file, ID) == CallStory()
    file.write_text(line("CHAN_START", OTHER))
    assert read_story(file, ID) == CallStory()


def test_a_file_that_cannot_be_read_proves_nothing(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.csv", tmp_path):
        with pytest.raises(EvidenceMissing):
            read_story(path, ID)


def test_the_id_elsewhere_in_a_line_is_not_the_call(file: Path) -> None:
    """An agent's leg carries the patient's call as linkedid; a Local leg has ``;2``."""
    file.write_text(line("CHAN_START", ID + ";2")
                    + line("CHAN_START", OTHER, channel=f"Local/{ID}"))
    assert read_story(file, ID) == CallStory()


@pytest.mark.parametrize("cut", [1, 20, 60, 100])
def test_a_line_cut_off_by_a_crash_is_no_error(file: Path, cut: int) -> None:
    file.write_text(line("CHAN_START") + line("HANGUP", second=2)[:cut])
    assert read_story(file, ID).started_at == START


@pytest.mark.parametrize("extra", ["", "{", "[]", '{"hangupcause":"x"}', '{"other":1}'])
def test_a_hang_up_without_a_readable_cause_is_still_an_end(file: Path, extra: str) -> None:
    file.write_text(line("CHAN_START") + line("HANGUP", second=2, extra=extra))
    story = read_story(file, ID)
    assert story.ended_at is not None and story.cause is None


def test_a_call_is_found_in_a_long_file(file: Path) -> None:
    noise = line("CHAN_START", OTHER) * 20_000
    file.write_text(noise + line("CHAN_START") + noise + line("ANSWER", second=1) + noise)
    story = read_story(file, ID)
    assert story.started_at == START and story.answered_at is not None
