"""What is not taken in a form of cases is told at its field, and what was typed is kept."""

from __future__ import annotations

from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.forms import Forms
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_cases import post


async def test_a_setting_that_is_not_taken_says_so_at_its_field_and_keeps_what_was_typed(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    token = await csrf(client, "/cases/settings")
    for part, typed, field in (
            ("categories", {"name_zh": "", "name_en": "Parking", "position": "3"}, "name_zh"),
            ("categories", {"name_zh": "停车", "position": "many"}, "position"),
            ("severities", {"name_zh": "加急", "accept_hours": "5", "close_hours": "1",
                            "clock": "working"}, "close_hours"),
            ("templates", {"name": "致歉", "body": ""}, "body"),
            ("rules", {"kind": "praise", "department": "骨科", "to_department": "",
                       "position": "0"}, "to_department"),
            ("hours", {"opens": "09:00", "closes": "08:00", "day_2": "1",
                       "timezone": "Asia/Shanghai"}, "closes"),
            ("hours", {"opens": "09:00", "closes": "17:00"}, "day_1"),
            ("states", {"zh_registered": "名" * 13, "en_registered": "New"}, "zh_registered")):
        answer = await client.post(f"/cases/settings/{part}",
                                   data={"csrf_token": token, **typed})
        assert answer.status == 422, part
        form = Forms(await answer.text(), f"/cases/settings/{part}")
        assert {name.rpartition("_")[0] if name.startswith("day_") else name
                for name in form.faulty()} == {field.removesuffix("_1")}, part
        for name, value in typed.items():
            assert value in form.all_values(name), (part, name)


async def test_a_step_that_is_not_taken_says_so_at_its_field_and_keeps_what_was_typed(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    case = hospital.case
    await post(client, case, "move", move="accept", version="1")
    for part, typed, field in (
            ("move", {"words": "请跟进", "owner": "", "department": ""}, "owner"),
            ("words", {"words": "长" * 5001}, "words"),
            ("transfer", {"department": "", "words": "转给他们"}, "department"),
            ("transfer", {"department": "护理部", "words": ""}, "words")):
        answer = await post(client, case, part, move="assign", version="2", **typed)
        assert answer.status == 422, part
        form = Forms(await answer.text(), f"/cases/{case}/{part}")
        assert form.faulty() == {field}, part
        for name, value in typed.items():
            assert value in form.all_values(name), (part, name)
