"""A hospital says what the forms about complaints and praise ask, without anybody who programs."""

from __future__ import annotations

import json
import re

from aiohttp import ClientResponse
from sqlalchemy import select

from followup.cases.models import Case
from followup.cases.setup import load_setup
from followup.cases.setup_models import TUNABLE, CaseField
from followup.cases.states import CaseKind
from followup.database.engine import Database
from followup.people.models import AuditEvent
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.forms import Forms
from tests.webconsole.hospital import Hospital


async def save(client: Client, part: str, **fields: str) -> ClientResponse:
    return await client.post(f"/cases/settings/{part}", allow_redirects=False,
                             data={"csrf_token": await csrf(client), **fields})


def form(**uses: str) -> dict[str, str]:
    """The form of settings with everything optional but these."""
    return {f"{kind}_{name}": "optional" for kind in CaseKind for name in TUNABLE} | uses


async def own_field(client: Client, database: Database, **fields: str) -> CaseField:
    assert (await save(client, "fields", id="", active="1", **fields)).status == 303
    async with database.session() as session:
        return next(each for each in (await load_setup(session)).fields
                    if each.name_zh == fields["name_zh"])


async def register(client: Client, database: Database, **fields: str) -> ClientResponse:
    async with database.session() as session:
        severity = (await load_setup(session)).severities[0]
    return await client.post("/cases", allow_redirects=False, data={
        "csrf_token": await csrf(client), "kind": "complaint", "channel": "visit",
        "severity": str(severity.id), "description": "等了两个小时", **fields})


async def test_the_form_asks_what_the_hospital_wants_to_know(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    answer = await save(client, "form", **form(complaint_contact="needed",
                                               praise_happened_on="left_out"))
    assert answer.status == 303
    bed = await own_field(client, database, name_zh="床号", type="text", needed="1")
    sorry = await own_field(client, database, name_zh="已道歉", name_en="Apologised",
                            type="choice", choices="是\n否\n", kind="complaint", position="1")
    page = await (await client.get("/cases/new")).text()
    assert all(name in page for name in ("床号", "已道歉", 'data-only="complaint"'))

    answer = await register(client, database, **{sorry.key: "也许"})
    page = await answer.text()
    assert answer.status == 422
    assert Forms(page, "/cases").faulty() == {"contact", bed.key, sorry.key}
    assert re.search(r'<input id="contact"[^>]* autofocus', page)
    assert ">也许</option>" in page                       # what was typed is kept
    # praise asks less
    answer = await register(client, database, kind="praise", **{bed.key: "3-12 𠮷"})
    assert answer.status == 303
    answer = await register(client, database, contact="139", **{bed.key: "3-12", sorry.key: "否"})
    page = await (await client.get(answer.headers["Location"])).text()
    assert "3-12" in page
    table = await (await client.get("/cases/export?format=csv")).text()
    assert "床号,已道歉" in table.splitlines()[0]
    assert table.splitlines()[1].endswith("3-12,否")


async def test_what_is_not_asked_any_more_is_kept(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    bed = await own_field(client, database, name_zh="床号", type="text")
    made = await register(client, database, reporter="王先生", **{bed.key: "3-12"})
    path = made.headers["Location"].partition("?")[0]
    await save(client, "form", **form(complaint_reporter="left_out"))
    assert (await save(client, "fields", id=str(bed.id), name_zh="床号")).status == 303
    async with database.session() as session:
        case = (await session.scalars(select(Case).order_by(Case.seq.desc()))).first()
        assert case is not None
        severity, version = case.severity_id, case.version
    answer = await client.post(f"{path}/edit", allow_redirects=False, data={
        "csrf_token": await csrf(client), "channel": "visit", "severity": str(severity),
        "description": "等了三个小时", "version": str(version)})
    assert answer.status == 303
    page = await (await client.get(path)).text()
    assert all(words in page for words in ("王先生", "3-12", "等了三个小时"))


async def test_a_field_without_choices_or_with_a_name_that_is_taken_is_told(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    await own_field(client, database, name_zh="床号", type="text")
    for fields in ({"name_zh": "方式", "type": "choice"}, {"name_zh": "床号", "type": "day"},
                   {"name_zh": "", "type": "text"}, {"name_zh": "甲", "type": "picture"}):
        answer = await save(client, "fields", id="", active="1", name_en="Kept", **fields)
        assert answer.status == 422
        assert 'value="Kept"' in await answer.text()
    assert (await save(client, "form", **form(praise_people="perhaps"))).status == 422
    async with database.session() as session:
        trail = [row.subject for row in await session.scalars(
            select(AuditEvent).where(AuditEvent.action == "set-up-cases"))]
    assert [each.partition(":")[0] for each in trail] == ["case-field"]


async def test_other_systems_and_lists_fill_in_own_fields_by_name(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("administrator")
    await own_field(client, database, name_zh="来院日", type="day", needed="1")
    page = await (await client.post("/cases/tokens", data={
        "csrf_token": await csrf(client), "name": "desk"})).text()
    token = page.partition('class="mono token">')[2].partition("<")[0]
    told = {"kind": "complaint", "channel": "web", "severity": "一般", "description": "太吵"}

    async def send(fields: object) -> ClientResponse:
        return await client.post("/api/cases", data=json.dumps({**told, "fields": fields}),
                                 headers={"Authorization": f"Bearer {token}"})

    assert (await send({"来院日": "2026年1月2日"})).status == 201
    for fields, field in (({}, "来院日"), ({"来院日": "昨天"}, "来院日"),
                          ({"来院日": [1]}, "来院日"), ([1], "fields"),
                          ({"来院日": "2026-01-02", "别的": "x"}, "别的")):
        answer = await send(fields)
        assert answer.status == 422
        assert field in [each["field"] for each in (await answer.json())["faults"]]
