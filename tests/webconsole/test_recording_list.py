"""The list of recordings: each filter, every page, within what one sees, and as a table."""

from __future__ import annotations

import csv
import html
import io
import re
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from followup.agents.models import Agent
from followup.alarms.models import AlarmKind
from followup.alarms.register import raise_alarm
from followup.calls.models import (
    Attempt,
    AttemptState,
    Disposition,
    Recording,
    RecordingState,
)
from followup.campaigns.models import Campaign
from followup.database.base import now
from followup.database.engine import Database
from followup.patients.models import Encounter, Patient
from followup.people.models import AuditEvent, Reach, Role, User
from followup.recordings.models import RecordingComment, RecordingHold
from followup.responses.models import Answer, GivenBy
from followup.settings import Settings
from followup.views import recording_list
from tests.webconsole.conftest import Client, SignIn
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_recordings import encrypt


async def add_recordings(database: Database, hospital: Hospital) -> list[uuid.UUID]:
    """Recordings of the other calls that are over, the newest first; their ids."""
    async with database.session() as session:
        calls = (await session.scalars(
            select(Attempt).where(Attempt.answered_at.is_not(None),
                                  Attempt.state == AttemptState.ENDED,
                                  Attempt.id != hospital.escalated)
            .order_by(Attempt.committed_at.desc(), Attempt.id))).all()
        made = [Recording(id=uuid.uuid4(), attempt_id=call.id, capture_file=f"{call.id}.raw",
                          created_at=call.answered_at, state=RecordingState.SEALED,
                          duration_ms=1000 * (place + 1)) for place, call in enumerate(calls)]
        session.add_all(made)
    return [each.id for each in made]


async def shown(client: Client, query: str = "") -> list[uuid.UUID]:
    """The recordings of a page, in its order."""
    answer = await client.get(f"/recordings?{query}")
    assert answer.status == 200, query
    return [uuid.UUID(found) for found in
            re.findall(r'id="recording-([0-9a-f-]{36})"', await answer.text())]


