# SPDX-License-Identifier: LGPL-3.0-only
"""A recall's curve as an SVG picture, for screens and for paper."""

from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 60, 12, 40
_MEASURED, _EXPECTED = "#6f4f8f", "#b4530a"
_STEPS = (7, 14, 28, 56, 91, 182, 365)  # days between marks of the axis
_MARKS = 9  # at most


def draw(curve, *, until, title, axis, forecast=None, days=None):
    """Draw a curve and where it is expected to go.

    :param curve: list of ``(day, rate)``, rates between 0 and 1
    :param int until: last day of the axis; the expected curve ends there
    :param str title: what the picture shows, in words, for who does not see it
    :param str axis: name of the axis of days
    :param forecast: ``tools.forecast.Forecast``
    :param int days: day up to which the curve is known; its last point's by default
    :returns: SVG element as text
    """
    until = max(until, 1)
    known = days if days is not None else (curve[-1][0] if curve else 0)
    steps = _stairs(curve, min(known, until))
    parts = [*_grid(until), *_band(forecast, known, until)]
    if forecast and known < until:
        marks = range(known, until + 1, max((until - known) // 60, 1))
        reached = steps[-1][1] if steps else 0
        line = [(day, max(forecast.at(day), reached)) for day in marks]
        parts.append(_line(line, until, _EXPECTED, 'stroke-dasharray="6 4" '))
    if steps:
        parts.append(_line(steps, until, _MEASURED))
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    parts.append(_text(middle, HEIGHT - 4, axis, "middle"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" width="{WIDTH}" height="{HEIGHT}" font-size="12" '
        f'style="max-width: 100%; height: auto" fill="currentColor">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def _stairs(curve, known):
    """The curve by days, from nothing, level where nothing was repaired."""
    line = [(0, 0.0)]
    for day, rate in curve:
        line += [(day, line[-1][1]), (day, rate)]
    return [*line, (max(known, line[-1][0]), line[-1][1])] if curve else []


def _grid(until):
    for percent in range(0, 101, 20):
        y = _y(percent / 100)
        yield (
            f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y}" y2="{y}" '
            'stroke="currentColor" stroke-opacity="0.2"/>'
        )
        yield _text(_LEFT - 6, y + 4, f"{percent}%", "end")
    step = next((days for days in _STEPS if until / days <= _MARKS), _STEPS[-1])
    for day in range(0, until + 1, step):
        yield _text(_x(day, until), HEIGHT - _BOTTOM + 16, str(day), "middle")


def _band(forecast, known, until):
    """The range of the final rate: a bar at the end of the axis."""
    if not forecast:
        return
    x = WIDTH - _RIGHT + 6
    top, bottom = _y(forecast.high), _y(forecast.low)
    height = round(max(bottom - top, 2), 1)
    yield (
        f'<rect x="{x}" y="{top}" width="8" height="{height}" fill="{_EXPECTED}" '
        'fill-opacity="0.45"/>'
    )
    middle = _y(forecast.rate)
    yield (
        f'<line x1="{x}" x2="{x + 8}" y1="{middle}" y2="{middle}" '
        f'stroke="{_EXPECTED}" stroke-width="2"/>'
    )
    yield _text(x + 12, middle + 4, f"{forecast.rate:.0%}", "start")


def _line(points, until, color, more=""):
    path = " ".join(f"{_x(day, until)},{_y(rate)}" for day, rate in points)
    return (
        f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2" '
        f"{more}/>"
    )


def _text(x, y, text, anchor):
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _x(day, until):
    return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * min(day / until, 1), 1)


def _y(rate):
    return round(_TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - min(max(rate, 0), 1)), 1)
