"""A recording's page: comments, legal hold, and clips that end and that nobody can guess."""

from __future__ import annotations

import io
import re
import uuid
import wave
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select, update

from followup.calls.models import Disposition, Recording, RecordingState
from followup.database.base import now
from followup.database.engine import Database
from followup.errors import NotFound
from followup.people.models import AuditEvent, Reach, Role, User
from followup.recordings.models import RecordingClip, RecordingComment, RecordingHold, RetentionRule
from followup.recordings.register import By, set_rule
from followup.settings import Settings
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.forms import Forms
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_recordings import encrypt

# in which one and the same page differs from one asking to the next: tokens, the time it is
PASSING = re.compile(r'value="[^"]*"|name="server-time" content="[^"]*"')


async def post(client: Client, path: str, **fields: str) -> tuple[int, str]:
    answer = await client.post(path, allow_redirects=False,
                               data={"csrf_token": await csrf(client), **fields})
    return answer.status, await answer.text()


async def shared(client: Client, path: str, start: str = "0:10", end: str = "0:12") -> str:
    """The address of a new clip."""
    status, page = await post(client, f"{path}/clips", **{"from": start, "to": end}, title="关键",
                              days="7")
    assert status == 200
    [found] = set(re.findall(r'href="(/clips/[^"]+)"', page))
    return found


async def test_a_clip_is_the_stretch_alone_for_whoever_is_signed_in(
        client: Client, database: Database, settings: Settings, hospital: Hospital,
        sign_in: SignIn) -> None:
    whole, _ = await encrypt(database, settings)
    path = f"/recordings/{hospital.recording}"
    await sign_in("auditor")
    link = await shared(client, path)
    await sign_in("doctor")
    assert (await client.get(link)).status == 200
    content = await (await client.get(f"{link}/audio")).read()
    with wave.open(io.BytesIO(content)) as sound:
        assert sound.getnframes() == 16_000
        samples = np.frombuffer(sound.readframes(16_000), "<i2")
    assert samples.tobytes() == whole[44 + 10 * 32_000:44 + 12 * 32_000]
    answer = await client.get(f"{link}/audio", headers={"Range": "bytes=40-99"})
    assert (answer.status, await answer.read()) == (206, content[40:100])
    async with database.session() as session:
        played = await session.scalars(select(AuditEvent.actor).where(
            AuditEvent.action == "play-clip"))
        assert set(played) == {"doctor"}
        stored = await session.scalar(select(RecordingClip.token_hash))
    assert stored not in link, "the database does not know the link"


async def test_links_that_are_foreign_over_or_revoked_are_one_and_the_same_404(
        client: Client, database: Database, settings: Settings, hospital: Hospital,
        sign_in: SignIn) -> None:
    await encrypt(database, settings)
    path = f"/recordings/{hospital.recording}"
    await sign_in("auditor")
    link = await shared(client, path)
    pages = set()
    for wrong in ("/clips/" + "x" * 43, "/clips/..%2F..%2Fsecrets.toml", "/clips/%00",
                  f"/clips/{hospital.recording}"):
        for end in ("", "/audio"):
            answer = await client.get(wrong + end)
            assert answer.status == 404, wrong
            pages.add(PASSING.sub("", await answer.text()))
    for column, value in (("expires_at", now() - timedelta(seconds=1)), ("revoked_at", now())):
        async with database.session() as session:
            await session.execute(update(RecordingClip).values(
                **{"expires_at": now() + timedelta(days=1), "revoked_at": None, column: value}))
        for end in ("", "/audio"):
            answer = await client.get(link + end)
            assert answer.status == 404
            pages.add(PASSING.sub("", await answer.text()))
    assert len(pages) == 1
    await sign_in("manager")                        # may see figures, not listen
    assert (await client.get(link)).status == 403


async def test_a_clip_of_another_department_is_not_found(
        client: Client, database: Database, settings: Settings, hospital: Hospital,
        sign_in: SignIn) -> None:
    await encrypt(database, settings)
    await sign_in("auditor")
    link = await shared(client, f"/recordings/{hospital.recording}")
    async with database.session() as session:
        await session.execute(update(User).where(User.role == Role.DOCTOR).values(
            departments=["眼科"], reach=Reach.OWN))
    await sign_in("doctor")
    for end in ("", "/audio"):
        assert (await client.get(link + end)).status == 404


