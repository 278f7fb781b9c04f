"""How the console looks to one browser, and which rooms its menu names."""

from __future__ import annotations

import pytest

from followup.people.models import Role
from followup.people.permissions import Grants
from tests.webconsole.conftest import Client, SignIn, csrf
from webconsole import navigation, rights


def menu(role: Role) -> dict[str, list[str]]:
    return {name: [link.path for link in links]
            for name, links in navigation.links(
                lambda right: Grants().may(role, getattr(rights, right)))}


def test_the_menu_shows_each_role_the_rooms_that_it_may_enter() -> None:
    assert menu(Role.MANAGER) == {
        "calls": ["/", "/campaigns", "/pacing"],
        "quality": ["/cases/statistics", "/spot-checks/results"], "house": ["/calendar"]}
    assert "/prompts" in menu(Role.ADMINISTRATOR)["house"]
    assert "/phone" not in menu(Role.AUDITOR)["calls"]


@pytest.mark.parametrize(("path", "held"), [
    ("/cases", True), ("/cases/new", True), ("/casesx", False), ("/", False)])
def test_a_page_belongs_to_the_room_that_holds_it(path: str, held: bool) -> None:
    assert navigation.Link("cases", "cases", "/cases").holds(path) is held


async def test_a_browser_keeps_its_theme_and_another_user_of_it_has_the_same(
        client: Client, sign_in: SignIn) -> None:
    async def shown(path: str = "/sign-in") -> str:
        return await (await client.get(path)).text()

    assert 'dark.css" media="(prefers-color-scheme: dark)"' in await shown()
    for theme in ("dark", "light"):
        await sign_in()
        token = await csrf(client)
        answer = await client.post("/theme", allow_redirects=False, data={
            "csrf_token": token, "theme": theme, "next": "/pacing"})
        assert answer.headers["Location"] == "/pacing"
        assert ('dark.css">' in await shown("/")) is (theme == "dark")
        assert f'name="color-scheme" content="{theme}"' in await shown("/")
        await client.post("/sign-out", data={"csrf_token": token})
        assert f'name="color-scheme" content="{theme}"' in await shown()


async def test_a_theme_that_is_none_of_ours_is_refused(client: Client, sign_in: SignIn) -> None:
    await sign_in()
    answer = await client.post("/theme", data={
        "csrf_token": await csrf(client), "theme": "../x", "next": "/"})
    assert answer.status == 400
