"""Tables as PDF: made without a font of this machine, with Chinese that can be read and found."""

from __future__ import annotations

import re
import zlib
from base64 import a85decode

from webconsole.pdf import table_pdf


def shown(pdf: bytes) -> str:
    """What the pages' text is, from the codes of the standard Chinese encoding."""
    words = ""
    for stream in re.findall(rb"stream\r?\n(.*?)~>endstream", pdf, re.DOTALL):
        page = zlib.decompress(a85decode(stream))
        for literal in re.findall(rb"\(((?:\\.|[^\\)])*)\) Tj", page, re.DOTALL):
            raw = re.sub(rb"\\([0-7]{3})|\\(.)", lambda found: bytes([int(found[1], 8)])
                         if found[1] else found[2], literal, flags=re.DOTALL)
            words += raw.decode("utf-16-be", "replace") + "\n"
    return words


def test_a_table_is_a_pdf_with_chinese_over_as_many_pages_as_it_needs() -> None:
    rows = [[f"第{number}科 <b>", number, None, 1.5] for number in range(80)]
    pdf = table_pdf("投诉与表扬统计", ["和安医院"], ["按科室", "投诉", "表扬", "用时"], rows)
    assert pdf.startswith(b"%PDF-")
    assert b"STSong-Light" in pdf
    assert b"UniGB-UCS2-H" in pdf
    words = shown(pdf)
    assert "投诉与表扬统计" in words
    assert "第79科 <b>" in words                       # told as it is, no mark of ours
    assert words.count("按科室") == len(re.findall(rb"/Type /Page\b", pdf)) > 1