async def test_a_download_is_the_sealed_original_under_a_name_of_its_own(
        client: Client, database: Database, settings: Settings, hospital: Hospital,
        sign_in: SignIn) -> None:
    whole, file = await encrypt(database, settings)
    await sign_in("auditor")
    path = f"/recordings/{hospital.recording}/download"
    answer = await client.get(path)
    assert re.fullmatch(rf'attachment; filename="\d{{8}}-{hospital.recording}\.wav"',
                        answer.headers["Content-Disposition"])
    assert await answer.read() == whole
    sealed = file.read_bytes()
    file.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    assert (await client.get(path)).status == 409
    async with database.session() as session:
        told = list(await session.scalars(select(AuditEvent.action).where(
            AuditEvent.actor == "auditor", AuditEvent.action.contains("recording"))))
    assert told == ["download-recording", "recording-changed"]


async def test_a_clip_can_be_revoked(client: Client, database: Database, settings: Settings,
                                     hospital: Hospital, sign_in: SignIn) -> None:
    await encrypt(database, settings)
    path = f"/recordings/{hospital.recording}"
    await sign_in("auditor")
    link = await shared(client, path)
    async with database.session() as session:
        clip = await session.scalar(select(RecordingClip.id))
    assert (await post(client, f"{path}/revoke", clip=str(uuid.uuid4())))[0] == 404
    assert (await client.get(link)).status == 200
    assert (await post(client, f"{path}/revoke", clip=str(clip)))[0] == 303
    assert (await client.get(link)).status == 404


@pytest.mark.parametrize(("part", "typed", "field"), [
    ("clips", {"from": "x", "to": "0:10", "days": "7", "title": "医嘱"}, "from"),
    ("clips", {"from": "0:10", "to": "0:10", "days": "7", "title": "医嘱"}, "to"),
    ("clips", {"from": "0:01", "to": "0:10", "days": "9999"}, "days"),
    ("comment", {"at": "x", "text": "看这里"}, "at"),
    ("comment", {"at": "0:05", "text": " "}, "text"), ("hold", {"reason": ""}, "reason")])
async def test_what_does_not_fit_is_told_at_its_field_and_what_was_typed_kept(
        client: Client, hospital: Hospital, sign_in: SignIn, part: str, typed: dict[str, str],
        field: str) -> None:
    await sign_in("supervisor")
    path = f"/recordings/{hospital.recording}/{part}"
    status, page = await post(client, path, **typed)
    form = Forms(page, path)
    assert (status, form.faulty()) == (422, {field})
    for name in typed.keys() - {"days"}:
        assert form.value(name) == typed[name].strip(), name


async def test_comments_and_a_legal_hold_are_on_the_page_and_in_the_trail(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    path = f"/recordings/{hospital.recording}"
    await sign_in("supervisor")
    assert (await post(client, f"{path}/comment", at="0:18", text="这里语气不好"))[0] == 303
    assert (await post(client, f"{path}/hold", reason="医疗纠纷取证"))[0] == 303
    assert (await post(client, f"{path}/hold", reason="再来一次"))[0] == 409
    page = await (await client.get(path)).text()
    for word in ("这里语气不好", "医疗纠纷取证", "法律保全中", 'data-seek="18.0"', "38*9"):
        assert word in page
    assert (await post(client, f"{path}/release", reason="已结案"))[0] == 303
    async with database.session() as session:
        assert (await session.scalars(select(RecordingComment.at_ms))).all() == [18_000]
        hold = (await session.scalars(select(RecordingHold))).one()
        actions = set(await session.scalars(select(AuditEvent.action)))
    assert (hold.set_by, hold.released_by, hold.release_reason) == (
        "supervisor", "supervisor", "已结案")
    assert {"hold-recording", "release-recording", "comment-recording"} <= actions
    await sign_in("agent")
    assert (await post(client, f"{path}/hold", reason="x"))[0] == 403


async def test_a_rule_is_set_changed_and_removed(database: Database) -> None:
    by = By("terminal:admin")
    for days in (30, 60):
        async with database.session() as session:
            await set_rule(session, None, Disposition.REFUSED, days, by)
    async with database.session() as session:
        assert (await session.scalars(select(RetentionRule.days))).all() == [60]
        await set_rule(session, None, Disposition.REFUSED, None, by)
    with pytest.raises(NotFound):
        async with database.session() as session:
            await set_rule(session, None, None, None, by)


async def test_a_call_that_was_not_wholly_recorded_says_so_on_its_page(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("auditor")
    for values, said in (({"missing_ms": 12_000}, "有约 0:12 没有录到声音"),
                         ({"missing_ms": 500}, "有约 0:00.5 没有录到声音"),
                         ({"state": RecordingState.LOST}, "没有找到这次通话的声音")):
        path = f"/recordings/{hospital.recording}"
        assert said not in await (await client.get(path)).text()
        async with database.session() as session:
            await session.execute(update(Recording).where(
                Recording.id == hospital.recording).values(values))
        assert said in await (await client.get(path)).text()
