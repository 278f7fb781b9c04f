"""Invented follow-ups: tasks, attempts with every outcome, answers, findings, alerts. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.seed.people import Person, Stay
from bench.seed.rows import Moments, Rows, as_json

_OWN_MARKS = 60                    # days for which recordings have their marks
# how a task came to its end: state, weight, outcomes of its attempts before the last, of the last
_ENDS = (
    ("done", 62, (), ("completed",)), ("done", 8, ("no_answer", "busy"), ("completed",)),
    ("done", 4, ("partial", "call_back"), ("completed",)), ("done", 5, (), ("escalated",)),
    ("done", 3, (), ("callback_alert",)), ("done", 1, ("no_answer",), ("abandoned",)),
    ("gave_up", 12, ("no_answer", "busy", "voicemail"), ("no_answer", "rejected", "voicemail")),
    ("gave_up", 2, ("congestion", "no_input"), ("refused", "no_input", "partial")),
    ("gave_up", 1, (), ("invalid_number", "wrong_person")),
    ("needs_person", 1, ("failed", "not_placed"), ("unknown", "identity_failed", "wrong_person")),
    ("cancelled", 1, (), ()),
)
_DEPTH = {"completed": 8, "escalated": 6, "callback_alert": 8, "partial": 4, "wrong_person": 1,
          "call_back": 1, "abandoned": 1, "refused": 0, "no_input": 0, "identity_failed": 0,
          "voicemail": 0, "failed": 2}
_CAUSES = {"busy": 17, "no_answer": 19, "rejected": 21, "invalid_number": 1, "congestion": 34}
_COUNTED_NOT = ("not_placed", "congestion")
_SYSTEM = "urn:aftercall:post-discharge"


def _coding(code: str) -> str:
    return as_json({"valueCoding": {"system": _SYSTEM, "code": code}})


# of each question: answers (value, heard) that are usual
_USUAL: Sequence[tuple[str, Sequence[tuple[str, str]]]] = (
    ("identity", [(_coding("self"), "1")] * 4 + [(_coding("relative"), "4")]),
    ("feeling", [(_coding("good"), "1"), (_coding("good"), "很好"), (_coding("fair"), "2")]),
    ("temperature", [(as_json({"valueDecimal": 36 + n / 10}), f"36*{n}") for n in range(2, 10)]),
    ("wound-pain", [(as_json({"valueInteger": n}), str(n)) for n in range(6)]),
    ("medication", [(_coding("taken"), "1")] * 3 + [(_coding("partly"), "2")]),
    ("breathlessness", [(as_json({"valueBoolean": False}), "2")]),
    ("return-visit", [(_coding("knows"), "1"), (_coding("does-not-know"), "2")]),
    ("message", [(as_json({}), "#")]),
)
# what a rule finds: question, rule, severity, value, heard, text
_FOUND = (
    ("temperature", "fever", "abnormal", as_json({"valueDecimal": 38.9}), "38*9",
     {"zh": "体温达到或超过38.5度", "en": "Temperature of 38.5 degrees or more"}),
    ("wound-pain", "severe-pain", "abnormal", as_json({"valueInteger": 8}), "8",
     {"zh": "伤口疼痛达到或超过7分", "en": "Wound pain of 7 or more"}),
    ("breathlessness", "breathless", "critical", as_json({"valueBoolean": True}), "1",
     {"zh": "呼吸困难", "en": "Short of breath"}),
)
_KINDS = tuple(itertools.chain.from_iterable([end] * end[1] for end in _ENDS))


@dataclass
class Desk:
    """What calls refer to: ids that stand in other tables."""

    questionnaire: str
    agents: Sequence[tuple[str, str]]                       # id, name
    weeks: Sequence[str]                                    # campaigns; 0: this week's
    survey: str                                             # the large campaign
    closings: Sequence[str]
    checkable: list[tuple[str, str, int]] = field(default_factory=list)   # attempt, dept., day


def follow(rows: Rows, moments: Moments, desk: Desk, who: Person, stay: Stay) -> None:
    """The follow-up of a stay, three days after it, and for one in eight a survey."""
    week = -stay.day // 7
    _task(rows, moments, desk, who, stay, desk.weeks[week], stay.day + 3)
    if rows.chance(12):
        _task(rows, moments, desk, who, stay, desk.survey, -int(rows.rng.random() * 30))


def _task(rows: Rows, moments: Moments, desk: Desk, who: Person, stay: Stay, campaign: str,
          due: int) -> None:
    rng = rows.rng
    task, second = rows.id(), 3600 + rng.random() * 30_000    # of the calling hours, UTC
    open_ = due > 0 or (due > -7 and rows.chance(40))
    state, _, before, last = ("due", 0, ("no_answer", "busy"), ()) if open_ else rows.one_of(_KINDS)
    if who.do_not_call:
        state, before, last = "cancelled", (), ()
    outcomes = []
    if due <= 0:
        most = int(rng.random() * 3) if state in ("gave_up", "due") else bool(before)
        outcomes = [rows.one_of(before) for _ in range(most) if before]
        outcomes += [rows.one_of(last)] if last else []
    if open_ and not outcomes:
        due = max(due, 0)
    counted = sum(outcome not in _COUNTED_NOT for outcome in outcomes)
    updated = moments.at(due, second + 7200 * len(outcomes))
    rows.add("task", task, moments.at(due - 2, second), campaign, who.id, stay.id, state,
             moments.at(max(due, 0) if open_ else due, second), 100, counted,
             outcomes[-1] if outcomes else None, updated)
    call = _Calls(rows, moments, desk, who, stay, task, campaign)
    for seq, outcome in enumerate(outcomes, 1):
        call.place(seq, outcome, due, second + 7200 * (seq - 1))
    call.end()


class _Calls:
    """The attempts of one task, and the response that grows over them."""

    def __init__(self, rows: Rows, moments: Moments, desk: Desk, who: Person, stay: Stay,
                 task: str, campaign: str) -> None:
        self.rows, self.moments, self.desk = rows, moments, desk
        self.who, self.stay, self.task, self.campaign = who, stay, task, campaign
        self._response = ""
        self._given = 0
        self._begun = self._completed = ""

    def place(self, seq: int, outcome: str, day: int, second: float) -> None:
        rows, at = self.rows, self.moments.at
        attempt = rows.id()
        answered = _DEPTH.get(outcome)
        talked = 0 if answered is None else 12 + 11 * answered + int(rows.rng.random() * 60)
        rung = second + 6
        picked = at(day, rung) if answered is not None else None
        ended = rung + (talked or 25)
        shown = None if outcome == "not_placed" else at(day, second + 1)
        rows.add("attempt", attempt, self.task, self.campaign, self.who.id, seq, "node1",
                 self.who.phone, "ended", at(day, second), shown, shown, picked, at(day, ended),
                 outcome if answered else None, outcome, _CAUSES.get(outcome, 16), "event")
        if answered is None:
            return
        if outcome != "voicemail" and day > -120 and rows.chance(4):
            self.desk.checkable.append((attempt, self.stay.department.name, day))
        self._record(attempt, day, rung, talked)
        found = rows.one_of(_FOUND) if outcome in ("escalated", "callback_alert") else None
        answers = self._answer(attempt, answered, found, day, rung)
        if found is not None and answers:
            self._alert(attempt, outcome, found, answers, day, ended)
        if outcome == "completed":
            self._completed = at(day, ended)

    def _answer(self, attempt: str, depth: int, found: tuple[object, ...] | None, day: int,
                rung: float) -> str:
        """Answers up to ``depth``; the id of the one in which something was found."""
        rows, at, marked = self.rows, self.moments.at, ""
        if depth and not self._response:
            self._response, self._begun = rows.id(), at(day, rung)
        for place, (link, usual) in enumerate(_USUAL[:depth]):
            if place < self._given and not (found and found[0] == link):
                continue
            value, heard = rows.one_of(usual)
            sure, by = "1", "key"
            if heard[0] > "\u4e00":
                sure, by = ("0.93", "voice") if rows.chance(85) else ("0.52", "voice")
            answer = rows.id()
            if found and found[0] == link and place >= self._given:
                value, heard, marked = str(found[3]), str(found[4]), answer
            if place >= self._given:
                rows.add("answer", answer, self._response, attempt, link, "0", "f", value, heard,
                         sure, by, at(day, rung + 8 + 9 * place))
        self._given = max(self._given, depth)
        return marked

    def _alert(self, attempt: str, outcome: str, found: tuple[object, ...], answer: str, day: int,
               ended: float) -> None:
        rows, at = self.rows, self.moments.at
        link, rule, severity, _, _, words = found
        moment, alert = at(day, ended - 20), rows.id()
        rows.add("finding", rows.id(), moment, self._response, answer, link, rule, severity, words)
        agent, name = rows.one_of(self.desk.agents)
        bridged = outcome == "escalated"
        closed = bridged or day < -1 or rows.chance(60)
        rows.add("alert", alert, moment, self._response, self.who.id, severity,
                 "closed" if closed else "open",
                 [{"rule": rule, "link_id": link, "severity": severity, "text": words}],
                 at(day, ended + (1800 if severity == "critical" else 14_400)),
                 at(day, ended + 900) if closed else None, name if closed else None,
                 rows.one_of(self.desk.closings) if closed else "")
        rows.add("escalation", rows.id(), moment, attempt, alert, agent if bridged else None,
                 "bridged" if bridged else "no_agent", moment,
                 at(day, ended - 12) if bridged else None, at(day, ended))

    def _record(self, attempt: str, day: int, rung: float, talked: int) -> None:
        rows, moments = self.rows, self.moments
        recording = rows.id()
        rows.add("recording", recording, moments.at(day, rung), attempt, "sealed",
                 f"{attempt}.raw", f"{moments.day(day).replace('-', '/')}/{attempt}.wav",
                 f"{rows.rng.getrandbits(256):064x}", 44 + talked * 32_000, talked * 1000,
                 moments.at(day, rung + talked + 4), 0, self.who.id, self.campaign,
                 self.stay.department.name)
        if day > -_OWN_MARKS:
            for place, (link, _) in enumerate(_USUAL):
                if 5 + 9 * place < talked:
                    rows.add("recording_mark", rows.id(), recording, 5000 + 9000 * place,
                             "question", link, "")

    def end(self) -> None:
        if self._response:
            rows = self.rows
            rows.add("response", self._response, self._begun, self.task, self.who.id,
                     self.desk.questionnaire, "completed" if self._completed else "in-progress",
                     self.who.language, self._completed or None)
