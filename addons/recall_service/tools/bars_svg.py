# SPDX-License-Identifier: LGPL-3.0-only
"""Columns of figures as an SVG picture, for screens and for paper."""

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 8, 40, 28
#: Colours of the series, told apart by their lightness too.
_COLOURS = ("#0b4f8a", "#e0a021")
_MARKS = 4


def draw(
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[float | None]]],
    *,
    title: str,
    unit: str = "",
    top: float | None = None,
) -> str:
    """Draw groups of columns, one group a label.

    `series` is a list of name and values, None where nothing is known. `title` says
    in words what the picture shows, for who does not see it; the figures themselves
    belong into a table beside it. `top` is the end of the axis, by default a round
    number. Returns an SVG element as text.
    """
    top = top or _round_up(max((v for _n, vs in series for v in vs if v), default=0))
    parts = [*_legend([name for name, _values in series]), *_grid(top, unit)]
    group = (WIDTH - _LEFT - _RIGHT) / max(len(labels), 1)
    width = min(group * 0.8 / max(len(series), 1), 44)
    for place, label in enumerate(labels):
        middle = _LEFT + group * (place + 0.5)
        first = middle - width * len(series) / 2
        for number, (_name, values) in enumerate(series):
            if values[place]:
                left = first + number * width
                parts.append(_column(left, width, values[place] / top, number))
        parts.append(_text(middle, HEIGHT - 8, label, "middle"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" width="{WIDTH}" height="{HEIGHT}" font-size="13" '
        f'style="max-width: 100%; height: auto" fill="currentColor">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def _round_up(value: float) -> float:
    """The least of 1, 2, 4, 5, 8, 10, 20, … that is not below `value`."""
    if value <= 0:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 5, 8, 10) if step * power >= value)


def _legend(names):
    left = _LEFT
    for number, name in enumerate(names):
        yield (
            f'<rect x="{left}" y="8" width="14" height="14" '
            f'fill="{_COLOURS[number]}" stroke="currentColor"/>'
        )
        yield _text(left + 20, 20, name, "start")
        # Wide letters take about one and a half of a narrow one's room.
        left += 44 + sum(14 if ord(char) > 0x2E7F else 7.5 for char in name)


def _grid(top, unit):
    for mark in range(_MARKS + 1):
        y = _y(mark / _MARKS)
        yield (
            f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y}" y2="{y}" '
            'stroke="currentColor" stroke-opacity="0.2"/>'
        )
        yield _text(_LEFT - 6, y + 4, f"{top * mark / _MARKS:g}{unit}", "end")


def _column(left, width, share, number):
    y = _y(share)
    return (
        f'<rect x="{left:.1f}" y="{y}" width="{width - 1:.1f}" '
        f'height="{HEIGHT - _BOTTOM - y:.1f}" fill="{_COLOURS[number]}" '
        'stroke="currentColor" stroke-width="0.5"/>'
    )


def _text(x, y, text, anchor):
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'


def _y(share):
    return round(_TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - min(max(share, 0), 1)), 1)
