"""What the doctor says of the keeper of recordings and of its storage."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from aftercall.doctor import Status
from aftercall.doctor.keeper import judge, keeper_checks
from aftercall.doctor.result import Result
from followup.alarms.models import Alarm, AlarmKind
from followup.database.base import now
from followup.database.engine import Database
from followup.settings import Settings
from recordings.standing import KEEPER, Standing

NOW = now()


@pytest.mark.parametrize(("standing", "status", "said"), [
    (Standing(True, 0, None, ()), Status.OK, "every call is sealed"),
    (Standing(True, 3, NOW - timedelta(minutes=2), ()), Status.OK, "3 call(s)"),
    (Standing(True, 3, NOW - timedelta(minutes=40), ()), Status.WARN, "(40 min)"),
    (Standing(True, 1, NOW, [Alarm(kind=AlarmKind.RECORDINGS_WAIT, subject="s3")]), Status.FAIL,
     "takes no recordings"),
    (Standing(False, 0, None, ()), Status.FAIL, "not running")])
def test_its_standing_is_judged(standing: Standing, status: Status, said: str) -> None:
    result = judge(standing, NOW)
    assert result.status is status
    assert said in result.seen
    assert bool(result.what_to_do) == (status is not Status.OK)


async def look(settings: Settings, database: Database) -> dict[str, Result]:
    return {check.name: await check.run() for check in keeper_checks(settings, database)}


async def test_a_keeper_is_seen_by_its_connection(database: Database, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert (await look(settings, database))["keeper"].status is Status.FAIL
    keeper = Database(database.url, name=KEEPER)
    try:
        await keeper.check()
        assert (await look(settings, database))["keeper"].status is Status.OK
    finally:
        await keeper.close()


async def test_little_room_is_told_before_recordings_are_lost(database: Database,
                                                              tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, recordings={"low_disk_mb": 1_000_000})
    result = (await look(settings, database))["storage of recordings"]
    assert result.status is Status.FAIL
    assert "low_disk_mb = 1000000" in result.seen
