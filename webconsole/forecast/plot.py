"""Bands of figures side by side, drawn as SVG. Pure; colours and sizes are the style sheet's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, LEFT, RIGHT = 360.0, 8.0, 352.0
ROW, TOP, FOOT = 46.0, 8.0, 24.0         # height of a row, above the first, below the last
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Band:
    """A row: 5%, 50% and 95% of some days, and each day's value."""

    label: str
    low: float
    middle: float
    high: float
    days: Sequence[float]
    shown: str                           # the middle as people read it


@dataclass(frozen=True)
class Axis:
    """From where to where, its ticks with their labels, and a value that is drawn as a limit."""

    least: float
    most: float
    ticks: Sequence[tuple[float, str]]
    limit: float | None = None

    def place(self, value: float) -> float:
        """Where a value lies, in the drawing's units; what lies outside is drawn at the edge."""
        share = (value - self.least) / (self.most - self.least) if self.most > self.least else 0.0
        return round(LEFT + min(1.0, max(0.0, share)) * (RIGHT - LEFT), 2)


def even_ticks(least: float, most: float, about: int = 4) -> list[float]:
    """Round values between the two, both included where they are round."""
    if not most > least:
        return [least]
    rough = (most - least) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in _STEPS if each * power >= rough * 0.999)
    first, last = math.ceil(least / step - 1e-9), math.floor(most / step + 1e-9)
    return [round(step * n, 10) for n in range(first, last + 1)]


def draw(key: str, title: str, description: str, bands: Sequence[Band], axis: Axis) -> Markup:
    """The drawing; ``key`` is unique on the page, ``description`` says all that is seen."""
    height = TOP + ROW * len(bands) + FOOT
    foot = height - FOOT
    parts = [f'<svg class="plot" viewBox="0 0 {WIDTH:g} {height:g}" role="img" '
             f'aria-labelledby="{escape(key)}-title {escape(key)}-desc">',
             f'<title id="{escape(key)}-title">{escape(title)}</title>',
             f'<desc id="{escape(key)}-desc">{escape(description)}</desc>']
    for value, label in axis.ticks:
        x = axis.place(value)
        parts += [f'<line class="plot-grid" x1="{x}" x2="{x}" y1="{TOP:g}" y2="{foot:g}"/>',
                  f'<text class="plot-tick" x="{x}" y="{height - 8:g}" '
                  f'text-anchor="{_anchor(x)}">{escape(label)}</text>']
    if axis.limit is not None:
        x = axis.place(axis.limit)
        parts.append(f'<line class="plot-limit" x1="{x}" x2="{x}" y1="{TOP:g}" y2="{foot:g}"/>')
    for number, band in enumerate(bands):
        parts += _row(band, axis, TOP + ROW * number, number)
    return Markup("".join([*parts, "</svg>"]))           # noqa: S704 - all of it is escaped


def _row(band: Band, axis: Axis, top: float, number: int) -> list[str]:
    low, middle, high = (axis.place(value) for value in (band.low, band.middle, band.high))
    line = top + 30
    return [
        f'<g class="plot-row plot-row-{number}">',
        f'<text class="plot-label" x="{LEFT:g}" y="{top + 14:g}">{escape(band.label)}</text>',
        f'<text class="plot-value" x="{RIGHT:g}" y="{top + 14:g}" text-anchor="end">'
        f'{escape(band.shown)}</text>',
        f'<rect class="plot-band" x="{low}" y="{line - 5:g}" '
        f'width="{max(2.0, round(high - low, 2)):g}" height="10" rx="5"/>',
        *(f'<circle class="plot-day" cx="{axis.place(day)}" cy="{line:g}" r="1.5"/>'
          for day in band.days),
        f'<circle class="plot-middle" cx="{middle}" cy="{line:g}" r="5"/>', "</g>"]


def _anchor(x: float) -> str:
    if x < LEFT + 16:
        return "start"
    return "end" if x > RIGHT - 16 else "middle"
