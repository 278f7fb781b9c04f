"""Sound goes when its time is over, and never while somebody needs it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from followup.calls.models import Attempt, Disposition, Recording, RecordingState
from followup.campaigns.models import Task
from followup.cases.intake import Told
from followup.cases.models import Case, CaseEvidence, Channel
from followup.cases.register import By, register
from followup.cases.setup import load_setup
from followup.cases.states import CaseKind, CaseState
from followup.database.base import now
from followup.recordings import tally
from followup.recordings.keeping import Rules, forecast
from followup.recordings.models import RecordingHold, RecordingSeal, RetentionRule
from recordings.chain import link_seals
from recordings.preparing import prepare_next
from recordings.retention import batches, expire, overdue
from recordings.verifying import verify
from tests.recordings.archive import Archive


async def sealed(archive: Archive, days_old: int) -> uuid.UUID:
    """A sealed recording of a call so many days ago; its attempt's id."""
    attempt = await archive.call()
    assert await archive.next()
    async with archive.database.session() as session:
        await link_seals(session)
        await prepare_next(session, archive.vault, [])
        await session.execute(update(Recording).where(Recording.attempt_id == attempt).values(
            created_at=now() - timedelta(days=days_old)))
    return attempt


async def over(archive: Archive, default: int | None) -> set[uuid.UUID]:
    async with archive.database.session() as session:
        ids = await overdue(session, default)
        return set(await session.scalars(
            select(Recording.attempt_id).where(Recording.id.in_(ids))))


async def add(archive: Archive, *rows: object) -> None:
    async with archive.database.session() as session:
        session.add_all(rows)


async def test_what_is_over_loses_its_sound_and_keeps_row_and_seal(archive: Archive) -> None:
    old, young = await sealed(archive, 31), await sealed(archive, 29)
    assert len(archive.sealed_files()) == 4                     # with the peaks of each
    assert await expire(archive.database, archive.vault, archive.folder, 30) == 1
    row = await archive.recording(old)
    assert (row.state, row.file) == (RecordingState.EXPIRED, None)
    assert row.sha256 and row.duration_ms and row.expired_at
    assert len(archive.sealed_files()) == 2
    assert await archive.sound(young)
    found = await verify(archive.database, archive.vault, archive.folder)
    assert (found.ok, found.expired, found.sound) == (True, 1, 1)
    assert await expire(archive.database, archive.vault, archive.folder, 30) == 0


async def test_without_a_rule_nothing_goes(archive: Archive) -> None:
    await sealed(archive, 10_000)
    assert await expire(archive.database, archive.vault, archive.folder, None) == 0


async def test_the_rule_that_says_most_of_a_call_counts(archive: Archive) -> None:
    attempt = await sealed(archive, 50)
    async with archive.database.session() as session:
        task = await session.get_one(Task, (await session.get_one(Attempt, attempt)).task_id)
    assert await over(archive, 40) == {attempt}
    await add(archive, RetentionRule(days=100, set_by="a"))                       # of all
    assert await over(archive, 40) == set()
    await add(archive, RetentionRule(days=45, disposition=Disposition.COMPLETED, set_by="a"))
    assert await over(archive, None) == {attempt}
    await add(archive, RetentionRule(days=60, campaign_id=task.campaign_id, set_by="a"))
    assert await over(archive, None) == set()
    await add(archive, RetentionRule(days=49, campaign_id=task.campaign_id,
                                     disposition=Disposition.COMPLETED, set_by="a"),
              RetentionRule(days=1, disposition=Disposition.REFUSED, set_by="a"))
    assert await over(archive, None) == {attempt}


async def test_a_legal_hold_keeps_it_until_it_is_released(archive: Archive) -> None:
    attempt = await sealed(archive, 50)
    row = await archive.recording(attempt)
    await add(archive, RecordingHold(recording_id=row.id, reason="court", set_by="a"))
    assert await over(archive, 30) == set()
    async with archive.database.session() as session:
        await session.execute(update(RecordingHold).values(released_at=now(), released_by="b"))
    assert await over(archive, 30) == {attempt}


async def test_evidence_of_an_open_case_is_kept(archive: Archive) -> None:
    attempt = await sealed(archive, 50)
    async with archive.database.session() as session:
        setup = await load_setup(session)
        case, _ = await register(session, Told(
            CaseKind.COMPLAINT, Channel.PHONE, "态度不好", category=setup.categories[0].id,
            severity=setup.severities[0].id), setup, By("agent", "林护士"))
        session.add(CaseEvidence(case_id=case.id, attempt_id=attempt, added_by="a"))
    assert await over(archive, 30) == set()
    async with archive.database.session() as session:
        await session.execute(update(Case).values(state=CaseState.CLOSED, closed_at=now()))
    assert await over(archive, 30) == {attempt}


async def test_a_crash_before_the_files_were_removed_is_made_good(archive: Archive) -> None:
    attempt = await sealed(archive, 50)
    async with archive.database.session() as session:
        await session.execute(update(Recording).values(state=RecordingState.EXPIRED))
        assert await session.scalar(select(RecordingSeal.seal))
    assert archive.sealed_files()
    await expire(archive.database, archive.vault, archive.folder, 30)
    assert archive.sealed_files() == []
    assert (await archive.recording(attempt)).file is None


async def test_what_is_foretold_is_what_is_deleted(archive: Archive) -> None:
    old, held, young = [await sealed(archive, days) for days in (50, 50, 20)]
    async with archive.database.session() as session:
        campaign = await session.scalar(select(Attempt.campaign_id).where(Attempt.id == old))
        await session.execute(update(Attempt).where(Attempt.id == young).values(
            disposition=Disposition.REFUSED))
        session.add(RecordingHold(reason="x", set_by="x", recording_id=await session.scalar(
            select(Recording.id).where(Recording.attempt_id == held))))
    rules: Rules
    for rules, default in (({}, None), ({}, 30), ({(None, None): 60}, 30),
                           ({(campaign, None): 60, (None, None): 10}, None),
                           ({(None, Disposition.REFUSED): 19}, 50),
                           ({(campaign, Disposition.COMPLETED): 49}, None)):
        async with archive.database.session() as session:
            session.add_all(RetentionRule(campaign_id=key[0], disposition=key[1], days=days,
                                          set_by="x") for key, days in rules.items())
            await session.flush()
            told = forecast(await batches(session, rules), rules, default)
            assert (told.count, told.needed) == (3, 1)
            assert told.going[0] == len(await overdue(session, default)), (rules, default)
            await session.rollback()


async def test_kept_counts_are_those_that_counting_gives(
        archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "MANY", 0)
    attempts = [await sealed(archive, days) for days in (50, 50, 20)]
    async with archive.database.session() as session:
        await session.execute(update(Attempt).where(Attempt.id == attempts[0]).values(
            disposition=Disposition.REFUSED))
    await expire(archive.database, archive.vault, archive.folder, 30)
    attempts.append(await sealed(archive, 20))

    async def told() -> list[tuple[object, ...]]:
        async with archive.database.session() as session:
            return [(each.disposition, each.age_days, each.count) for each in
                    await batches(session, [(None, Disposition.COMPLETED)])]

    kept = await told()
    assert kept == [(Disposition.COMPLETED, 19, 2)], "of the others nothing is kept"
    async with archive.database.session() as session:
        await tally.gather(session)
        left = await session.scalars(select(tally.RecordingTally.n))
        assert left.all() == [1, 1], "a row of each campaign, and none for what is gone"
    assert await told() == kept
    async with archive.database.session() as session:
        for statement in tally.RECOUNT:
            await session.execute(text(statement))
    assert await told() == kept
