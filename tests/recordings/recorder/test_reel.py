"""Each packet's sound lies where it was spoken, whatever the network did to it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.recorder.reel import EARLY, FEW_ROWS, LATE, LONGEST, Reel


@dataclass(frozen=True)
class Packet:
    """``came``: the clock's sample."""

    came: int
    stamp: int
    stream: int = 0
    sender: int = 1
    marked: bool = False


def located(reel: Reel, packets: Sequence[Packet]) -> list[int]:
    """Where the reel puts them."""
    def column(name: str) -> np.ndarray:
        return np.array([getattr(packet, name) for packet in packets], np.int64)

    return reel.locate(column("stream"), column("came"), column("stamp") % 2**32,
                       column("sender"), column("marked").astype(np.bool_)).tolist()


class Model:
    """The same, packet by packet."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int, int]] = {}

    def place(self, packet: Packet) -> int:
        stamp = packet.stamp % 2**32
        if packet.stream in self._known:
            anchor, at, sender = self._known[packet.stream]
            ahead = (stamp - anchor) % 2**32
            ahead -= 2**32 if ahead >= 2**31 else 0
            late = packet.came - at - ahead
            starts = packet.marked and ahead > 0 and late > 0
            if packet.sender == sender and not starts and -EARLY <= late <= LATE:
                return at + ahead
        self._known[packet.stream] = stamp, packet.came, packet.sender
        return packet.came


steps = st.tuples(st.sampled_from((0, 0, 80, 160, 160, 160, 480, 3000, 50_000)),   # since the last
                  st.one_of(st.sampled_from((-160, 0, 80, 160, 160, 480, 3000)),
                            st.integers(-2**33, 2**33)),
                  st.integers(0, 3), st.sampled_from((1, 1, 1, 2)), st.booleans())


@given(st.lists(steps, min_size=1, max_size=80), st.lists(st.integers(1, 79), max_size=6),
       st.integers(0, 2**32 - 1))
def test_all_at_once_is_as_packet_by_packet(drawn: list[tuple[int, int, int, int, bool]],
                                            cuts: list[int], first: int) -> None:
    packets, came, stamp = [], 0, first
    for since, further, stream, sender, marked in drawn:
        came, stamp = came + since, stamp + further
        packets.append(Packet(came, stamp, stream, sender, marked))
    reel, model = Reel(), Model()
    bounds = [0, *sorted({cut for cut in cuts if cut < len(packets)}), len(packets)]
    found = [place for start, end in itertools.pairwise(bounds)
             for place in located(reel, packets[start:end])]
    assert found == [model.place(packet) for packet in packets]
    for packet, place in zip(packets, found, strict=True):
        assert -LATE <= place - packet.came <= EARLY


@pytest.mark.parametrize("length", [80, 160, 240, 480])
def test_jitter_loss_and_disorder_move_nothing(length: int) -> None:
    order = [0, 1, 3, 2, 2, 5, 8, 7, 6, 9]                       # the fourth is lost
    packets = [Packet(max(1000 + number * length, 1000 + max(order[:place + 1]) * length),
                      2**32 - 3 * length + number * length) for place, number in enumerate(order)]
    assert located(Reel(), packets) == [1000 + number * length for number in order]


@pytest.mark.parametrize("marked", [False, True])
def test_a_burst_after_a_stall_keeps_its_order_and_loses_nothing(marked: bool) -> None:
    steady = [Packet(160 * n, 160 * n, marked=marked) for n in range(10)]
    stalled = 24                                                 # packets: 480 ms
    burst = [Packet(160 * (9 + stalled), 160 * n, marked=marked) for n in range(10, 10 + stalled)]
    live = [Packet(160 * n, 160 * n, marked=marked) for n in range(10 + stalled, 60)]
    places = located(Reel(), [*steady, *burst, *live])
    assert (np.diff(places) >= 160).all()


def test_packets_that_are_all_marked_do_not_cover_each_other() -> None:
    jitter = [0, 90, 10, 0, 150, 0, 40, 159, 0, 20]
    packets = [Packet(160 * n + late, 160 * n, marked=True) for n, late in enumerate(jitter)]
    assert (np.diff(located(Reel(), packets)) >= 160).all()


def test_after_a_silence_the_moment_of_arrival_counts() -> None:
    """Some advance their stamps in a silence, others do not, others mark the end of it."""
    before = [Packet(160 * n, 160 * n) for n in range(5)]
    assert located(Reel(), [*before, Packet(40_000, 40_000)])[-1] == 40_000
    assert located(Reel(), [*before, Packet(40_000, 800)])[-1] == 40_000
    assert located(Reel(), [*before, Packet(1600, 800, marked=True)])[-1] == 1600


def test_another_sender_starts_where_it_is_heard() -> None:
    places = located(Reel(), [Packet(0, 0), Packet(160, 160), Packet(330, 9_999_999, sender=2),
                              Packet(480, 10_000_159, sender=2)])
    assert places == [0, 160, 330, 490]


def test_a_flood_is_taken_where_it_comes_and_moves_nobody_else() -> None:
    """A stranger's packets, each of another sender."""
    flood = [Packet(8000 + n // 10, n * 7919, stream=5, sender=n) for n in range(100_000)]
    call = [Packet(8000 + 160 * n + 7 * (n % 2), 160 * n) for n in range(60)]
    packets = sorted([*flood, *call], key=lambda packet: packet.came)
    places = located(Reel(), packets)
    assert [place for packet, place in zip(packets, places, strict=True)
            if packet.stream == 0] == [8000 + 160 * n for n in range(60)]
    for packet, place in zip(packets, places, strict=True):
        assert -LATE <= place - packet.came <= EARLY


writes = st.lists(st.tuples(st.integers(0, 2 * FEW_ROWS - 1), st.integers(-3000, 20_000),
                            st.integers(1, LONGEST), st.integers(-9, 9)), max_size=30)


@given(writes, st.lists(st.integers(0, 20_000), max_size=5))
def test_sound_lies_where_it_was_put_and_nowhere_else(puts: list[tuple[int, int, int, int]],
                                                      cuts: list[int]) -> None:
    reel = Reel()
    whole = np.zeros((FEW_ROWS, 60_000, 2), np.int16)
    for number, (stream, place, length, value) in enumerate(puts):
        reel.put(np.array([stream]), np.array([place]), np.full((1, length), value, np.int16))
        if reel.origin <= place and place + length <= reel.origin + 16_000:
            whole[stream // 2, place:place + length, stream % 2] = value
        if number < len(cuts):
            until = reel.origin + cuts[number]
            seen = reel.look(until)
            assert (seen == whole[:, reel.origin:reel.origin + seen.shape[1]]).all()
            reel.cut(until)
            whole[:, :until] = 0
    assert (reel.look(reel.origin + 16_000) == whole[:, reel.origin:reel.origin + 16_000]).all()


def test_whatever_there_is_room_for_is_put() -> None:
    reel = Reel(500)
    packets = [Packet(reel.room - 1 - EARLY, 0), Packet(reel.room - 1 - EARLY, EARLY)]
    last = located(reel, packets)[-1]
    reel.put(np.array([0]), np.array([last]), np.ones((1, LONGEST), np.int16))
    assert reel.look(last + LONGEST)[0, :, 0].sum() == LONGEST


def test_a_row_is_empty_when_a_call_begins_and_rows_are_added() -> None:
    reel = Reel()
    reel.put(np.array([7]), np.array([100]), np.ones((1, 160), np.int16))
    reel.clear(5 * FEW_ROWS)
    assert reel.rows > 5 * FEW_ROWS and reel.look(260)[3, :, 1].sum() == 160
    reel.clear(3)
    assert not reel.look(16_000).any()
