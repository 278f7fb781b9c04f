"""The recorder's process, asked over its socket, with real packets on loopback."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from recordings.g711 import ALAW
from recordings.recorder.server import local_address, merged
from tests.fakes.running_recorder import NoPackets, forbidden
from tests.recordings.recorder.telephone import (
    FIRST,
    LOUD,
    LOUD_SAMPLE,
    SOFT,
    SOFT_SAMPLE,
    Running,
    Telephone,
    recorder,
    rtp,
    seconds_of,
    seeing,
    sound,
    wait_for,
)


@pytest.fixture(scope="module", autouse=True)
def _packets_can_be_seen() -> None:
    try:
        seeing().close()
    except OSError as error:
        pytest.skip(f"packets cannot be seen here: {error}")


@pytest.fixture
def telephone() -> Iterator[Telephone]:
    made = Telephone(FIRST)
    yield made
    made.close()


def test_both_sides_are_recorded_each_on_its_own(tmp_path: Path, telephone: Telephone) -> None:
    with recorder(tmp_path) as running:
        script, began = running.script(), time.monotonic()
        assert script.begin("a.raw", telephone.local)["state"] == "recording"
        telephone.talk(50)
        telephone.talk(50, patient=None)
        script.order(do="finish", name="a.raw")
        script.close()
    heard = sound(tmp_path / "a.raw")
    assert telephone.said - 0.05 <= len(heard) / 8000 <= time.monotonic() - began
    assert seconds_of(heard[:, 0], LOUD_SAMPLE) == pytest.approx(1, abs=0.05)
    assert seconds_of(heard[:, 1], SOFT_SAMPLE) == pytest.approx(2, abs=0.05)
    assert set(np.unique(heard[:, 0])) == {0, LOUD_SAMPLE}, "nothing of the other side"
    assert not (tmp_path / "a.raw.missing").exists()


def test_the_file_grows_while_people_talk_and_a_stop_loses_nothing(
        tmp_path: Path, telephone: Telephone) -> None:
    with recorder(tmp_path) as running:
        running.script().begin("a.raw", telephone.local)
        while (tmp_path / "a.raw").stat().st_size < 8000 * 4 // 2:
            telephone.talk(5)
    # stopped in the middle of the call: all that was said before is there
    assert seconds_of(sound(tmp_path / "a.raw")[:, 0], LOUD_SAMPLE) == pytest.approx(
        telephone.said, abs=0.05)


def test_a_new_recorder_goes_on_at_the_right_moment_and_tells_what_is_missing(
        tmp_path: Path, telephone: Telephone) -> None:
    def since() -> float:
        return (time.monotonic_ns() - began) / 1e9

    began = time.monotonic_ns()
    with recorder(tmp_path) as running:
        running.script().begin("a.raw", telephone.local, began)
        telephone.talk(50)
        stopping = since()
    stopped = since()
    telephone.talk(50, patient=SOFT)                          # nobody records
    with recorder(tmp_path) as running:
        back = since()
        running.script().begin("a.raw", telephone.local, began)
        at_work = since()
        telephone.talk(50)
        ending = since()
    heard = sound(tmp_path / "a.raw")
    assert ending - 0.01 <= len(heard) / 8000 <= since()
    assert seconds_of(heard[:, 0], LOUD_SAMPLE) == pytest.approx(2, abs=0.05)
    missing = int((tmp_path / "a.raw.missing").read_text()) / 1000
    assert back - stopped - 0.01 <= missing <= at_work - stopping


def test_after_it_was_dropped_nothing_is_written(tmp_path: Path, telephone: Telephone) -> None:
    with recorder(tmp_path) as running:
        script = running.script()
        script.begin("a.raw", telephone.local)
        telephone.talk(40)
        script.order(do="drop", name="a.raw")
        assert script.answer() == {"name": "a.raw", "state": "dropped"}
        size = (tmp_path / "a.raw").stat().st_size
        telephone.talk(60)
        assert (tmp_path / "a.raw").stat().st_size == size
        script.order(do="drop", name="never.raw")
        assert script.answer()["state"] == "dropped"


def test_a_call_whose_script_is_gone_is_recorded_to_its_end_and_no_further(
        tmp_path: Path, telephone: Telephone) -> None:
    with recorder(tmp_path) as running:
        script = running.script()
        script.begin("a.raw", telephone.local)
        telephone.talk(25)
        script.close()
        telephone.talk(50)
        # the port serves somebody else now: none of it is for this file
        other = Telephone(FIRST + 2)
        for number in range(25):
            other.patient.sendto(rtp(0x25, stamp=160 * number), telephone.asterisk.getsockname())
            time.sleep(0.02)
        other.close()
    heard = sound(tmp_path / "a.raw")
    assert seconds_of(heard[:, 0], LOUD_SAMPLE) == pytest.approx(1.5, abs=0.05)
    assert set(np.unique(heard[:, 0])) == {0, LOUD_SAMPLE}


def test_a_call_of_which_nothing_comes_by_is_given_back(tmp_path: Path) -> None:
    with recorder(tmp_path, NoPackets) as running:
        script = running.script()
        assert script.begin("a.raw", "127.0.0.1:29000")["state"] == "recording"
        assert script.answer() == {"name": "a.raw", "state": "deaf"}
        again = script.begin("b.raw", "127.0.0.1:29002")
        assert (again["state"], "do not come by here" in again["why"]) == ("refused", True)


@pytest.mark.parametrize(("order", "why"), [
    ({"local": "127.0.0.1"}, "expected an IPv4 address and a port"),
    ({"local": "[::1]:29000"}, "expected an IPv4 address and a port"),
    ({"local": "127.0.0.1:0"}, "expected an IPv4 address and a port"),
    ({"local": "0.0.0.0:29000"}, "expected an IPv4 address and a port"),
    ({"local": 7}, "expected an IPv4 address and a port"),
    ({"local": "192.0.2.1:29000"}, "no address of this machine"),
    ({"at": "now"}, "expected a moment of the monotonic clock"),
    ({"at": -1}, "expected a moment of the monotonic clock"),
    ({"at": 2**62}, "expected a moment of the monotonic clock"),
    ({"name": "../a.raw"}, "outside its folder"),
    ({"name": "no/such/folder.raw"}, "No such file"),
])
def test_what_does_not_fit_is_refused_and_the_others_go_on(
        tmp_path: Path, telephone: Telephone, order: dict[str, object], why: str) -> None:
    with recorder(tmp_path) as running:
        script = running.script()
        assert script.begin("good.raw", telephone.local)["state"] == "recording"
        script.order(**{"do": "begin", "name": "bad.raw", "local": "127.0.0.1:29002", "at": 0,
                        **order})
        told = script.answer()
        assert (told["state"], why in told["why"]) == ("refused", True), told
        telephone.talk(10)
    assert seconds_of(sound(tmp_path / "good.raw")[:, 0], LOUD_SAMPLE) > 0.1
    assert sorted(one.name for one in tmp_path.glob("*.raw")) == ["good.raw"]


@pytest.mark.parametrize("line", [b"{\n", b"[]\n", b"null\n", b'{"do": "begin"}\n', b"\xff\n",
                                  b"[" * 9000 + b"\n",
                                  b'{"do": "dance", "name": "a.raw"}\n', b"x" * 10_000])
def test_who_does_not_speak_its_language_is_hung_up_on(tmp_path: Path, line: bytes) -> None:
    with recorder(tmp_path, NoPackets) as running:
        bad, good = running.script(), running.script()
        bad.socket.sendall(line)
        assert bad.socket.recv(100) == b""
        assert good.begin("a.raw", "127.0.0.1:29000")["state"] == "recording"


def test_without_the_right_to_see_packets_everything_is_refused(tmp_path: Path) -> None:
    with recorder(tmp_path, forbidden) as running:
        told = running.script().begin("a.raw", "127.0.0.1:29000")
        assert told["state"] == "refused"
        assert "packets cannot be seen: Operation not permitted" in told["why"]
    assert not (tmp_path / "a.raw").exists()


def test_a_second_recorder_waits_until_the_first_is_gone(tmp_path: Path) -> None:
    with recorder(tmp_path, NoPackets) as first:
        second = Running(tmp_path, forbidden)
        assert first.script().begin("a.raw", "127.0.0.1:29000")["state"] == "recording"
    wait_for(second.path.exists)
    told = second.script().begin("b.raw", "127.0.0.1:29000")
    second.stop()
    assert told["state"] == "refused"


def test_whoever_sees_its_socket_is_answered(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = socket.socket.listen

    def in_its_time(listener: socket.socket, *backlog: int) -> None:
        time.sleep(0.3)
        at_once(listener, *backlog)

    monkeypatch.setattr(socket.socket, "listen", in_its_time)
    for _ in range(2):                                    # the second where one has been before
        with recorder(tmp_path, NoPackets) as running:
            told = running.script().begin("a.raw", "127.0.0.1:29000")
            assert told["state"] == "recording"


def test_ports_are_told_in_few_ranges() -> None:
    assert merged([(30, 40), (10, 20), (21, 25), (35, 36)]) == [(10, 25), (30, 40)]


def test_an_address_is_read_as_asterisk_tells_it() -> None:
    address, port = local_address("10.1.2.3:20480")
    assert (str(address), port) == ("10.1.2.3", 20480)
    with pytest.raises(ValueError, match=r"local = '10\.1\.2\.3:99999'"):
        local_address("10.1.2.3:99999")


def test_the_two_sounds_of_these_tests_are_what_they_say() -> None:
    assert (ALAW[LOUD], ALAW[SOFT]) == (LOUD_SAMPLE, SOFT_SAMPLE)


def test_it_is_back_soon_as_it_needs_neither_the_database_nor_the_command_line() -> None:
    """While it starts no call is recorded."""
    subprocess.run([sys.executable, "-c", "import sys, recordings.recorder.service\n"
                    "sys.exit('sqlalchemy' in sys.modules or 'typer' in sys.modules)"], check=True)
