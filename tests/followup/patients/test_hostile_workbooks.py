"""Workbooks made to do harm are refused before they are unpacked."""

from __future__ import annotations

import io
import zipfile

import pytest

from followup.patients.importing import ListRefused
from followup.patients.importing.xlsx import MAX_UNPACKED
from tests.followup.patients.lists import WANG, as_xlsx, read_list

BOMB = "unpacks to far more"


def with_part(name: str, content: bytes, times: int = 1) -> bytes:
    """A good workbook with a part added or replaced."""
    out = io.BytesIO()
    with (zipfile.ZipFile(io.BytesIO(as_xlsx(WANG))) as good,
          zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bad):
        for part in good.infolist():
            if part.filename != name:
                bad.writestr(part, good.read(part))
        for number in range(times):
            bad.writestr(name if times == 1 else f"{number}/{name}", content)
    return out.getvalue()


def test_the_untouched_workbook_is_fine() -> None:
    assert len(read_list(with_part("docProps/extra.bin", b"x")).records) == 1


def test_a_part_that_shrank_a_thousandfold_is_a_bomb() -> None:
    with pytest.raises(ListRefused, match=BOMB):
        read_list(with_part("xl/worksheets/sheet1.xml", b"0" * (5 << 20)))


def test_many_parts_that_are_large_together_are_a_bomb() -> None:
    part = bytes(range(256)) * 3800      # under 1 MB each, which alone would pass
    with pytest.raises(ListRefused, match=BOMB):
        read_list(with_part("big.bin", part, times=MAX_UNPACKED // len(part) + 1))


def test_too_many_parts_are_a_bomb() -> None:
    with pytest.raises(ListRefused, match=BOMB):
        read_list(with_part("tiny", b"x", times=1_001))


def test_a_size_that_lies_does_not_help() -> None:
    """The directory says 10 bytes, the data would unpack to 5 MB."""
    data = bytearray(with_part("xl/worksheets/sheet1.xml", b"0" * (5 << 20)))
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"xl/worksheets/sheet1.xml"))
    data[at + 24:at + 28] = (10).to_bytes(4, "little")
    with pytest.raises(ListRefused, match="damaged"):
        read_list(bytes(data))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_entities_are_refused(encoding: str) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>'.encode(encoding)
    with pytest.raises(ListRefused, match="XML entities"):
        read_list(with_part("xl/sharedStrings.xml", bomb))


def test_a_row_number_beyond_excel_does_not_hang() -> None:
    """openpyxl fills the gap to a row's number with empty rows."""
    sheet = (b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
             b'<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>MRN</t></is></c></row>'
             b'<row r="999999999999"><c r="A999999999999"><v>1</v></c></row></sheetData>'
             b"</worksheet>")
    with pytest.raises(ListRefused, match="columns missing"):
        read_list(with_part("xl/worksheets/sheet1.xml", sheet))


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../etc/passwd", b"root")
    with pytest.raises(ListRefused, match=r"not an \.xlsx"):
        read_list(out.getvalue())
