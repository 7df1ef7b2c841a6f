# SPDX-License-Identifier: LGPL-3.0-only
"""Counts by day as stacked bars: an SVG picture, for screens and for paper."""

from collections.abc import Mapping, Sequence
from datetime import date
from xml.sax.saxutils import escape, quoteattr

WIDTH, HEIGHT = 720, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 8, 12, 28
_MARKS = 6  # dates on the axis, at most
#: From the bottom of a bar: told apart by lightness as well.
COLOURS = ("#0b4f8a", "#e0a100", "#8c1d18")


def draw_days(
    days: Mapping[date, Sequence[int]], classes: Sequence[str], title: str = ""
) -> str:
    """Draw a bar for each day.

    :param days: each day's counts, from the bottom of the bar to its top; not empty
    :param classes: CSS classes of these parts, for their colours; at most as many as
        ``COLOURS``
    :param title: what the picture shows, in words, for who does not see it
    :returns: SVG element as text
    """
    top = scale(max(sum(counts) for counts in days.values()))
    step = (WIDTH - _LEFT - _RIGHT) / len(days)
    parts = list(_grid(top))
    for number, (day, counts) in enumerate(days.items()):
        left = _LEFT + number * step
        parts += _bar(left + step * 0.1, step * 0.8, counts, classes, top)
        if number % -(-len(days) // _MARKS) == 0:
            parts.append(_text(left + step / 2, HEIGHT - 8, f"{day:%m-%d}", "middle"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" aria-label={quoteattr(title)} width="{WIDTH}" height="{HEIGHT}" '
        f'font-size="13" style="max-width: 100%; height: auto" fill="currentColor">'
        f"{''.join(parts)}</svg>"
    )


def scale(highest: int) -> int:
    """Return the end of an axis that four steps divide into round numbers."""
    end = 4
    while end < highest:
        # 4, 8, 20, 40, 80, 200 …
        end = end * 5 // 2 if str(end).startswith("8") else end * 2
    return end


def _grid(top):
    for part in range(5):
        value = top * part // 4
        y = _y(value, top)
        yield (
            f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y}" y2="{y}" '
            'stroke="currentColor" stroke-opacity="0.2"/>'
        )
        yield _text(_LEFT - 6, y + 4, f"{value:,}", "end")


def _bar(left, width, counts, classes, top):
    below = 0
    for count, name, colour in zip(counts, classes, COLOURS, strict=False):
        if count:
            upper, lower = _y(below + count, top), _y(below, top)
            yield (
                f'<rect class="{name}" x="{left:.1f}" width="{width:.1f}" '
                f'y="{upper}" height="{lower - upper:.1f}" fill="{colour}"/>'
            )
        below += count


def _y(value, top):
    return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / top, 1)


def _text(x, y, text, anchor):
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'
