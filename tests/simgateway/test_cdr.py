"""Reading the gateway's account of its calls."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from followup.errors import InvalidInput
from simgateway.cdr import read_calls

LATER = '"1700000020.5","1700000021.25","1700000030.5","ANSWERED","+8613800130102","u2"\n'
EARLIER = '"1700000010.000001","0.000000","1700000012.5","BUSY","13800130500","u1"\n'


def test_rows_become_calls_in_the_order_of_their_beginnings(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text(LATER + EARLIER)
    first, second = read_calls(tmp_path)
    assert (first.number, first.persona_code, first.disposition) == ("13800130500", "05", "BUSY")
    assert first.answered_at is None
    assert second.answered_at == datetime.fromtimestamp(1700000021.25, UTC)
    assert second.duration_s == 10
    assert second.persona_code == "01"


def test_an_agents_phone_is_no_patient(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text(LATER.replace("+8613800130102", "agent-8001"))
    assert [call.persona_code for call in read_calls(tmp_path)] == [None]


def test_nothing_called_yet_is_no_error(tmp_path: Path) -> None:
    assert read_calls(tmp_path) == []


@pytest.mark.parametrize("line", ["x\n", LATER.replace("1700000020.5", "soon"),
                                  LATER.replace("1700000020.5", ""),
                                  LATER.strip() + ',"more"\n', LATER[:40]])
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "calls.csv").write_text(EARLIER + line)
    with pytest.raises(InvalidInput, match="line 2"):
        read_calls(tmp_path)
