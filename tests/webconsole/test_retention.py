"""Rules how long recordings are kept, looked at before they are set; who holds what."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import select, update

from followup.calls.models import Recording
from followup.database.base import now
from followup.database.engine import Database
from followup.people.models import AuditEvent
from followup.recordings.models import RecordingHold, RetentionRule
from followup.settings import Settings
from recordings.chain import link_seals
from recordings.retention import overdue
from recordings.standing import KEEPER
from tests.webconsole.conftest import Client, SignIn
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_recording import post
from tests.webconsole.test_recordings import encrypt

PAGE = "/recordings/retention"


async def age(database: Database, days: int) -> None:
    """The hospital's one sealed recording is so many days old, and in the chain."""
    async with database.session() as session:
        await link_seals(session)
        await session.execute(update(Recording).values(created_at=now() - timedelta(days=days)))


async def look(client: Client, query: str = "") -> str:
    answer = await client.get(f"{PAGE}?{query}")
    assert answer.status == 200
    return await answer.text()


async def test_a_rule_is_previewed_then_saved_and_goes_before_the_settings_file(
        client: Client, database: Database, settings: Settings, hospital: Hospital,
        sign_in: SignIn) -> None:
    await encrypt(database, settings)
    await age(database, 40)
    await sign_in("administrator")
    rule = {"campaign": str(hospital.campaign), "outcome": "escalated", "days": "30"}
    page = await look(client, "&".join(f"{name}={value}" for name, value in rule.items()))
    assert 'data-going="1"' in page, "what would be deleted at once is said before it is saved"
    async with database.session() as session:
        assert (await session.scalars(select(RetentionRule))).all() == [], "looking changes nothing"
    assert 'data-going="1"' not in await look(client, "outcome=refused&days=30")
    assert (await post(client, PAGE, **rule))[0] == 303
    assert (await post(client, PAGE, **{**rule, "days": "60"}))[0] == 303
    async with database.session() as session:
        assert await overdue(session, 30) == [], "the rule says 60, whatever the file says"
        assert len(await overdue(session, None)) == 0
        told = (await session.scalars(select(AuditEvent.detail).where(
            AuditEvent.action == "set-retention").order_by(AuditEvent.id))).all()
    assert told == [{"before": None, "after": 30}, {"before": 30, "after": 60}]
    del rule["days"]
    page = await look(client, f"campaign={hospital.campaign}&outcome=escalated&remove=yes")
    assert f'action="{PAGE}/remove"' in page
    assert (await post(client, f"{PAGE}/remove", **rule))[0] == 303
    assert (await post(client, f"{PAGE}/remove", **rule))[0] == 404
    async with database.session() as session:
        assert len(await overdue(session, 30)) == 1


async def test_what_does_not_fit_is_said_beside_its_field_and_kept(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("administrator")
    for fields, fault in (({"days": "0"}, "days"), ({"days": "1.5"}, "days"),
                          ({"days": "99999"}, "days"), ({"days": ""}, "days"),
                          ({"days": "9", "outcome": "x"}, "outcome"),
                          ({"days": "9", "campaign": str(hospital.case)}, "campaign")):
        for method in ("get", "post"):
            if method == "post":
                status, page = await post(client, PAGE, **fields)
            else:
                answer = await client.get(PAGE, params={"outcome": "refused", **fields})
                status, page = answer.status, await answer.text()
            assert (status, f'id="{fault}-fault"' in page) == (422, True), (fields, method)
            assert f'name="days" type="text" value="{fields["days"]}"' in page
    async with database.session() as session:
        assert (await session.scalars(select(RetentionRule))).all() == []


async def test_holds_are_listed_set_by_an_address_and_lifted_with_a_reason(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("auditor")
    page = await look(client)
    assert f'action="{PAGE}"' not in page, "rules are the administrators'"
    address = f"http://console.local/recordings/{hospital.recording}"
    for fields, status, fault in (
            ({"recording": "x", "reason": "取证"}, 422, "recording"),
            ({"recording": str(hospital.case), "reason": "取证"}, 422, "recording"),
            ({"recording": address, "reason": " "}, 422, "reason"),
            ({"recording": address, "reason": "取证"}, 303, ""),
            ({"recording": address, "reason": "再次"}, 409, "recording")):
        found, page = await post(client, f"{PAGE}/hold", **fields)
        assert found == status
        if fault:
            assert f'id="{fault}-fault"' in page
            assert fields["recording"] in page and fields["reason"].strip() in page
    page = await look(client)
    assert "取证" in page and "auditor" in page and "王秀英" in page
    assert (await post(client, f"/recordings/{hospital.recording}/release", reason="结案",
                       next=f"{PAGE}#holds"))[0] == 303
    assert "取证" not in await look(client)
    async with database.session() as session:
        hold = (await session.scalars(select(RecordingHold))).one()
    assert (hold.set_by, hold.released_by, hold.release_reason) == ("auditor", "auditor", "结案")


async def test_the_page_tells_how_the_keeper_stands(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    assert "没有运行" in await look(client)
    keeper = Database(database.url, name=KEEPER)
    try:
        await keeper.check()
        page = await look(client)
    finally:
        await keeper.close()
    assert "没有运行" not in page and "运行中" in page
    assert re.search("所有通话都已封存", page)
