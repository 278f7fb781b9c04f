"""The list of cases and its figures, on a real PostgreSQL: each figure leads to what it counts."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from followup.cases import changes
from followup.cases.setup import load_setup
from followup.database.base import now
from followup.database.engine import Database
from followup.views import cases as views
from followup.views.case_filter import CaseFilter
from followup.views.case_statistics import Group, before, grouped, total
from followup.views.keyed import Order
from tests.followup.cases.hospital import ME, add_user, step, tell

ZONE = ZoneInfo("Asia/Shanghai")


async def test_lists_are_filtered_sorted_and_paged_without_gap_or_double(
        database: Database) -> None:
    moment = now()
    async with database.session() as session:
        made = [await tell(session, moment=moment - timedelta(hours=n), description=f"第{n}件事",
                           severity="重大" if n % 3 else "一般") for n in range(65)]
        setup = await load_setup(session)
        for sort in (Order(name, down) for name in views.COLUMNS for down in (True, False)):
            seen, after = [], ""
            while True:
                page = await views.list_cases(session, CaseFilter(), setup, ZONE, moment,
                                              order=sort, after=after)
                assert page.count == 65
                seen += [case.id for case in page.cases]
                if page.after is None:
                    break
                after = page.after
            assert len(seen) == len(set(seen)) == 65
            if sort.name == "registered":
                order = [case.id for case in made]
                assert seen == (order if sort.down else order[::-1])

        async def count(**fields: str) -> int:
            return (await views.list_cases(session, CaseFilter(**fields), setup, ZONE,
                                           moment)).count

        grave = str(next(s.id for s in setup.severities if s.name_zh == "重大"))
        assert await count(severity=grave) == 43
        assert await count(q="第64件") == 1
        assert await count(q=made[3].number) == 1
        assert await count(q="%") == 0
        assert await count(department="骨科") == 65
        assert await count(department="-") == 0
        assert await count(person="方护士", kind="praise") == 0
        assert await count(standing="late") == sum(
            case.accept_due is not None and case.accept_due <= moment for case in made)


async def test_figures_lead_to_exactly_the_cases_they_count(database: Database) -> None:
    moment = now()
    async with database.session() as session:
        one = await tell(session, moment=moment - timedelta(hours=30), category="服务态度/护士")
        await tell(session, moment=moment - timedelta(hours=2), category="服务态度",
                   departments="骨科、药房")
        await tell(session, kind="praise", severity="", description="谢谢", people="")
        await tell(session, moment=moment - timedelta(days=9), description="上一期")
    closed = await step(database, one, "accept", moment=moment - timedelta(hours=29))
    closed = await step(database, closed, "assign", department="骨科")
    closed = await step(database, closed, "investigate", "answer", "resolve")
    closed = await step(database, closed, "close", moment=moment - timedelta(hours=10))
    async with database.session() as session:
        await changes.rate(session, one.id, 4, "", ME)
        setup = await load_setup(session)
        local = moment.astimezone(ZONE).date()
        wanted = CaseFilter(begin=(local - timedelta(days=6)).isoformat(), end=local.isoformat())
        all_ = await total(session, wanted, setup, ZONE, moment)
        assert (all_.complaints, all_.praise, all_.open, all_.closed) == (2, 1, 1, 1)
        assert (all_.accept_median, all_.close_median) == (3600, 20 * 3600)
        assert (all_.on_time_share, all_.satisfaction, all_.praise_ratio) == (1, 4, 0.5)
        assert (await total(session, before(wanted), setup, ZONE, moment)).complaints == 1
        for group in Group:
            for line in await grouped(session, wanted, group, setup, ZONE, moment):
                if group in (Group.DAY, Group.WEEK, Group.MONTH):
                    continue
                narrow = wanted.with_(**{group.value: line.key})
                for figure, more in (("complaints", {"kind": "complaint"}),
                                     ("praise", {"kind": "praise"}),
                                     ("open", {"kind": "complaint", "state": "open"}),
                                     ("in_time", {"kind": "complaint", "kept": "yes"}),
                                     ("late", {"kind": "complaint", "kept": "no"}),
                                     ("rated", {"kind": "complaint", "rated": "yes"})):
                    there = await views.list_cases(session, narrow.with_(**more), setup, ZONE,
                                                   moment)
                    assert there.count == getattr(line.figures, figure), (group, line.key, figure)
        by_department = {line.key: line.figures.complaints for line in await grouped(
            session, wanted, Group.DEPARTMENT, setup, ZONE, moment)}
        assert by_department == {"骨科": 2, "药房": 1}
        days = await grouped(session, wanted, Group.DAY, setup, ZONE, moment)
        assert sum(line.figures.complaints for line in days) == 2


async def test_what_is_escalated_to_somebody_is_among_theirs_until_it_is_accepted(
        database: Database) -> None:
    async with database.session() as session:
        chief = await add_user(session, "何主任")
        case = await tell(session)
        case.escalated_at, case.escalated_to_id = now(), chief.id
    for count in (1, 0):
        async with database.session() as session:
            page = await views.list_cases(session, CaseFilter(owner=str(chief.id)),
                                          await load_setup(session), ZONE, now())
            assert page.count == count
        if count:
            await step(database, case, "accept")
