"""A page's forms as a user meets them: what stands in a field, and what is told beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Control:
    """A field: its name, what it holds (several where several are ticked), where its hint and its
    fault stand (of one without its own: those of its fieldset)."""

    name: str
    values: list[str] = field(default_factory=list)
    told_by: tuple[str, ...] = ()
    invalid: bool = False


class Forms(HTMLParser):
    """The controls of all forms of a page that are posted to ``action``, if any is given."""

    def __init__(self, page: str, action: str = "") -> None:
        super().__init__()
        self.controls: list[Control] = []
        self._action, self._inside = action, not action
        self._texts: dict[str, str] = {}
        self._open: list[tuple[str, str]] = []           # tags that are open, with their ids
        self._area: Control | None = None
        self._select: Control | None = None
        self._first: list[str] = []                      # options that are not chosen
        self._groups: list[tuple[str, ...]] = []         # what describes the fieldsets around
        self.feed(page)

    def value(self, name: str) -> str:
        """What the field holds."""
        return ",".join(self.all_values(name))

    def all_values(self, name: str) -> list[str]:
        """What all fields of the name hold, where a page has several entries of a kind."""
        return [value for each in self._named(name) for value in each.values]

    def fault(self, name: str) -> str:
        """What is told beside the field and is tied to it; empty where nothing is wrong."""
        places = {place: None for each in self._named(name) for place in each.told_by
                  if place.endswith("-fault")}
        return " ".join(self._texts[place].strip() for place in places)

    def faulty(self) -> set[str]:
        """The fields with a fault beside them."""
        return {each.name for each in self.controls if self.fault(each.name)}

    def _named(self, name: str) -> list[Control]:
        found = [each for each in self.controls if each.name == name]
        assert found, f"no field {name} among {[each.name for each in self.controls]}"
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = not self._action or given.get("action") == self._action
        told_by = tuple(given.get("aria-describedby", "").split())
        if tag == "fieldset":
            self._groups.append(told_by)
        if tag not in ("input", "br", "img", "meta", "link", "hr", "path", "circle", "rect"):
            self._open.append((tag, given.get("id", "")))
            self._texts.setdefault(given.get("id", ""), "")
        if tag in ("input", "select", "textarea") and self._inside and given.get("name"):
            ticked = given.get("type") in ("radio", "checkbox")
            around = tuple(place for group in self._groups for place in group)
            made = Control(given["name"], told_by=told_by or around,
                           invalid=given.get("aria-invalid") == "true")
            self.controls.append(made)
            if tag == "input" and (not ticked or "checked" in given):
                made.values.append(given.get("value", ""))
            self._area = made if tag == "textarea" else None
            self._select = made if tag == "select" else self._select
        elif tag == "option" and self._select is not None:
            (self._select.values if "selected" in given else self._first).append(
                given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass
        if tag == "form":
            self._inside = not self._action
        elif tag == "fieldset":
            self._groups.pop()
        elif tag == "textarea" and self._area is not None:
            self._area.values = ["".join(self._area.values).removeprefix("\n")]
            self._area = None
        elif tag == "select" and self._select is not None:
            self._select.values = self._select.values or self._first[:1]
            self._select, self._first = None, []

    def handle_data(self, data: str) -> None:
        for _, place in self._open:
            if place:
                self._texts[place] += data
        if self._area is not None:
            self._area.values.append(data)
