"""A list's bytes to patients with their stays, and the faults of the rows that were refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pydantic import ValidationError

from followup.patients.importing.columns import HEADER_WITHIN, Layout, find_layout
from followup.patients.importing.report import CellFault, ListRefused, RowFault, Said, shown
from followup.patients.importing.rows import PatientRow
from followup.patients.importing.tables import MAX_ROWS, Cell, read_table
from followup.patients.models import Whose

_IDENTITY = ("name", "birth_date", "sex")
_PATIENT = (*_IDENTITY, "phone", "language", "timezone")
_PHONES = ("phone", "phone2", "relative_phone")
_CONTACTS = ("phone2", "relative_phone", "relation")
_STAY = ("diagnosis", "operation", "attending_doctor")


@dataclass(frozen=True)
class Stay:
    """One discharge; ``None`` where the list does not say."""

    discharged_on: date
    department: str
    diagnosis: str | None
    operation: str | None
    attending_doctor: str | None


@dataclass(frozen=True)
class Contact:
    """A further number; its place in the order of calling is that of its column."""

    position: int
    number: str
    whose: Whose
    relation: str | None = None


@dataclass(frozen=True)
class PatientRecord:
    """A patient as the whole list tells it, with every stay it names."""

    mrn: str
    patient: dict[str, Any]        # columns of Patient, only those that the list gives
    stays: tuple[Stay, ...]
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True)
class PatientList:
    """What a file holds: ``records`` to be stored, ``faults`` of refused rows, notes."""

    records: list[PatientRecord]
    faults: list[RowFault] = field(default_factory=list)
    notes: list[Said] = field(default_factory=list)


def read(data: bytes, *, region: str, today: date) -> PatientList:
    """Read a CSV or .xlsx patient list; ListRefused when it is none.

    ``region`` (``CN``) is where numbers without country code belong; no discharge may lie after
    ``today``. A faulty row costs that row alone.
    """
    table = read_table(data)
    layout = find_layout([(number, ["" if isinstance(cell, CellFault) else cell for cell in cells])
                          for number, cells in table.rows[:HEADER_WITHIN]])
    body = [row for row in table.rows if row[0] > layout.header_row]
    if len(body) > MAX_ROWS:
        raise ListRefused(f"超过 {MAX_ROWS} 行，请分成几个文件",
                          f"more than {MAX_ROWS} rows: split the file")
    context = {"region": region, "today": today, "epoch": table.epoch}
    rows: list[tuple[int, PatientRow]] = []
    faults: list[RowFault] = []
    for number, cells in body:
        given = {name: cells[at] if at < len(cells) else "" for name, at in layout.index.items()}
        try:
            rows.append((number, PatientRow.model_validate(given, context=context)))
        except ValidationError as error:
            faults += _faults(number, given, layout, error)
    records, conflicts = _merge(rows, layout)
    return PatientList(records, sorted([*faults, *conflicts], key=lambda fault: fault.row),
                       [*table.notes, *layout.notes])


def _faults(number: int, given: dict[str, Cell], layout: Layout,
            error: ValidationError) -> Iterator[RowFault]:
    for fault in error.errors(include_url=False):
        name = str(fault["loc"][0]) if fault["loc"] else "birth_date"    # the check across cells
        cell = given.get(name, "")
        value = "" if isinstance(cell, CellFault) else shown(cell, phone=name in _PHONES)
        cause = fault.get("ctx", {}).get("error")
        said = cause.said if isinstance(cause, CellFault) else Said("内容不符合要求", fault["msg"])
        yield RowFault(number, layout.title.get(name, name), value, said)


def _merge(rows: Iterable[tuple[int, PatientRow]],
           layout: Layout) -> tuple[list[PatientRecord], list[RowFault]]:
    """One record a medical record number; rows that make it two people are all refused."""
    by_mrn: dict[str, list[tuple[int, PatientRow]]] = defaultdict(list)
    for number, row in rows:
        by_mrn[row.mrn].append((number, row))
    records, faults = [], []
    for mrn, group in by_mrn.items():
        if quarrel := _quarrel(group):
            numbers = ", ".join(str(number) for number, _ in group)
            said = Said(f"第 {numbers} 行病历号相同，但{layout.title[quarrel]}不同",
                        f"rows {numbers} share a medical record number but differ in "
                        f"{layout.title[quarrel]}")
            faults += [RowFault(number, layout.title["mrn"], shown(mrn), said)
                       for number, _ in group]
        else:
            records.append(_record(mrn, [row for _, row in group]))
    return records, faults


def _quarrel(group: list[tuple[int, PatientRow]]) -> str | None:
    """The field in which rows of one number tell of different people."""
    for name in _IDENTITY:
        if len({getattr(row, name) for _, row in group} - {None}) > 1:
            return name
    return None


def _record(mrn: str, rows: list[PatientRow]) -> PatientRecord:
    """Of several rows, the latest discharge knows the phones and the language best."""
    latest = sorted(rows, key=lambda row: row.discharged_on)
    patient = {name: value for row in latest for name in _PATIENT
               if (value := getattr(row, name)) is not None}
    stays: dict[tuple[date, str], dict[str, str | None]] = {}
    for row in rows:
        stay = stays.setdefault((row.discharged_on, row.department), dict.fromkeys(_STAY))
        for name in _STAY:
            stay[name] = _joined(stay[name], getattr(row, name))
    return PatientRecord(mrn, patient, tuple(
        Stay(day, department, **texts) for (day, department), texts in stays.items()),
        tuple(_contacts({name: value for row in latest for name in _CONTACTS
                         if (value := getattr(row, name)) is not None})))


def _contacts(said: dict[str, str]) -> Iterator[Contact]:
    if number := said.get("phone2"):
        yield Contact(1, number, Whose.OWN)
    if number := said.get("relative_phone"):
        yield Contact(2, number, Whose.RELATIVE, said.get("relation"))


def _joined(known: str | None, more: str | None) -> str | None:
    """Lists give one row a diagnosis: all of a stay's are kept."""
    if not known or not more or more in known.split("；"):
        return known or more
    return f"{known}；{more}"
