"""``aftercall prompts``, as an administrator types it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from aftercall.cli import app
from followup.campaigns.models import Campaign
from followup.database.engine import Database
from followup.errors import AftercallError
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE, publish
from tests.ivr.prompts.sounds import measure, tone


def run(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["prompts", *words])
    assert result.exit_code == code, (result.output, result.exception)
    return result


def refused(*words: str) -> str:
    result = CliRunner().invoke(app, ["prompts", *words])
    assert isinstance(result.exception, AftercallError), result.output
    return result.exception.message


@pytest.fixture
def goodbye(tmp_path: Path) -> Path:
    file = tmp_path / "再见.wav"
    file.write_bytes(tone(440, 1.2, 48000, channels=2))
    return file


def listed(*words: str) -> dict[str, dict[str, str]]:
    """The studio's sheet, by id."""
    file = Path("studio.csv").absolute()
    run("missing", "--csv", str(file), *words)
    return {row["id"]: row for row in csv.DictReader(file.read_text("utf-8-sig").splitlines())}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_list_shrinks_as_prompts_are_recorded(tmp_path: Path, goodbye: Path) -> None:
    before = listed("--language", "zh")
    assert before["goodbye"]["text"].startswith("谢谢您的配合")
    assert "post-discharge/temperature" in before
    assert "post-discharge/identity" not in before, "only a voice can say a name"
    assert run("add", "goodbye", str(goodbye), "--by", "林静").output.startswith("goodbye (zh)")
    after = listed("--language", "zh")
    assert set(before) - set(after) == {"goodbye"}
    everything = listed("--language", "zh", "--all")
    assert everything["goodbye"]["state"] == "recorded"
    assert everything["post-discharge/identity"]["variables"] == "name"
    assert {row["language"] for row in listed("--language", "yue").values()} == {"yue"}
    sounds = list((tmp_path / "data" / "sounds").rglob("*.wav"))
    assert [round(measure(file).seconds, 1) for file in sounds] == [1.2], "ready for the next call"
    assert "1 recorded" in run("missing", "--language", "zh").output
    run("remove", "goodbye")
    assert "goodbye" in listed("--language", "zh")


def test_what_cannot_be_recorded_is_refused_with_the_reason(tmp_path: Path, goodbye: Path) -> None:
    assert "no such prompt" in refused("add", "goodby", str(goodbye))
    assert "its text holds name" in refused("add", "post-discharge/identity", str(goodbye))
    assert "expected zh, en or yue" in refused("add", "goodbye", str(goodbye), "--language", "fr")
    short = tmp_path / "short.wav"
    short.write_bytes(tone(seconds=0.1))
    assert refused("add", "goodbye", str(short)).startswith(f"{short}: too short")
    assert "nobody has recorded it" in refused("remove", "goodbye")
    assert "nobody has recorded it" in refused("remove", "goodbye", "--language", "en")
    assert not list((tmp_path / "data").rglob("*.wav"))


def test_what_patients_hear_is_written_to_a_file(tmp_path: Path) -> None:
    output = run("export", "read-back-temperature", "heard.wav").output
    assert "三十八点五度" in output
    assert measure(tmp_path / "heard.wav").rate == 8000


def test_a_recording_of_what_asterisk_says_by_itself_is_put_in_its_place(
        tmp_path: Path, goodbye: Path) -> None:
    fixed = tmp_path / "data" / "sounds" / "zh" / "fallback.wav"
    run("add", "fallback", str(goodbye))
    assert measure(fixed).seconds == pytest.approx(1.2, abs=0.05)
    run("remove", "fallback")
    assert measure(fixed).seconds > 3


def test_a_questionnaire_is_looked_for_where_it_is_named(tmp_path: Path) -> None:
    text = POST_DISCHARGE.read_text("utf-8").replace(":post-discharge\"", ":knees\"", 1)
    (tmp_path / "knees.json").write_text(text, "utf-8")
    found = listed("--language", "zh", "--questionnaire", "knees.json")
    assert "knees/temperature" in found
    assert "post-discharge/temperature" not in found
    assert "expected a file, or one of post-discharge" in refused(
        "missing", "--questionnaire", "elbows")
    assert "database does not run" in refused("missing", "--campaign", "出院随访")


async def test_a_campaigns_questionnaire_comes_from_the_database(
        database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    text = POST_DISCHARGE.read_text("utf-8").replace(":post-discharge\"", ":hips\"", 1)
    async with database.session() as session:
        row = await publish(session, load_questionnaire(text))
        session.add(Campaign(name="髋关节随访", questionnaire_id=row.id))
    monkeypatch.setenv("AFTERCALL_DATABASE__URL", database_url)
    for words in (("--campaign", "髋关节随访"), ()):
        found = await asyncio.to_thread(listed, "--language", "zh", *words)
        assert "hips/temperature" in found
        assert "post-discharge/temperature" not in found
    assert "no such campaign" in await asyncio.to_thread(refused, "missing", "--campaign", "膝")
