"""All messages in one list: found by whom and what they are about, and by what became of them."""

from __future__ import annotations

import re

import pytest

from followup.database.engine import Database
from tests.webconsole.conftest import Client, SignIn
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_lists import fill, table


@pytest.fixture
async def filled(database: Database, hospital: Hospital, sign_in: SignIn) -> Hospital:
    await fill(database, hospital)
    await sign_in("supervisor")
    return hospital


async def texts(client: Client, query: str) -> set[str]:
    page = await (await client.get(f"/messages?{query}")).text()
    return set(re.findall(r'class="excerpt">([^<]+)<', page))


async def test_messages_are_found_by_patient_number_case_and_state(
        client: Client, filled: Hospital) -> None:
    everything = {"已处理", "已再次处理", "谢谢"}
    for query, found in (
            ("", everything), ("q=王秀英", everything), ("q=wxy", everything),
            ("q=0001", everything), ("q=C000001", everything - {"谢谢"}), ("q=李建国", set()),
            ("state=failed", {"已处理"}), ("state=received", {"谢谢"}),
            ("state=queued&q=wang", {"已再次处理"}), ("begin=2000-01-01", everything),
            ("end=2000-01-01", set()), (f"patient={filled.patients[0]}", everything),
            (f"patient={filled.patients[1]}", set())):
        assert await texts(client, query) == found, query
    for wrong in ("state=lost", "begin=x", "patient=x"):
        assert (await client.get(f"/messages?{wrong}")).status == 422


async def test_what_is_taken_away_tells_all_of_a_message_and_no_whole_number(
        client: Client, filled: Hospital) -> None:
    head, row = await table(client, "/messages/export?state=failed")
    told = dict(zip(head, row, strict=True))
    assert (told["患者"], told["投诉或表扬"], told["内容"], told["状态"]) == (
        "王秀英", "C000001", "已处理", "发送失败")
    assert "+8613800000001" not in row


async def test_who_sees_no_cases_sees_no_messages(client: Client, filled: Hospital,
                                                  sign_in: SignIn) -> None:
    await sign_in("manager")
    assert (await client.get("/messages")).status == 403
