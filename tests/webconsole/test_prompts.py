"""The page on which an administrator hears what patients hear, and records it."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, FormData
from aiohttp.test_utils import TestServer
from blockbuster import blockbuster_ctx
from sqlalchemy import select, update

from followup.database.engine import Database
from followup.people.models import AuditEvent, User
from followup.questionnaires.models import QuestionnaireRow, QuestionnaireStatus
from followup.settings import Settings
from ivr.prompts import Prompt, PromptBook
from ivr.prompts.decoding import MAX_BYTES
from tests.followup.questionnaires.build import item, questionnaire
from tests.ivr.prompts.sounds import measure, tone
from tests.ivr.prompts.test_book import ToneVoice
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.hospital import Hospital
from webconsole.app import create_app

SPEECH = tone(300, 1.5, 44100, loudness=0.2)


@pytest.fixture
def book(settings: Settings) -> PromptBook:
    """What the running calls use: the same folders, another process."""
    return PromptBook(settings.sounds_dir, settings.human_prompts_dir, ToneVoice())


@pytest.fixture
async def server(settings: Settings, database: Database, vendor_dir: Path,
                 ) -> AsyncIterator[TestServer]:
    voice = PromptBook(settings.sounds_dir, settings.human_prompts_dir, ToneVoice())
    server = TestServer(create_app(settings, database, vendor_dir=vendor_dir, book=voice))
    await server.start_server()
    yield server
    await server.close()


async def upload(client: Client, sound: bytes | None, prompt_id: str = "goodbye",
                 language: str = "zh", **more: str) -> ClientResponse:
    form = FormData()
    for name, value in {"csrf_token": await csrf(client, "/prompts"), "id": prompt_id,
                        "language": language, "show": "all", **more}.items():
        form.add_field(name, value)
    if sound is not None:
        form.add_field("file", io.BytesIO(sound), filename="再见 (1).wav", content_type="audio/wav")
    return await client.post("/prompts/recording", data=form, allow_redirects=False)


async def page(client: Client, **query: str) -> str:
    answer = await client.get("/prompts", params=query)
    assert answer.status == 200
    return await answer.text()


def ids(text: str) -> list[str]:
    return re.findall(r'<tr id="prompt:([^"]+)"', text)


async def rows(database: Database) -> list[tuple[str, str, str]]:
    async with database.session() as session:
        found = await session.scalars(select(AuditEvent).where(
            AuditEvent.action.like("%prompt%")).order_by(AuditEvent.id))
        return [(row.actor, row.action, row.subject) for row in found]


async def test_a_recording_is_uploaded_heard_by_the_next_call_and_removed(
        client: Client, sign_in: SignIn, database: Database, hospital: Hospital,
        book: PromptBook) -> None:
    goodbye = Prompt("goodbye", {}, "zh")
    spoken = await book.file_for(goodbye)
    await sign_in()
    assert "goodbye" in ids(await page(client))
    assert ids(await page(client, show="recorded")) == []
    answer = await upload(client, SPEECH)
    assert answer.status == 303
    text = await (await client.get(answer.headers["Location"])).text()
    assert "已保存，从下一个电话起使用：谢谢您的配合" in text
    assert "系统管理员" in text
    assert "goodbye" not in ids(await page(client))
    assert ids(await page(client, show="recorded")) == ["goodbye"]
    heard = Path(await book.file_for(goodbye) + ".wav")
    assert measure(heard).seconds == pytest.approx(1.5, abs=0.05)
    data = {"csrf_token": await csrf(client, "/prompts"), "id": "goodbye", "language": "zh"}
    assert (await client.post("/prompts/recording/remove", data=data,
                              allow_redirects=False)).status == 303
    assert await book.file_for(goodbye) == spoken
    assert await rows(database) == [
        ("administrator", "add-prompt-recording", "prompt:zh/goodbye"),
        ("administrator", "remove-prompt-recording", "prompt:zh/goodbye")]


async def test_prompts_are_found_by_their_words_and_taken_to_who_speaks_them(
        client: Client, sign_in: SignIn) -> None:
    await sign_in()
    found = ids(await page(client, show="all", q="再见"))
    assert "goodbye" in found
    assert len(found) < len(ids(await page(client, show="all")))
    answer = await client.get("/prompts/export", params={"show": "all", "q": "再见"})
    lines = (await answer.text("utf-8-sig")).splitlines()
    assert [line.partition(",")[0] for line in lines[1:]] == found


async def test_one_hears_what_a_patient_hears(
        client: Client, sign_in: SignIn, hospital: Hospital) -> None:
    await sign_in()
    for prompt_id in ("goodbye", "post-discharge/identity", "call-back-at"):
        answer = await client.get("/prompts/sound", params={"id": prompt_id, "language": "zh"})
        assert (answer.status, answer.content_type) == (200, "audio/wav")
        assert measure(await answer.read()).rate == 8000
    await upload(client, SPEECH)
    answer = await client.get("/prompts/sound", params={"id": "goodbye"})
    assert measure(await answer.read()).seconds == pytest.approx(1.5, abs=0.05)


@pytest.mark.parametrize(("sound", "told"), [
    (None, "请选择一个声音文件"), (b"", "不是能识别的声音文件"),
    (b"<script>alert(1)</script>", "不是能识别"), (tone(seconds=0.1), "录音太短"),
    (tone(loudness=0), "听不到声音"), (tone(seconds=70), "录音太长"),
    (SPEECH[:40], "已损坏")], ids=["none", "empty", "page", "short", "silent", "long", "cut"])
async def test_what_is_not_fit_is_told_at_its_row_and_nothing_is_kept(
        client: Client, sign_in: SignIn, hospital: Hospital, settings: Settings,
        database: Database, sound: bytes | None, told: str) -> None:
    await sign_in()
    answer = await upload(client, sound)
    assert answer.status == 422
    text = await answer.text()
    row = text.partition('<tr id="prompt:goodbye"')[2].partition("</tr>")[0]
    assert told in row
    assert "<details class=\"upload\" open>" in row
    assert not list(settings.human_prompts_dir.rglob("*"))
    assert await rows(database) == []


async def test_more_than_the_limit_is_cut_off(client: Client, sign_in: SignIn,
                                              hospital: Hospital, settings: Settings) -> None:
    await sign_in()
    assert (await upload(client, SPEECH + bytes(MAX_BYTES + 200_000))).status == 413
    assert not list(settings.human_prompts_dir.rglob("*"))
    huge = {"csrf_token": await csrf(client, "/prompts"), "id": "x" * 400_000}
    other = await client.post("/prompts/recording/remove", data=huge)
    assert other.status == 413, "only an upload may be so large"


@pytest.mark.parametrize(("prompt_id", "language", "status"), [
    ("no-such", "zh", 404), ("../../secrets", "zh", 404), ("", "zh", 404),
    ("goodbye", "yue", 404), ("goodbye", "../zh", 404), ("post-discharge/identity", "zh", 422)])
async def test_only_prompts_that_exist_and_can_be_recorded_are_taken(
        client: Client, sign_in: SignIn, hospital: Hospital, settings: Settings,
        prompt_id: str, language: str, status: int) -> None:
    await sign_in()
    assert (await upload(client, SPEECH, prompt_id, language)).status == status
    assert not list(settings.data_dir.rglob("*.wav")) or not settings.human_prompts_dir.exists()
    if status == 404:
        params = {"id": prompt_id, "language": language}
        assert (await client.get("/prompts/sound", params=params)).status == 404


async def test_what_asterisk_says_by_itself_is_put_in_its_place(
        client: Client, sign_in: SignIn, hospital: Hospital, settings: Settings) -> None:
    await sign_in()
    assert (await upload(client, SPEECH, "fallback")).status == 303
    fixed = settings.sounds_dir / "zh" / "fallback.wav"
    assert measure(fixed).seconds == pytest.approx(1.5, abs=0.05)
    data: dict[str, Any] = {"csrf_token": await csrf(client, "/prompts"), "id": "fallback"}
    await client.post("/prompts/recording/remove", data=data)
    assert measure(fixed).seconds < 0.5


async def test_the_loop_is_never_held_up(client: Client, sign_in: SignIn,
                                         hospital: Hospital) -> None:
    await sign_in()
    with blockbuster_ctx(["webconsole"]):
        assert await page(client, show="all", language="en")
        assert (await upload(client, SPEECH)).status == 303
        assert (await client.get("/prompts/sound", params={"id": "goodbye"})).status == 200


@pytest.mark.parametrize(("locale", "words"), [
    ("zh", "问卷不能使用"), ("en", "the questionnaire is not sound")])
async def test_a_questionnaire_that_is_no_longer_sound_is_told_of_in_the_users_language(
        client: Client, sign_in: SignIn, database: Database, locale: str, words: str) -> None:
    raw = questionnaire(item("a", "group"), item("b", "boolean"))
    async with database.session() as session:
        session.add(QuestionnaireRow(url=raw["url"], version="1", title="t", resource=raw,
                                     status=QuestionnaireStatus.ACTIVE))
        await session.execute(update(User).values(locale=locale))
    await sign_in()
    answer = await client.get("/prompts")
    text = await answer.text()
    assert answer.status == 422
    assert words in text
    assert "a: item" in text
