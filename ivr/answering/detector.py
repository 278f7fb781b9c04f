"""Tells a person from a machine by how they talk. Pure: one kind of sound each 20 ms, no clock.

A person says a word or two and waits. A machine, or a network's announcement, talks on over our
greeting for seconds; many then beep and fall silent. Only the beep is proof: somebody who talks on
may still be a person, so ``LIKELY`` must not cut them off.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

FRAME_MS = 20


@dataclass(frozen=True)
class Kind:
    """What 20 ms of the line hold: a voice, a steady tone of so many Hz, or (neither) quiet."""

    voice: bool = False
    tone: int = 0


QUIET = Kind()
VOICE = Kind(voice=True)


class Verdict(StrEnum):
    """Who it seems to be. All but MACHINE may change with what is heard next."""

    UNDECIDED = "undecided"
    PERSON = "person"            # a short word, then waits
    LIKELY = "likely"            # talks on as machines do
    MACHINE = "machine"          # talked, beeped, fell silent


@dataclass(frozen=True)
class Manner:
    """Times in milliseconds."""

    begins: int = 5000           # a machine talks within so long of the answer
    pause: int = 900             # a longer one ends what was being said
    talk: int = 6000             # said in one go: more than a person's greeting
    share: float = 0.5           # of that time in which there is a voice
    word: int = 2500             # a person's greeting is no longer
    shortest: int = 160          # and no shorter: a click, a cough
    beep: tuple[int, int] = (180, 1600)
    drift: int = 40              # Hz: a beep keeps its pitch
    torn: int = 60               # so long it is none: its edges, a lost packet
    hush: int = 600              # quiet after the beep; a busy tone sounds again by then
    said_first: int = 1500       # voice before the beep: a lone one may be the person's telephone
    apart: int = 3000            # between the last word and the beep


class Detector:
    """Follows one call from its answer."""

    def __init__(self, manner: Manner | None = None) -> None:
        self._manner = manner or Manner()
        self._now = 0                # ms since the answer
        self._began = 0              # of what is being said
        self._voiced = 0             # voice in it
        self._silent = 0             # since its last voice
        self._talking = False
        self._said = 0               # voice in all
        self._last_word = -10**9     # when a voice was last heard, its tail in a tone aside
        self._tone = 0               # Hz of the tone that sounds or has just ended
        self._tone_ms = 0
        self._gap = 0                # ms since that tone
        self._hush = -1              # ms of quiet since a beep; -1: there was none
        self.verdict = Verdict.UNDECIDED

    def push(self, kind: Kind) -> Verdict:
        """The next 20 ms."""
        self._now += FRAME_MS
        if kind is QUIET and not (self._talking or self._tone_ms or self._hush >= 0):
            return self.verdict                  # nothing to follow: so are most lines
        if self.verdict is not Verdict.MACHINE:
            self._follow_beep(kind)
            self._follow_talk(kind.voice)
        return self.verdict

    # --- talk ----------------------------------------------------------------------------------

    def _follow_talk(self, voice: bool) -> None:
        manner = self._manner
        if voice:
            if not self._talking:
                self._talking, self._began, self._voiced = True, self._now, 0
            self._voiced += FRAME_MS
            self._said += FRAME_MS
            self._silent = 0
            if not self._tone_ms:
                self._last_word = self._now
        elif self._talking:
            self._silent += FRAME_MS
        if not self._talking:
            return
        lasted = self._now - self._silent - self._began
        if self._silent >= manner.pause:
            self._talking = False
            if manner.shortest <= self._voiced and lasted <= manner.word:
                self._judge(Verdict.PERSON)
        elif lasted >= manner.talk and self._began <= manner.begins \
                and self._voiced >= manner.share * lasted:
            self._judge(Verdict.LIKELY)

    def _judge(self, verdict: Verdict) -> None:
        if self.verdict is not Verdict.MACHINE:
            self.verdict = verdict

    # --- the beep ------------------------------------------------------------------------------

    def _follow_beep(self, kind: Kind) -> None:
        manner = self._manner
        if self._tone_ms and not (kind.tone and abs(kind.tone - self._tone) <= manner.drift):
            self._gap += FRAME_MS
            if self._gap >= manner.torn or kind.tone:
                self._hush = self._gap if self._is_beep() else -1
                self._tone_ms = 0
        elif self._hush >= 0:
            self._hush = -1 if kind.voice or kind.tone else self._hush + FRAME_MS
            if self._hush >= manner.hush:
                self._judge(Verdict.MACHINE)
        if kind.tone:
            self._tone_ms += FRAME_MS + (self._gap if self._tone_ms else 0)
            self._tone, self._gap, self._hush = kind.tone, 0, -1

    def _is_beep(self) -> bool:
        """Whether the tone that has just ended is one, after words."""
        low, high = self._manner.beep
        began = self._now - self._gap - self._tone_ms
        return low <= self._tone_ms <= high and self._said >= self._manner.said_first \
            and began - self._last_word <= self._manner.apart
