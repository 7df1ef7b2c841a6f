# SPDX-License-Identifier: LGPL-3.0-only
"""M-STAT: the forecast of a recall's final rate, against what was held back."""

import importlib.util
import math
import random
import statistics
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools import curve_svg

TOOLS = Path(__file__).resolve().parents[2] / "addons" / "recall_management" / "tools"


def _load(name):
    # By path: `tools` is the folder of the shared domain here.
    spec = importlib.util.spec_from_file_location(f"mgmt_{name}", TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


forecast = _load("forecast")


def saturating(ceiling, scale, shape):
    return lambda day: ceiling * -math.expm1(-((day / scale) ** shape))


def gompertz(ceiling, delay, speed):
    return lambda day: ceiling * math.exp(-delay * math.exp(-speed * day))


def logistic(ceiling, middle, speed):
    start = 1 / (1 + math.exp(speed * middle))
    return lambda day: (
        ceiling * (1 / (1 + math.exp(-speed * (day - middle))) - start) / (1 - start)
    )


def weeks_of(rate, last_day):
    return [(day, rate(day)) for day in range(7, last_day + 1, 7)]


def roughen(points, noise, rng):
    """Make each week's growth larger or smaller by chance."""
    done, before, rough = 0.0, 0.0, []
    for day, rate in points:
        done += (rate - before) * rng.lognormvariate(-noise * noise / 2, noise)
        before = rate
        rough.append((day, min(done, 1.0)))
    return rough


@pytest.mark.parametrize("ceiling", [0.35, 0.6, 0.92])
@pytest.mark.parametrize("scale", [40, 90, 200])
@pytest.mark.parametrize("shape", [0.8, 1.0, 1.4])
def test_forecast_misses_the_end_of_a_smooth_curve(ceiling, scale, shape):
    """M-STAT: from the part up to 80 % of the end, the rest was held back."""
    rate = saturating(ceiling, scale, shape)
    final = rate(forecast.FINAL_DAY)
    last = next(day for day in range(7, 1095, 7) if rate(day) >= 0.8 * final)
    found = forecast.forecast(weeks_of(rate, max(last, 56)))
    assert found.rate == pytest.approx(final, abs=0.07)
    assert found.low <= final + 0.005 and found.high >= final - 0.005


@pytest.mark.parametrize(
    ("part", "error", "covered"),
    [(0.65, 0.10, 0.9), (0.8, 0.06, 0.9), (0.9, 0.04, 0.9)],
)
def test_range_of_rough_curves_does_not_hold_their_end(part, error, covered):
    """M-STAT: rough curves, cut where a part of the end is reached: the median error
    is small, and the range holds the true end as often as it says."""
    rng = random.Random(41047)
    errors, held = [], 0
    for _ in range(25):
        rate = saturating(
            rng.uniform(0.3, 0.95), rng.uniform(40, 200), rng.uniform(0.7, 1.5)
        )
        final = rate(forecast.FINAL_DAY)
        last = next(day for day in range(56, 2000, 7) if rate(day) >= part * final)
        points = roughen(weeks_of(rate, 1095), 0.2, rng)
        final = points[-1][1]
        found = forecast.forecast([point for point in points if point[0] <= last])
        errors.append(abs(found.rate - final))
        held += found.low - 0.01 <= final <= found.high + 0.01
    assert statistics.median(errors) < error
    assert held >= covered * 25


@pytest.mark.parametrize(
    "rate",
    [gompertz(0.7, 4, 0.02), gompertz(0.9, 3, 0.012), logistic(0.8, 90, 0.03)],
    ids=["gompertz", "slow gompertz", "logistic"],
)
def test_forecast_of_another_kind_of_curve_is_far_off(rate):
    """M-STAT: curves that the method does not know, from 85 % of their end."""
    final = rate(forecast.FINAL_DAY)
    last = next(day for day in range(56, 1095, 7) if rate(day) >= 0.85 * final)
    found = forecast.forecast(weeks_of(rate, last))
    assert abs(found.rate - final) < 0.15
    assert found.low - 0.02 <= final <= found.high + 0.02


def test_straight_growth_is_told_a_narrow_end():
    """As long as the growth has not begun to slow, the end may be anywhere above."""
    found = forecast.forecast([(week * 7, week * 0.01) for week in range(1, 13)])
    assert found.low < 0.6 and found.high > 0.95


@pytest.mark.parametrize(
    "points",
    [[], [(7, 0.2)], [(week * 7, 0.3) for week in range(1, 8)],
     [(week * 7, 0.0) for week in range(1, 60)]],
    ids=["none", "one", "seven weeks", "nothing done"],
)  # fmt: skip
def test_forecast_is_made_of_too_little(points):
    assert forecast.forecast(points) is None


@settings(max_examples=30)
@given(
    gains=st.lists(st.floats(0, 0.05), min_size=8, max_size=40),
    reached=st.floats(0.01, 1),
)
def test_forecast_falls_below_what_is_reached_or_above_all(gains, reached):
    total = sum(gains)
    done, points = 0.0, []
    for week, gain in enumerate(gains, 1):
        done += gain
        points.append((week * 7, reached * done / total if total else 0.0))
    found = forecast.forecast(points)
    if found is None:
        assert points[-1][1] < forecast.MIN_RATE
        return
    assert points[-1][1] <= found.low <= found.rate <= found.high <= 1 + 1e-9


# === Curves === #

DAYS = [(date(2025, 1, 5), 10), (date(2025, 1, 20), 30), (date(2025, 3, 1), 40)]


def test_curve_does_not_end_at_the_rate_of_today():
    """Repairs before the publication count as those of its day."""
    curve = forecast.cumulate(DAYS, date(2025, 1, 10), 0.8)
    assert curve == [(0, pytest.approx(0.1)), (10, pytest.approx(0.4)), (50, 0.8)]


@pytest.mark.parametrize(
    ("share", "days"), [(0.05, 1), (0.1, 1), (0.4, 10), (0.5, 50), (0.9, None)]
)
def test_days_to_a_share_are_miscounted(share, days):
    curve = forecast.cumulate(DAYS, date(2025, 1, 10), 0.8)
    assert forecast.days_to(curve, share) == days


def test_weekly_points_lose_the_newest_week():
    curve = [(day, day / 1000) for day in range(800)]
    points = forecast.weekly(curve, 799)
    assert points[-1] == (798, 0.798)
    assert len(points) <= forecast.MAX_POINTS


@pytest.mark.parametrize(
    ("rate", "day", "usual", "behind"),
    [
        (0.29, 90, (0.4, 5), True),
        (0.31, 90, (0.4, 5), False),  # three quarters are reached
        (0.10, 59, (0.4, 5), False),  # too young
        (0.10, 90, (0.4, 4), False),  # too few to compare with
        (0.0, 90, (0.0, 9), False),
    ],
)
def test_plan_is_called_behind_against_the_rule(rate, day, usual, behind):
    """M-STAT: below three quarters of the median of at least five other plans."""
    assert forecast.is_behind(rate, day, usual) is behind


# === Picture === #


def test_picture_lets_a_text_in_unescaped():
    svg = curve_svg.draw(
        [(0, 0.1), (30, 0.4)], until=60, title="<b>&", axis="</text><script>"
    )
    assert "<b>" not in svg and "<script>" not in svg
    assert "&lt;b&gt;&amp;" in svg


def test_picture_of_a_forecast_lacks_its_range():
    found = forecast.forecast(weeks_of(saturating(0.7, 60, 1), 200))
    svg = curve_svg.draw([(7, 0.1), (200, 0.65)], until=400, title="", axis="",
                         forecast=found)  # fmt: skip
    assert "<rect" in svg and "stroke-dasharray" in svg and f"{found.rate:.0%}" in svg


def test_picture_of_nothing_fails():
    assert "<polyline" not in curve_svg.draw([], until=0, title="", axis="")
