"""Saved views: a list's filters under a name, for oneself or for one's role."""

from __future__ import annotations

import re

from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.hospital import Hospital


async def text(client: Client, path: str) -> str:
    return await (await client.get(path)).text()


async def save(client: Client, name: str, query: str, **more: str) -> tuple[int, str]:
    answer = await client.post("/views", allow_redirects=False, data={
        "csrf_token": await csrf(client), "list": "cases", "name": name, "query": query, **more})
    return answer.status, answer.headers.get("Location") or await answer.text()


def tabs(page: str) -> list[str]:
    nav = page.partition('<nav class="tabs"')[2].partition("</nav>")[0]
    return re.findall(r'href="/cases\?([^"]*)"', nav)


async def test_a_view_stands_above_its_list_until_it_is_removed(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    form = await text(client, "/views?list=cases&query=state%3Dopen%26after%3Dx%26evil%3D1")
    assert 'name="query" value="state=open"' in form           # no page, and nothing foreign
    assert await save(client, "未办结", "state=open&sort=due") == (
        303, "/cases?state=open&sort=due")
    shown = await text(client, "/cases?sort=due&state=open")
    assert tabs(shown) == ["state=open&amp;sort=due"]
    assert 'aria-current="page">未办结' in shown
    usual = await text(client, "/cases?q=&kind=&sort=-registered")      # as the form sends it
    assert 'href="/cases" aria-current="page"' in usual
    assert "未办结" in await text(client, "/views?list=cases")
    assert "未办结" not in await text(client, "/campaigns")
    where = re.search(r"/views/[0-9a-f-]+/remove", await text(client, "/views?list=cases"))
    assert where
    await client.post(where[0], data={"csrf_token": await csrf(client)})
    assert tabs(await text(client, "/cases")) == []


async def test_a_shared_view_is_seen_by_the_role_and_removed_by_its_owner_alone(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    await save(client, "护士的", "kind=complaint", shared="on")
    await save(client, "自己的", "kind=praise")
    where = re.search(r"/views/[0-9a-f-]+/remove", await text(client, "/views?list=cases"))
    assert where
    for role, seen in (("doctor", []), ("administrator", [])):
        await sign_in(role)
        assert tabs(await text(client, "/cases")) == seen
        answer = await client.post(where[0], data={"csrf_token": await csrf(client)})
        assert answer.status == 404
    await sign_in("supervisor")
    assert len(tabs(await text(client, "/cases"))) == 2


async def test_a_name_that_does_not_fit_is_told_and_what_was_typed_is_kept(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("agent")
    status, page = await save(client, "", "state=open")
    assert status == 422
    assert 'id="name-fault"' in page
    assert 'name="query" value="state=open"' in page
    await save(client, "甲", "state=open")
    status, page = await save(client, "甲", "kind=praise", shared="on")
    assert status == 409
    assert 'value="甲"' in page
    assert 'name="shared" value="on" checked' in page
    assert (await client.get("/views?list=nothing")).status == 404


async def test_lists_sort_by_their_heads_and_refuse_what_is_no_column(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in()
    shown = await text(client, "/campaigns?sort=name")
    assert shown.index("11月20日") < shown.index("11月23日")
    assert 'aria-sort="ascending"' in shown
    shown = await text(client, "/campaigns?sort=-name")
    assert shown.index("11月23日") < shown.index("11月20日")
    for path in ("/campaigns?sort=id", "/cases?sort=description", "/spot-checks?sort=x",
                 "/campaigns?sort=name&after=e30="):
        assert (await client.get(path)).status == 422, path
