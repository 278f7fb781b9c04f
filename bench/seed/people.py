"""Invented patients with their stays and further numbers. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bench.seed.rows import Moments, Rows
from bench.seed.words import Department, Words
from followup.patients.search_keys import search_keys

YEARS = 3
SPAN_DAYS = 365 * YEARS            # last discharges of so long
EARLIER_DAYS = 320                  # an earlier stay is up to so long before
_RELATIONS = ("女儿", "儿子", "配偶", "母亲", "父亲", "兄弟", "姐妹")


@dataclass(slots=True)
class Stay:
    """One stay, as calls need it."""

    id: str
    department: Department
    day: int                       # of the discharge, counted from today


@dataclass(slots=True)
class Person:
    """A patient, as calls and cases need it."""

    id: str
    number: int
    name: str
    phone: str
    language: str
    do_not_call: bool
    stays: list[Stay]


def person(rows: Rows, words: Words, moments: Moments, seed: int, number: int) -> Person:
    """The patient of this ``number``, with rows added. No telephone rings at numbers with 12."""
    rng = rows.rng
    nationality = rows.one_of(words.nationalities)
    name = nationality.person(rows)
    mrn = f"ZY{seed:02}{number:08}"
    phone = f"+8612{seed % 10}{number * 7919 % 100_000_000:08}"
    made = Person(rows.id(), number, name, phone, nationality.language, rows.chance(1.5), [])
    last = -int(rng.random() ** 1.15 * SPAN_DAYS)
    days = [last]
    if rows.chance(33):
        days.append(last - 20 - int(rng.random() * (EARLIER_DAYS - 20)))
    keys = search_keys(name, mrn)
    sex = "female" if rng.random() < 0.53 else "male"
    born = moments.day(-int(365.25 * (1 + 94 * rng.random() ** 0.7)))
    at = moments.at(days[-1] - 1, rng.random() * 80_000)
    rows.add("patient", made.id, at, mrn, name, sex, born, phone, made.language,
             made.do_not_call, at, moments.day(last), "{" + ",".join(keys) + "}")
    rows.lines["patient_key"] += [f"{made.id}\t{key}" for key in keys]
    for position in range(1, 1 + (rng.random() < 0.35) + (rng.random() < 0.08)):
        rows.add("patient_contact", rows.id(), made.id, position,
                 f"+8612{seed % 10}{(number * 7919 + position * 31) % 100_000_000:08}", "relative",
                 rows.one_of(_RELATIONS))
    for day in days:
        department: Department = rows.one_of(words.departments)
        diagnosis, operation = rows.one_of(department.treats)
        stay = Stay(rows.id(), department, day)
        made.stays.append(stay)
        rows.add("encounter", stay.id, moments.at(day, 61_200 * rng.random()), made.id,
                 department.name, diagnosis, operation, rows.one_of(department.doctors),
                 moments.day(day))
    return made