async def test_each_filter_finds_its_own_and_no_other(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    first = hospital.recording
    held, said, lost, changed, *rest = await add_recordings(database, hospital)
    async with database.session() as session:
        calls = {row.id: row for row in await session.scalars(select(Recording))}
        people = {row.id: row for row in await session.scalars(select(Patient))}
        user = (await session.scalars(select(User).where(User.role == Role.AUDITOR))).one()
        agent = (await session.scalars(select(Agent).where(Agent.extension == "801"))).one()
        agent.kind = "webrtc"
        calls[lost].state, calls[lost].duration_ms = RecordingState.LOST, None
        calls[held].missing_ms, calls[held].seal_number = 12_000, 77
        calls[said].created_at = now() - timedelta(days=40)
        session.add(RecordingHold(recording_id=held, reason="取证", set_by="x"))
        session.add(RecordingHold(recording_id=said, reason="取证", set_by="x",
                                  released_at=now(), released_by="x", release_reason="x"))
        session.add(RecordingComment(recording_id=said, author_id=user.id, at_ms=0, text="语气"))
        await raise_alarm(session, AlarmKind.RECORDING_CHANGED, str(changed))
        attempt = await session.get_one(Attempt, calls[held].attempt_id)
        attempt.disposition = Disposition.FAILED
        answer = await session.scalar(select(Answer).limit(1))
        assert answer is not None
        session.add(Answer(response_id=answer.response_id, attempt_id=calls[lost].attempt_id,
                           link_id="message", heard="5000 ms", given_by=GivenBy.MESSAGE,
                           value={"valueAttachment": {"url": "x"}}))
        finished = Campaign(name="别的任务", questionnaire_id=(
            await session.get_one(Campaign, hospital.campaign)).questionnaire_id)
        session.add(finished)
        await session.flush()
        day = f"{calls[said].created_at.astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d}"
    [live] = calls.keys() - {first, held, said, lost, changed, *rest}
    every = set(calls)
    of_first = people[calls[first].patient_id]
    wanted: dict[str, set[uuid.UUID]] = {
        "": every, "q=wangxiuying": {first}, f"q={of_first.mrn}": {first}, "q=77": {held},
        f"q={of_first.phone[-6:]}": {first}, f"q={lost}": {lost}, "q=没有这个人": set(),
        f"begin={day}&end={day}": {said}, f"patient={of_first.id}": {first},
        f"department={calls[held].department}": {
            key for key, row in calls.items() if row.department == calls[held].department},
        f"campaign={hospital.campaign}": every, f"campaign={finished.id}": set(),
        f"questionnaire={finished.questionnaire_id}": every, f"agent={agent.id}": {first},
        "kind=agent": {first}, "kind=browser": {first}, "kind=ivr": every - {first},
        "kind=message": {lost}, "kind=case": set(), "kind=recheck": set(),
        "outcome=failed": {held}, "outcome=voicemail": set(), "seal=lost": {lost},
        "seal=sealed": every - {lost, live}, "seal=waiting": {live}, "seal=failed": {changed},
        "seal=short": {held},
        "seal=verified": set(), "told=finding": {first}, "told=escalation": {first},
        "held=yes": {held}, "comments=yes": {said}, "held=yes&comments=yes": set()}
    await sign_in("auditor")
    found = {query: set(await shown(client, query)) for query in wanted
             if not query.startswith("q=0") and of_first.phone[-6:] not in query}
    assert found == {query: wanted[query] for query in found}
    assert await shown(client, f"q={of_first.phone[-6:]}") == [], "numbers are not theirs to search"
    await sign_in("supervisor")
    assert set(await shown(client, f"q={of_first.phone[-6:]}")) == {first}
    for wrong in ("begin=x", "campaign=x", "kind=x", "outcome=x", "seal=x", "held=x", "sort=x",
                  "after=x"):
        assert (await client.get(f"/recordings?{wrong}")).status == 422, wrong


async def test_every_recording_is_on_one_page_whatever_comes_meanwhile(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn,
        monkeypatch: pytest.MonkeyPatch) -> None:
    late, *_ = await add_recordings(database, hospital)
    async with database.session() as session:
        row = await session.get_one(Recording, late)
        call, began = row.attempt_id, row.created_at
        await session.delete(row)
        others = set(await session.scalars(select(Recording.id).where(Recording.id != late)))
    monkeypatch.setattr(recording_list, "PAGE", 2)
    await sign_in("auditor")
    for sort in ("-called", "-length", "length"):
        seen: list[uuid.UUID] = []
        query = f"sort={sort}"
        while True:
            page = await (await client.get(f"/recordings?{query}")).text()
            seen += map(uuid.UUID, re.findall(r'id="recording-([0-9a-f-]{36})"', page))
            onward = re.findall(r'href="/recordings\?([^"]*after=[^"]+)"', page)
            if not onward:
                break
            query = onward[-1].replace("&amp;", "&")
            if sort == "-called" and len(seen) == 2:         # a call ends while somebody reads
                async with database.session() as session:
                    session.add(Recording(id=late, attempt_id=call, capture_file="x",
                                          created_at=began + timedelta(days=1)))
        known = others | ({late} if sort != "-called" else set())
        assert len(seen) == len(known)
        assert set(seen) == known


async def test_one_sees_the_recordings_of_one_s_departments_also_after_a_stay_is_put_right(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await add_recordings(database, hospital)
    async with database.session() as session:
        await session.execute(update(User).where(User.role == Role.DOCTOR).values(
            departments=["骨科"], reach=Reach.OWN))
        theirs = set(await session.scalars(
            select(Recording.id).where(Recording.department == "骨科")))
    await sign_in("doctor")
    assert hospital.recording in theirs
    assert set(await shown(client)) == theirs
    assert await shown(client, "department=心内科") == []
    async with database.session() as session:
        await session.execute(update(Encounter).where(
            Encounter.patient_id == hospital.patients[0]).values(department="心内科"))
    assert set(await shown(client)) == theirs - {hospital.recording}
    assert (await client.get(f"/recordings/{hospital.recording}")).status == 404


async def test_who_may_not_listen_sees_the_list_without_a_way_in(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn,
        monkeypatch: pytest.MonkeyPatch) -> None:
    await add_recordings(database, hospital)
    await sign_in("auditor")
    page = await (await client.get("/recordings")).text()
    assert "<audio" not in page and f'href="/recordings/{hospital.recording}"' in page
    assert "/recordings/export" in page
    await sign_in("agent")
    page = await (await client.get("/recordings")).text()
    assert "/recordings/export" not in page
    assert not re.search(r"1380000\d{4}", page), "numbers are masked"
    async with database.session() as session:
        assert not (await session.scalars(select(AuditEvent).where(
            AuditEvent.action == "play-recording"))).all()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_an_export_holds_the_filtered_without_formulas_and_leaves_a_row(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn,
        kind: str) -> None:
    await add_recordings(database, hospital)
    async with database.session() as session:
        await session.execute(update(Patient).where(Patient.id == hospital.patients[0]).values(
            name='=HYPERLINK("http://x","点我")'))
    await sign_in("auditor")
    content = await (await client.get(
        f"/recordings/export?told=finding&format={kind}")).read()
    rows: list[Any]
    if kind == "csv":
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    else:
        rows = list(load_workbook(io.BytesIO(content), read_only=True).active.values)
    assert [row[1] for row in rows[1:]] == ["'=HYPERLINK(\"http://x\",\"点我\")"]
    assert "坐席通话" in rows[1] and "林护士" in rows[1] and "异常、转人工" in rows[1]
    async with database.session() as session:
        [told] = await session.scalars(select(AuditEvent).where(
            AuditEvent.action == "export-ended"))
    assert (told.actor, told.subject, told.detail["lines"]) == ("auditor", "list:recordings", 1)


async def test_what_was_played_or_verified_is_listed_so_until_it_is_found_changed(
        client: Client, database: Database, settings: Settings, hospital: Hospital,
        sign_in: SignIn) -> None:
    _, file = await encrypt(database, settings)
    await sign_in("auditor")
    assert await shown(client, "seal=verified") == []
    await client.get(f"/recordings/{hospital.recording}/audio")
    assert await shown(client, "seal=verified") == [hospital.recording]
    sealed = file.read_bytes()
    file.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    assert (await client.get(f"/recordings/{hospital.recording}/audio")).status == 409
    assert await shown(client, "seal=verified") == []
    assert await shown(client, "seal=failed") == [hospital.recording]


async def test_a_new_recording_announces_itself_and_leaves_the_list_alone(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("auditor")

    async def told(path: str) -> str:
        answer = await client.get(path, headers={"HX-Request": "true"})
        assert answer.status == 200
        return (await answer.text()).strip()

    def live(page: str) -> str:
        return html.unescape(page.partition('hx-get="/recordings/live')[2].partition('"')[0])

    pages = [await (await client.get(f"/recordings?{query}")).text()
             for query in ("", f"department={quote('骨科')}&sort=called", "seal=lost")]
    everything, of_ward, lost = [f"/recordings/live{live(page)}" for page in pages]
    assert [await told(path) for path in (everything, of_ward, lost)] == ["", "", ""]
    async with database.session() as session:
        attempt = await session.scalar(select(Attempt.id).where(
            Attempt.task_id == hospital.tasks[6]))
        session.add(Recording(attempt_id=attempt, capture_file="new.raw"))
        # one that was in the list before has been sealed since
        await session.execute(update(Recording).where(Recording.id == hospital.recording).values(
            sealed_at=now()))
    assert "2 段录音" in await told(everything)
    link = await told(of_ward)
    assert "2 段录音" in link
    assert f"department={quote('骨科')}&amp;sort=called" in link
    assert await told(lost) == ""
    assert (await client.get("/recordings/live?since=yesterday")).status == 422
