"""The console's rooms, in the order of the menu; nobody is shown a room that is closed to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

May = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Room:
    """``word``: its name in ``nav`` of the words; ``doors``: (right, path), the first that opens is
    taken, no right: open to everybody; ``icon``: of ui.html; ``tabs``: the words of the doors, in
    ``nav``, where the room shows all that open side by side."""

    word: str
    icon: str
    doors: Sequence[tuple[str, str]]
    tabs: Sequence[str] = ()

    def path(self, may: May) -> str:
        """Where this visitor comes in; empty: nowhere."""
        return next((path for right, path in self.doors if not right or may(right)), "")


@dataclass(frozen=True, slots=True)
class Link:
    """A room as one visitor sees it."""

    word: str
    icon: str
    path: str
    tabs: Sequence[tuple[str, str]] = ()         # word and path

    def holds(self, path: str) -> bool:
        """Is a page of this room open?"""
        return any(path == each or (each != "/" and path.startswith(f"/{each.split('/')[1]}/"))
                   for each in (self.path, *(place for _, place in self.tabs)))


GROUPS: Sequence[tuple[str, Sequence[Room]]] = (
    ("calls", (
        Room("overview", "overview", (("", "/"),)),
        Room("patients", "patients", (("SEES_PATIENTS", "/patients"),)),
        Room("alerts", "alerts", (("SEES_PATIENTS", "/alerts"),)),
        Room("phone", "calls", (("TAKES_CALLS", "/phone"),)),
        Room("campaigns", "campaigns", (("", "/campaigns"),)),
        Room("pacing", "pacing", (("", "/pacing"),)),
    )),
    ("quality", (
        Room("cases", "cases", (("SEES_CASES", "/cases"),
                                ("SEES_CASE_FIGURES", "/cases/statistics"))),
        Room("messages", "messages", (("SEES_CASES", "/messages"),
                                      ("SETS_UP_MESSAGES", "/messages/templates")),
             tabs=("message_list", "message_templates")),
        Room("spot_checks", "check", (("SEES_CHECKS", "/spot-checks"),
                                      ("SEES_CHECK_RESULTS", "/spot-checks/results"))),
        Room("recordings", "play", (("SEES_PATIENTS", "/recordings"),)),
    )),
    ("house", (
        Room("calendar", "calendar", (("", "/calendar"),)),
        Room("prompts", "sound", (("RECORDS_PROMPTS", "/prompts"),)),
        Room("people", "people", (("MANAGES_PEOPLE", "/people"), ("SETS_RIGHTS", "/roles")),
             tabs=("people_tab", "roles")),
        Room("audit", "audit", (("READS_AUDIT", "/audit"),)),
    )),
)


def links(may: May) -> list[tuple[str, list[Link]]]:
    """The menu of a visitor: groups that have a room, each with its rooms."""
    groups = ((name, [Link(room.word, room.icon, path, _tabs(room, may)) for room in rooms
                      if (path := room.path(may))]) for name, rooms in GROUPS)
    return [(name, found) for name, found in groups if found]


def _tabs(room: Room, may: May) -> list[tuple[str, str]]:
    return [(word, path) for word, (right, path) in zip(room.tabs, room.doors, strict=False)
            if not right or may(right)]
