"""A table as a PDF to print or file, A4 landscape, with Chinese.

The Chinese letters are those that every PDF viewer brings or takes from its system (Adobe's STSong
with a standard encoding): no font has to be on this machine, and the file stays small.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from webconsole.sheets import Cell

FONT = "STSong-Light"
_LINE, _GROUND = HexColor("#c9d1d3"), HexColor("#f0f3f3")
_TEXT = ParagraphStyle("text", fontName=FONT, fontSize=8, leading=11, wordWrap="CJK")
_HEAD = ParagraphStyle("head", parent=_TEXT, textColor=HexColor("#56646a"))
_TITLE = ParagraphStyle("title", parent=_TEXT, fontSize=15, leading=20)


def table_pdf(title: str, lines: Sequence[str], head: Sequence[str],
              rows: Sequence[Sequence[Cell]]) -> bytes:
    """``lines``: said under the title; the first column is twice as wide, the last row is the sum.
    Blocking."""
    registerFont(UnicodeCIDFont(FONT))
    out = io.BytesIO()
    page = SimpleDocTemplate(out, pagesize=landscape(A4), title=title, leftMargin=12 * mm,
                             rightMargin=12 * mm, topMargin=12 * mm, bottomMargin=14 * mm)
    unit = page.width / (len(head) + 1)
    body = [[_cell(each, _HEAD) for each in head],
            *([_cell(each, _TEXT) for each in row] for row in rows)]
    table = LongTable(body, colWidths=[2 * unit, *[unit] * (len(head) - 1)], repeatRows=1)
    table.setStyle(TableStyle([
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE), ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("BACKGROUND", (0, 0), (-1, 0), _GROUND), ("BACKGROUND", (0, -1), (-1, -1), _GROUND)]))
    said = [_cell(line, _TEXT) for line in lines]
    page.build([_cell(title, _TITLE), *said, Spacer(0, 4 * mm), table],
               onFirstPage=_number, onLaterPages=_number)
    return out.getvalue()


def _cell(value: Cell, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape("" if value is None else str(value)), style)


def _number(canvas: object, page: SimpleDocTemplate) -> None:
    canvas.setFont(FONT, 8)                          # type: ignore[attr-defined]
    canvas.drawRightString(                          # type: ignore[attr-defined]
        page.leftMargin + page.width, 8 * mm, str(page.page))
