# SPDX-License-Identifier: LGPL-3.0-only
"""Columns of figures as an SVG picture, for screens and for paper.

The figures themselves belong into a table beside it; the title says in words what the
picture shows, for who does not see it.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple
from xml.sax.saxutils import escape

#: Of the parts, told apart by lightness as well.
COLOURS = ("#0b4f8a", "#e0a100", "#8c1d18")
_RIGHT, _BOTTOM = 8, 28
_MARKS = 4  # of the axis of figures, above nothing
_DATES = 6  # on the axis of days, at most


class _Frame(NamedTuple):
    """The picture, and the room left of the axis and above it."""

    width: int
    height: int
    left: int
    top: int

    @property
    def room(self):
        return self.width - self.left - _RIGHT

    def y(self, share):
        share = min(max(share, 0), 1)
        room = self.height - self.top - _BOTTOM
        return round(self.top + room * (1 - share), 1)

    def draw(self, end, write, title, parts):
        """The whole picture: its axis of figures, which ends there, and its parts."""
        inside = "".join([*self._grid(end, write), *parts])
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" '
            f'viewBox="0 0 {self.width} {self.height}" role="img" '
            f'width="{self.width}" height="{self.height}" font-size="13" '
            f'style="max-width: 100%; height: auto" fill="currentColor">'
            f"<title>{escape(title)}</title>{inside}</svg>"
        )

    def _grid(self, end, write):
        for mark in range(_MARKS + 1):
            y = self.y(mark / _MARKS)
            yield (
                f'<line x1="{self.left}" x2="{self.width - _RIGHT}" y1="{y}" y2="{y}" '
                'stroke="currentColor" stroke-opacity="0.2"/>'
            )
            yield _text(self.left - 6, y + 4, write(end * mark / _MARKS), "end")

    def column(self, left, width, low, high, more):
        """A column between two shares of the axis."""
        upper, lower = self.y(high), self.y(low)
        return (
            f'<rect x="{left:.1f}" y="{upper}" width="{width:.1f}" '
            f'height="{lower - upper:.1f}" {more}/>'
        )

    def below(self, middle, text):
        return _text(middle, self.height - 8, text, "middle")


# === Groups === #

_GROUPS = _Frame(640, 280, left=56, top=40)


def draw_groups(
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[float | None]]],
    *,
    title: str,
    unit: str = "",
    top: float | None = None,
) -> str:
    """Draw groups of columns, one group a label.

    `series` is a list of name and values, None where nothing is known. `top` is the end
    of the axis, by default a round number. Returns an SVG element as text.
    """
    top = top or _round_up(max((v for _n, vs in series for v in vs if v), default=0))
    parts = [*_legend([name for name, _values in series])]
    group = _GROUPS.room / max(len(labels), 1)
    width = min(group * 0.8 / max(len(series), 1), 44)
    for place, label in enumerate(labels):
        middle = _GROUPS.left + group * (place + 0.5)
        first = middle - width * len(series) / 2
        for number, (_name, values) in enumerate(series):
            if values[place]:
                left, share = first + number * width, values[place] / top
                more = f'fill="{COLOURS[number]}" stroke="currentColor" '
                more += 'stroke-width="0.5"'
                parts.append(_GROUPS.column(left, width - 1, 0, share, more))
        parts.append(_GROUPS.below(middle, label))
    return _GROUPS.draw(top, lambda value: f"{value:g}{unit}", title, parts)


def _round_up(value: float) -> float:
    """The least of 1, 2, 4, 5, 8, 10, 20, … that is not below `value`."""
    if value < 1e-9:  # nothing that could be drawn, or told from it
        return 1
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 5, 8, 10) if step * power >= value)


def _legend(names):
    left = _GROUPS.left
    for number, name in enumerate(names):
        yield (
            f'<rect x="{left}" y="8" width="14" height="14" '
            f'fill="{COLOURS[number]}" stroke="currentColor"/>'
        )
        yield _text(left + 20, 20, name, "start")
        # Wide letters take about one and a half of a narrow one's room.
        left += 44 + sum(14 if ord(char) > 0x2E7F else 7.5 for char in name)


# === Days === #

_DAYS = _Frame(720, 260, left=64, top=12)


def draw_days(
    days: Mapping[date, Sequence[int]], classes: Sequence[str], title: str = ""
) -> str:
    """Draw a stacked column for each day.

    :param days: each day's counts, from the bottom of the column to its top; not empty
    :param classes: CSS classes of these parts, for their colours; at most as many as
        ``COLOURS``
    :returns: SVG element as text
    """
    top = _round_counts(max(sum(counts) for counts in days.values()))
    step = _DAYS.room / len(days)
    parts = []
    for number, (day, counts) in enumerate(days.items()):
        left = _DAYS.left + number * step
        parts += _stack(left + step * 0.1, step * 0.8, counts, classes, top)
        if number % -(-len(days) // _DATES) == 0:
            parts.append(_DAYS.below(left + step / 2, f"{day:%m-%d}"))
    return _DAYS.draw(top, lambda value: f"{value:,.0f}", title, parts)


def _round_counts(highest: int) -> int:
    """The end of an axis that its marks divide into whole numbers."""
    end = _MARKS
    while end < highest:
        # 4, 8, 20, 40, 80, 200 …
        end = end * 5 // 2 if str(end).startswith("8") else end * 2
    return end


def _stack(left, width, counts, classes, top):
    low = 0
    for count, name, colour in zip(counts, classes, COLOURS, strict=False):
        if count:
            more = f'class="{name}" fill="{colour}"'
            high = (low + count) / top
            yield _DAYS.column(left, width, low / top, high, more)
        low += count


def _text(x, y, text, anchor):
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'
