"""The sample patients: a week of discharges that brings every persona to the phone."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from aftercall.demo.patients import DISCHARGED_ON, sample_list, sample_rows, shift_dates
from followup.patients.importing import read
from simgateway.personas import load_personas, persona_code

TODAY = date(2027, 3, 1)


def test_every_row_is_accepted_by_the_import() -> None:
    found = read(sample_list(TODAY), region="CN", today=TODAY)
    assert not found.faults
    assert not found.notes
    assert len(found.records) == len(sample_rows()) == 27


def test_every_persona_is_called_and_the_healthy_one_several_times() -> None:
    records = read(sample_list(TODAY), region="CN", today=TODAY).records
    called = Counter(persona_code(record.patient["phone"]) for record in records)
    codes = {persona.name: persona.code for persona in load_personas()}
    assert set(called) == set(codes.values())
    assert called[codes["normal"]] >= 5
    assert len({record.patient["phone"] for record in records}) == 27


@pytest.mark.parametrize("today", [TODAY, date(2024, 3, 1), date(2030, 1, 1)])
def test_everybody_was_discharged_in_the_last_seven_days(today: date) -> None:
    rows = shift_dates(sample_rows(), today)
    days = [date.fromisoformat(row[DISCHARGED_ON]) for row in rows]
    assert max(days) == today - timedelta(days=1)
    assert min(days) >= today - timedelta(days=7)
    assert len(set(days)) > 1


def test_only_the_dates_are_moved() -> None:
    moved, kept = shift_dates(sample_rows(), TODAY), sample_rows()
    assert moved != kept
    assert [{**row, DISCHARGED_ON: ""} for row in moved] == [
        {**row, DISCHARGED_ON: ""} for row in kept]
    assert shift_dates([], TODAY) == []


def test_some_patients_are_to_be_spoken_to_in_english() -> None:
    records = read(sample_list(TODAY), region="CN", today=TODAY).records
    english = [record for record in records if record.patient.get("language") == "en"]
    assert len(english) >= 2
    assert all(record.patient["name"].replace(" ", "").isalpha() for record in english)
