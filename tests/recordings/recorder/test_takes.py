"""The files of calls that are being recorded: all that is theirs, and nothing else."""

from __future__ import annotations

import errno
import os
from ipaddress import IPv4Address
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from recordings.g711 import ALAW
from recordings.recorder.takes import DEAF, SILENT, Take, Takes
from tests.recordings.recorder.wire import LOUD, OURS, PHONE, QUIET, STRANGER, heard, spoken

START = 1_000_000                    # the clock's sample at which the calls begin
TURN = 800                           # samples between two looks, 100 ms
HEARD, FAINT = int(ALAW[LOUD]), int(ALAW[QUIET])
ADDRESS, PORT = IPv4Address(OURS[0]), OURS[1]
Place = tuple[str, int]


class Ward:
    """Takes in a folder, with a clock that the test turns."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now, self.deaf = folder, START, list[str]()
        self.takes = Takes(folder, START, lambda take: self.deaf.append(take.name))

    def begin(self, name: str = "a.raw", *, at: int | None = None, ours: Place = OURS) -> Take:
        return self.takes.begin(name, self.now if at is None else at, IPv4Address(ours[0]),
                                ours[1], self.now, "script")

    def talk(self, length: int, *ways: tuple[Place, Place], code: int = LOUD) -> None:
        """So many samples of each of some ways, in packets of 20 ms, as time goes by."""
        until = self.now + length
        while self.now < until:
            end = min(self.now + TURN, until)
            some = [(at, spoken(*way, code=code, stamp=at, sender=number))
                    for at in range(self.now, end, 160) for number, way in enumerate(ways)]
            self.takes.feed(heard(some))
            self.takes.turn(end)
            self.now = end

    def sound(self, name: str = "a.raw") -> npt.NDArray[np.int16]:
        """(sample, side) of a file."""
        return np.fromfile(self.folder / name, np.int16).reshape(-1, 2)

    def missing(self, name: str = "a.raw") -> int:
        return int((self.folder / f"{name}.missing").read_text())


@pytest.fixture
def ward(tmp_path: Path) -> Ward:
    return Ward(tmp_path)


BOTH = ((PHONE, OURS), (OURS, PHONE))


def test_each_side_lies_on_its_own(ward: Ward) -> None:
    take = ward.begin()
    ward.talk(8000, (PHONE, OURS))
    ward.talk(8000, (OURS, PHONE))
    ward.takes.finish(take, ward.now)
    ward.talk(8000)
    sound = ward.sound()
    assert len(sound) == 16000
    assert (sound[:8000] == (HEARD, 0)).all() and (sound[8000:] == (0, HEARD)).all()
    assert not len(ward.takes)


def test_nothing_is_kept_from_before_and_after_a_call(ward: Ward) -> None:
    ward.talk(4000, *BOTH)
    take = ward.begin()
    ward.talk(4000, *BOTH, code=QUIET)
    ward.takes.finish(take, ward.now)
    ward.talk(8000, *BOTH)
    assert len(ward.sound()) == 4000 and (ward.sound() == FAINT).all()


def test_nothing_is_written_of_what_was_refused(ward: Ward) -> None:
    take = ward.begin()
    ward.talk(8000, *BOTH, code=QUIET)
    ward.takes.drop(take)
    before = ward.sound()
    ward.talk(16000, *BOTH)
    ward.takes.close(ward.now)
    assert (ward.sound() == before).all() and (before == FAINT).all()


def test_a_stranger_who_sends_to_the_port_is_not_recorded(ward: Ward) -> None:
    take = ward.begin()
    ward.talk(1600, *BOTH, code=QUIET)
    ward.talk(8000, (STRANGER, OURS))
    ward.talk(1600, *BOTH, code=QUIET)
    ward.takes.finish(take, ward.now)
    ward.talk(8000)
    assert not (ward.sound() == HEARD).any()


def test_who_is_sent_to_may_change_in_the_middle(ward: Ward) -> None:
    """A gateway moves the call to another of its ports; a phone behind NAT is found there."""
    take = ward.begin()
    ward.talk(1600, *BOTH)
    ward.talk(1600, (STRANGER, OURS), (OURS, STRANGER))
    ward.takes.finish(take, ward.now)
    ward.talk(8000)
    assert (ward.sound()[:, 0] == HEARD).all()


def test_a_phone_is_heard_before_asterisk_speaks_to_where_it_really_is(ward: Ward) -> None:
    take = ward.begin()
    ward.talk(1600, (PHONE, OURS))
    ward.talk(1600, (PHONE, OURS), (OURS, ("10.0.0.5", 4000)))
    ward.talk(1600, (PHONE, OURS))
    ward.takes.finish(take, ward.now)
    ward.talk(8000)
    assert (ward.sound()[:, 0] == HEARD).all()


def test_a_call_to_a_phone_with_our_port_is_another_call(ward: Ward) -> None:
    take = ward.begin()
    ward.talk(1600, *BOTH, code=QUIET)
    ward.talk(1600, (("192.0.2.1", 20002), ("192.0.2.8", PORT)))
    ward.takes.finish(take, ward.now)
    ward.talk(8000)
    assert not (ward.sound() == HEARD).any()


def test_the_last_call_of_a_port_is_not_heard_in_the_next(ward: Ward) -> None:
    """Its last packets are still on their way when the next begins."""
    old = ward.begin("old.raw")
    ward.talk(8000, *BOTH)
    ward.takes.finish(old, ward.now)
    last = [(ward.now - 1, spoken(*way, count=480)) for way in BOTH]
    ward.begin("new.raw")
    ward.takes.feed(heard(last))
    ward.talk(8000)
    ward.takes.close(ward.now)
    assert not (ward.sound("new.raw") == HEARD).any()


def test_a_port_at_two_addresses_is_not_taken_from_a_call_that_lives(ward: Ward) -> None:
    ward.begin()
    ward.talk(1600, *BOTH)
    with pytest.raises(ValueError, match="address"):
        ward.begin("b.raw", ours=("192.0.2.2", PORT))
    ward.talk(1600, *BOTH)
    ward.takes.close(ward.now)
    assert (ward.sound()[:3000] == HEARD).all()


def test_forty_calls_each_have_their_own(ward: Ward) -> None:
    places = [(OURS[0], 20000 + 2 * number) for number in range(40)]
    for number, ours in enumerate(places):
        ward.begin(f"{number}.raw", ours=ours)
    for _ in range(10):
        some = [(ward.now, spoken(PHONE, ours, code=number, stamp=ward.now))
                for number, ours in enumerate(places)]
        ward.takes.feed(heard(some))
        ward.now += 160
    for number, take in enumerate(ward.takes):
        if number % 2:
            ward.takes.drop(take)
    ward.begin("again.raw", ours=places[1])
    ward.takes.close(ward.now)
    for number in range(0, 40, 2):
        assert (ward.sound(f"{number}.raw")[:, 0] == ALAW[number]).all()
    assert not ward.sound("again.raw").any()


def test_what_was_recorded_stays_when_nothing_more_comes(ward: Ward, tmp_path: Path) -> None:
    """The recorder died, was started again, and the patient has hung up meanwhile."""
    (tmp_path / "a.raw").write_bytes(b"\1\0" * 2 * 8000)
    take = ward.begin(at=ward.now - 12000)
    ward.takes.leave(take)
    ward.talk(2 * SILENT)
    assert not len(ward.takes)
    assert len(ward.sound()) == 12000
    assert (ward.sound()[:8000] == 1).all() and not ward.sound()[8000:].any()


def test_silence_at_the_end_of_a_call_that_was_left_is_not_part_of_it(ward: Ward) -> None:
    take = ward.begin()
    ward.talk(8000, *BOTH)
    ward.takes.leave(take)
    ward.talk(8000, *BOTH)
    ward.talk(2 * SILENT)
    assert not len(ward.takes) and 15800 <= len(ward.sound()) <= 16000


def test_what_is_missing_is_added_to_what_was(ward: Ward, tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(bytes(4 * 8000))
    (tmp_path / "a.raw.missing").write_text("700")
    ward.begin(at=ward.now - 12000)
    ward.talk(8000, *BOTH)
    assert ward.missing() == 700 + 500


def test_a_deaf_one_is_handed_back_and_says_what_it_lacks(ward: Ward) -> None:
    ward.begin()
    ward.talk(DEAF + 4000)
    assert ward.deaf == ["a.raw"] and not len(ward.takes)
    assert ward.missing() * 8 >= len(ward.sound()) > 0


def test_a_call_that_is_silent_at_first_is_recorded_where_others_have_been_heard(
        ward: Ward) -> None:
    """A telephone that sends nothing while nobody speaks, before an agent is there."""
    ward.takes.finish(ward.begin("before.raw"), ward.now + 1600)
    ward.talk(8000, *BOTH)
    ward.begin()
    ward.talk(DEAF + 8000)
    ward.talk(8000, *BOTH)
    ward.takes.close(ward.now)
    assert not ward.deaf and (ward.sound() == HEARD).sum() == 16_000


def test_a_burst_after_a_stall_is_all_kept(ward: Ward) -> None:
    ward.begin()
    ward.talk(8000, *BOTH, code=QUIET)
    first = ward.now
    ward.talk(2400, (OURS, PHONE), code=QUIET)
    late = [(ward.now, spoken(PHONE, OURS, stamp=first + 160 * number, sender=0))
            for number in range(15)]
    ward.takes.feed(heard(late))
    ward.talk(8000)
    ward.takes.close(ward.now)
    assert (ward.sound()[:, 0] == HEARD).sum() == 15 * 160


def test_a_full_disk_costs_what_it_costs_and_no_more(
        ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    ward.begin()
    ward.talk(8000, *BOTH)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with monkeypatch.context() as disk:
        disk.setattr(os, "pwrite", full)
        ward.talk(8000, *BOTH)
    ward.talk(8000, *BOTH)
    ward.takes.close(ward.now)
    sound = ward.sound()[:23840]
    silent = int((sound[:, 0] == 0).sum())
    assert (sound[16000:] == HEARD).all() and ward.missing() * 8 == silent > 0


def test_what_is_noted_as_missing_survives_a_full_disk(
        ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even the end of the call brings room for the next number."""
    take = ward.begin()
    ward.talk(8000, *BOTH)
    ward.takes.missed(100)
    ward.talk(4800, *BOTH)
    known = ward.missing()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(Path, "write_text", full)
    ward.takes.missed(100)
    ward.talk(4800, *BOTH)
    ward.takes.finish(take, ward.now)
    ward.talk(8000)
    assert known == 1000 and ward.missing() == known


@pytest.mark.parametrize("stalled", [8000, 16_000, 100_000])
def test_what_comes_after_a_long_rest_or_a_stall_is_all_kept(ward: Ward, stalled: int) -> None:
    """Nothing was to be done for an hour; then the process did not run for some seconds."""
    ward.now += 3600 * 8000
    take = ward.begin()
    first = ward.now
    ward.now += stalled
    ward.takes.feed(heard([(at, spoken(*way, stamp=at, sender=number))
                           for at in range(first, ward.now, 160)
                           for number, way in enumerate(BOTH)]))
    ward.takes.finish(take, ward.now)
    ward.talk(8000)
    assert len(ward.sound()) == stalled and (ward.sound() == HEARD).all()
