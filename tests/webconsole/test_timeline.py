"""A patient's page: the timeline with its filters, what comes next; the palette's answers."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from followup.campaigns.models import Held, Task, TaskState
from followup.database.base import now
from followup.database.engine import Database
from followup.patients.consent import stop_calling
from followup.patients.models import PatientContact, Whose
from followup.people.models import AuditEvent
from followup.views import timeline
from followup.views.timeline import Event, Window
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.hospital import Hospital


async def text(client: Client, path: str) -> str:
    answer = await client.get(path)
    assert answer.status == 200, path
    return await answer.text()


def kinds(page: str) -> list[str]:
    return re.findall(r'class="event event-([a-z]+)"', page)


async def test_the_timeline_holds_all_rooms_the_newest_first_and_is_filtered_by_the_address(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn) -> None:
    patient = hospital.patients[0]
    async with database.session() as session:
        await stop_calling(session, patient, actor="patient")
    await sign_in("supervisor")
    page = await text(client, f"/patients/{patient}")
    assert set(kinds(page)) == {"call", "alert", "case", "consent", "stay"}
    assert kinds(page)[0] == "consent"
    assert kinds(page)[-1] == "stay"
    assert set(kinds(await text(client, f"/patients/{patient}?kind=case&kind=stay"))) == {
        "case", "stay"}
    assert kinds(await text(client, f"/patients/{patient}?end=2001-01-01")) == []
    assert kinds(await text(client, f"/patients/{patient}/live?kind=alert")) == ["alert"]
    for wrong in ("kind=nothing", "begin=yesterday", "after=nonsense"):
        assert (await client.get(f"/patients/{patient}?{wrong}")).status == 422


async def test_what_comes_next_and_relatives_numbers_are_told(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn) -> None:
    patient = hospital.patients[0]
    async with database.session() as session:
        await session.execute(update(Task).where(Task.patient_id == patient).values(
            state=TaskState.DUE, due_at=now() + timedelta(days=1), held_why=Held.CAP_24_H))
        session.add(PatientContact(patient_id=patient, position=1, number="+8613911117777",
                                   whose=Whose.RELATIVE, relation="女儿"))
    await sign_in("agent")
    page = await text(client, f"/patients/{patient}")
    for shown in ("下次呼叫", "24 小时内次数已满", "11月23日 出院三日随访", "+86*******7777",
                  "女儿"):
        assert shown in page, shown
    assert "13911117777" not in page


async def test_pages_of_a_timeline_leave_nothing_out_and_a_room_adds_its_kind(
        database: Database) -> None:
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    # several rooms, events of one moment among them
    held = {kind: [Event(moment + timedelta(hours=n // 3), uuid.uuid4(), kind, n)
                   for n in range(count)] for kind, count in (("call", 37), ("message", 25))}

    def told(kind: str) -> timeline.Source:
        async def events(_session: AsyncSession, _patient: uuid.UUID,
                         window: Window) -> list[Event]:
            newest = sorted(held[kind], key=lambda e: (e.at, e.id), reverse=True)
            return [e for e in newest if window.last is None
                    or (e.at, e.id) < window.last][:window.most]
        return events

    known = {kind: told(kind) for kind in held}
    seen: list[Event] = []
    after: str | None = ""
    async with database.session() as session:
        while after is not None:
            found = await timeline.page(session, uuid.uuid4(), after=after, known=known)
            seen += found.events
            after = found.after
    assert seen == sorted((e for some in held.values() for e in some),
                          key=lambda e: (e.at, e.id), reverse=True)


async def found(client: Client, typed: str) -> dict[str, list[str]]:
    answer = await client.post("/search", data={"q": typed, "csrf_token": await csrf(client)})
    assert answer.status == 200
    return {group["name"]: [item["title"] for item in group["items"]]
            for group in (await answer.json())["groups"]}


async def test_the_palette_finds_what_its_visitor_may_open(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    assert (await found(client, "wxy"))["患者"] == ["王秀英"]
    assert (await found(client, "0001"))["患者"] == ["王秀英"]
    assert (await found(client, "换药"))["投诉与表扬"] == ["C000001"]
    assert (await found(client, "c1"))["投诉与表扬"] == ["C000001"]
    assert (await found(client, "hz"))["页面"] == ["患者"]
    assert (await found(client, "patients"))["页面"] == ["患者"]
    assert "页面" not in await found(client, "提示音")         # not an agent's


@pytest.mark.parametrize(("role", "typed", "shown"), [
    ("auditor", "0001", False), ("doctor", "wxy", True), ("manager", "wxy", False)])
async def test_numbers_and_patients_are_found_by_those_who_may(
        client: Client, hospital: Hospital, sign_in: SignIn, role: str, typed: str,
        shown: bool) -> None:
    await sign_in(role)
    assert ("患者" in await found(client, typed)) is shown


async def test_a_search_leaves_nothing_of_what_was_typed(
        client: Client, hospital: Hospital, database: Database, sign_in: SignIn,
        capsys: pytest.CaptureFixture[str]) -> None:
    await sign_in("agent")
    async with database.session() as session:
        before = await session.scalar(select(func.count()).select_from(AuditEvent))
    await found(client, "王秀英")
    async with database.session() as session:
        assert await session.scalar(select(func.count()).select_from(AuditEvent)) == before
    assert "王秀英" not in "".join(capsys.readouterr())
