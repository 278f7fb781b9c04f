"""A filter of an address that does not fit: told at its field, left out of the list."""

from __future__ import annotations

import re

from followup.database.engine import Database
from tests.webconsole.conftest import Client, SignIn
from tests.webconsole.forms import Forms
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_lists import LINE, address, exported, fill
from webconsole.pages.saved_views import LISTS

# free words: whatever is typed there fits, and finds something or nothing
FREE = {"q", "department", "subject", "address", "actor"}
DAYS = {"begin", "end"}
TICKS = {"held", "comments", "late"}             # their fault is told above the list


def lines(page: str, name: str) -> int:
    return len(re.findall(LINE[name], page))


async def test_every_list_tells_a_broken_filter_at_its_field_and_shows_its_lines_without_it(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await fill(database, hospital)
    await sign_in()
    tried = 0
    for name, listed in LISTS.items():
        whole = await (await client.get(address(name, hospital))).text()
        shown = {each.name for each in Forms(whole, listed.path).controls}
        for field in set(listed.fields) & shown - FREE - TICKS:
            answer = await client.get(address(name, hospital, **{field: "2026-02-30"}))
            page = await answer.text()
            form = Forms(page, listed.path)
            assert (answer.status, form.faulty()) == (422, {field}), (name, field)
            assert "2026-02-30" in form.fault(field), (name, field)
            assert lines(page, name) == lines(whole, name), (name, field)
            assert form.value(field) == ("2026-02-30" if field in DAYS else
                                         Forms(whole, listed.path).value(field)), (name, field)
            tried += 1
    assert tried > 30


async def test_what_has_no_field_is_told_above_the_list_and_two_faults_are_both_told(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in()
    answer = await client.get("/cases?wanting=nobody&begin=9999-12-31&q=态度")
    page = await answer.text()
    assert answer.status == 422
    assert "“nobody”不是这里的编号" in page.partition("<form")[2].partition('id="q"')[0]
    assert Forms(page, "/cases").faulty() == {"begin"}
    assert Forms(page, "/cases").value("q") == "态度"
    assert f'href="/cases/{hospital.case}"' in page
    answer = await client.get(f"/patients/{hospital.patients[0]}?begin=2026-02-30")
    form = Forms(await answer.text(), f"/patients/{hospital.patients[0]}")
    assert (form.faulty(), form.value("begin")) == ({"begin"}, "2026-02-30")
    part = await client.get(f"/patients/{hospital.patients[0]}/live?&begin=2026-02-30",
                            headers={"HX-Request": "true"})     # once something changes
    assert (part.status, Forms(await part.text()).faulty()) == (200, {"begin"})
    for path in ("/recordings?held=x", "/spot-checks?late=x"):
        answer = await client.get(path)
        assert (answer.status, "“x”" in await answer.text()) == (422, True), path
    for path in ("/audit?q=%00", "/cases?q=%00a",
                 "/cases/statistics?end=0001-01-01"):
        assert (await client.get(path)).status in (200, 422), path
    # htmx asks for the list alone: the fields are on the whole page
    part = await client.get("/cases?begin=x", headers={"HX-Request": "true"})
    assert part.headers["HX-Redirect"] == "/cases?begin=x"


async def test_an_export_with_a_broken_filter_is_a_page_that_says_so_and_leads_back(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await fill(database, hospital)
    await sign_in()
    for name, listed in LISTS.items():
        answer = await client.get(exported(name, hospital, sort="2026-02-30", format="csv"))
        page = await answer.text()
        assert (answer.status, answer.content_type) == (422, "text/html"), name
        assert "没有“2026-02-30”这一项" in page, name
        back = re.search(r'class="button primary" href="([^"]+)"', page)
        assert back, name
        onward = await client.get(back[1].replace("&amp;", "&"))
        assert Forms(await onward.text(), listed.path).faulty() == {"sort"}, name
