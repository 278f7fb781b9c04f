"""Files on a channel that can be cut at any moment, without losing step with Asterisk."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from asterisk.agi import AGIError, AGIHangup

from ivr.eagi.player import Player
from ivr.eagi.pyst import MendedAgi
from tests.fakes.eagi import HALF, FakeEagi


class Channel:
    """A player at work, what it told, and the Asterisk that it speaks with."""

    def __init__(self, asterisk: FakeEagi, agi: MendedAgi) -> None:
        self.asterisk = asterisk
        self.keys: list[str] = []
        self.played: list[tuple[bytes, bool]] = []
        self.ended: BaseException | None = None
        self.player = Player(agi, "/sounds/quiet", self.keys.append,
                             lambda number, heard: self.played.append((number, heard)))
        self.closed = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.nudging = threading.Thread(target=self._nudge, daemon=True)
        self.nudging.start()
        asterisk.plays("quiet")

    def _run(self) -> None:
        try:
            self.player.run()
        except (AGIError, OSError) as error:
            self.ended = error

    def _nudge(self) -> None:
        """As the listener does."""
        while not self.closed.wait(0.05):
            self.player.nudge()

    def close(self) -> None:
        """Let it leave."""
        self.closed.set()
        self.nudging.join(10)
        self.player.leave()
        while self.thread.is_alive():
            self.player.nudge()
            self.thread.join(0.05)

    def over(self) -> BaseException | None:
        """How it has ended; waits for it."""
        self.thread.join(10)
        assert not self.thread.is_alive()
        return self.ended


@contextmanager
def opened(*missing: str) -> Iterator[Channel]:
    from_script, script_out = os.pipe()
    script_in, to_script = os.pipe()
    asterisk = FakeEagi(from_script, to_script, missing=missing)
    before = signal.getsignal(signal.SIGHUP)
    asterisk.start()
    with os.fdopen(script_in) as stdin, os.fdopen(script_out, "w") as stdout:
        channel = Channel(asterisk, MendedAgi(stdin, stdout))
        yield channel
        channel.close()
    signal.signal(signal.SIGHUP, before)


def test_what_is_wanted_is_played_at_once_and_then_the_line_is_quiet() -> None:
    with opened() as channel:
        channel.player.want(b"1", "/sounds/hello")
        channel.asterisk.plays("hello")
        channel.asterisk.finish()
        channel.asterisk.plays("quiet")
        channel.asterisk.finish()                    # the quiet file begins again by itself
        channel.asterisk.plays("quiet")
        assert channel.played == [(b"1", True)]


def test_another_file_takes_the_place_of_one_that_plays() -> None:
    with opened() as channel:
        channel.player.want(b"1", "/sounds/long")
        channel.asterisk.plays("long")
        channel.player.want(b"2", "/sounds/next")
        channel.asterisk.plays("next")
        channel.player.want()
        channel.asterisk.plays("quiet")
        assert channel.played == []                  # neither was heard to its end


def test_a_key_is_told_and_the_file_goes_on_from_there() -> None:
    with opened() as channel:
        channel.player.want(b"1", "/sounds/hello")
        channel.asterisk.plays("hello")
        channel.asterisk.press("#")
        channel.asterisk.until(lambda: channel.asterisk.offset == HALF)
        channel.asterisk.plays("hello")
        channel.asterisk.finish()
        channel.asterisk.plays("quiet")
        assert (channel.keys, channel.played) == (["#"], [(b"1", True)])


def test_a_cut_that_asterisk_does_not_see_is_made_again() -> None:
    with opened() as channel:
        channel.asterisk.swallow()
        channel.player.want(b"1", "/sounds/hello")
        channel.asterisk.plays("hello")
        channel.asterisk.finish()
        channel.asterisk.plays("quiet")
        assert channel.played == [(b"1", True)]      # and no answer was taken for another's


def test_a_file_that_ends_as_it_is_cut_leaves_all_in_step() -> None:
    with opened() as channel:
        for number in (b"1", b"2", b"3"):
            channel.asterisk.finish_as_it_is_cut()
            channel.player.want(number, f"/sounds/{number.decode()}")
            channel.asterisk.plays(number.decode())
        channel.asterisk.press("7")
        channel.asterisk.until(lambda: channel.asterisk.offset == HALF)
        assert (channel.keys, channel.played) == (["7"], [])


def test_a_file_that_is_missing_is_told_and_the_call_goes_on() -> None:
    with opened("lost") as channel:
        channel.player.want(b"1", "/sounds/lost")
        channel.asterisk.until(lambda: "CHANNEL STATUS" in channel.asterisk.commands)
        channel.asterisk.plays("quiet")
        channel.player.want(b"2", "/sounds/hello")
        channel.asterisk.plays("hello")
        assert channel.played == [(b"1", False)]


def test_told_to_leave_it_leaves() -> None:
    with opened() as channel:
        channel.player.leave()
        assert channel.over() is None


def test_a_hang_up_ends_it() -> None:
    with opened() as channel:
        channel.player.want(b"1", "/sounds/hello")
        channel.asterisk.plays("hello")
        channel.asterisk.hang_up()
        assert isinstance(channel.over(), AGIHangup)
        assert channel.played == []
