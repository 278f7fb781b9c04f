"""Complaints come in by list and form: faulty rows are named, nothing is taken twice."""

from __future__ import annotations

import io
from datetime import date

from aiohttp import FormData
from openpyxl import Workbook

from followup.database.engine import Database
from tests.webconsole.conftest import Client, SignIn, csrf
from tests.webconsole.forms import Forms
from tests.webconsole.hospital import Hospital
from tests.webconsole.test_cases import PNG, tell


async def test_a_list_is_imported_and_its_faulty_rows_named(
        client: Client, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("supervisor")

    async def send(content: bytes | None) -> tuple[int, str]:
        form = FormData({"csrf_token": await csrf(client, "/cases/import")})
        if content is not None:
            form.add_field("file", content, filename="list.csv", content_type="text/csv")
        answer = await client.post("/cases/import", data=form)
        return answer.status, await answer.text()

    good = "外部编号,类型,渠道,严重程度,内容\n1,投诉,电话,一般,太吵\n2,投诉,电话,没有,太吵\n"
    status, page = await send(good.encode("gb18030"))
    assert status == 200
    assert "新登记 1 件，已有 0 件，未接收 1 行" in page
    assert "严重程度" in page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert "新登记 0 件，已有 1 件，未接收 1 行" in (await send(good.encode()))[1]
    book = Workbook()
    for row in (["外部编号", "类型", "渠道", "严重程度", "内容", "发生日期", "反映人"],
                [3, "投诉", "电话", "一般", "𠮷太吵", date(2026, 1, 2), "=1+1"],
                [4, "表扬", "来信", None, "谢谢", date(2026, 1, 2), "王"]):
        book.active.append(row)
    packed = io.BytesIO()
    book.save(packed)
    status, page = await send(packed.getvalue())
    assert status == 200
    assert "新登记 1 件，已有 0 件，未接收 1 行" in page          # a formula is not read as nothing
    assert "Excel 文件不能读取" in (await send(packed.getvalue()[:900]))[1]
    for content, said in ((None, "请选择一个文件"), (b"", "文件是空的"),
                          (b"a,b\n1,2", "缺少必填的列"), (b"\0\xff", "无法识别文字编码")):
        status, page = await send(content)
        assert status == 422
        assert said in Forms(page, "/cases/import").fault("file")


async def test_a_form_that_is_sent_twice_is_one_case_and_with_other_words_another(
        client: Client, database: Database, hospital: Hospital, sign_in: SignIn) -> None:
    await sign_in("supervisor")
    page = await (await client.get("/cases/new")).text()
    as_id = page.partition('name="as_id" value="')[2].partition('"')[0]
    places = [(await tell(client, database, ("a.png", PNG), as_id=as_id, **change))
              .headers["Location"] for change in ({}, {}, {"description": "回头改写的另一件事"})]
    assert places[0] == places[1] != places[2]
    assert as_id in places[0]
    listed = await (await client.get("/cases/export?format=csv")).text()
    assert listed.count("食堂的饭菜太凉") == 1
    assert listed.count("回头改写的另一件事") == 1
