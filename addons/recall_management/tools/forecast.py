# SPDX-License-Identifier: LGPL-3.0-only
"""How a recall's completion rate grows, and where it will end.

A curve is a list of ``(day, rate)``: days since publication, rising, and the share of
vehicles done by the end of that day. Rates are between 0 and 1.

**Method of the forecast.** Vehicles come in quickly at first and ever more slowly:
the curve R·(1 − e^−(t/τ)^k). Its growth from week to week is fitted to that of the
recall by weighted least squares, each week's in proportion to what a week about then
brings. τ and k are tried on a grid, R follows from them. The final rate is that of the
best fit three years after publication (later repairs are few). The range is that of
all fits that are not clearly worse (chi-square, 95 %, the recall's own roughness as
the measure): the fewer the weeks and the rougher the curve, the wider. It reaches up to
100 % as long as the growth has not begun to slow.
"""

import bisect
import functools
import math
from dataclasses import dataclass

#: The final rate is that of this day.
FINAL_DAY = 1095
#: Not before so many weekly points, and so much of the scope done.
MIN_POINTS, MIN_RATE = 8, 0.005
#: Points fitted at most: of older recalls each second, third … week.
MAX_POINTS = 52
WEEK = 7

_SCALES = tuple(8 * 1.12**step for step in range(46))  # τ: 8 to 1300 days
_SHAPES = (0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 1.8, 2.2)  # k
#: Chi-square of three parameters, 95 %.
_TOLERANCE = 7.8
#: The least noise of a week's growth, as part of the mean growth, and of a rate.
_NOISE, _LEAST = 0.1, 0.0002
#: No recall goes on more evenly than this, however even its past: part of a week.
_ROUGHNESS = 0.1
#: Weeks to either side of which the mean says what a week brings.
_AROUND = 3
#: Behind is a recall that has reached less than this part of the usual rate, ...
BEHIND_SHARE = 0.75
#: ... is this old, and can be compared with so many others.
BEHIND_DAY, BEHIND_PLANS = 60, 5


@dataclass(frozen=True)
class Forecast:
    """The final rate, its range, and the fitted ``R``, ``scale`` (τ) and ``shape``."""

    rate: float
    low: float
    high: float
    ceiling: float
    scale: float
    shape: float

    def at(self, day):
        """Return the rate of the fitted curve on a day."""
        return min(self.ceiling * _grown(self.scale, self.shape, day), 1.0)


def cumulate(days, start, rate):
    """Spread a recall's rate over the days on which its vehicles were repaired.

    :param days: list of ``(date, repairs)``, rising
    :param start: day of publication; what was repaired before counts as that day's
    :param rate: the rate of today
    :returns: curve
    """
    total = sum(repairs for _day, repairs in days)
    curve, done = {}, 0
    for day, repairs in days:
        done += repairs
        curve[max((day - start).days, 0)] = rate * done / total if total else 0.0
    return list(curve.items())


def days_to(curve, share):
    """Return in how many days the rate was at least ``share``, 1 being the least.

    None: not yet.
    """
    return next((max(day, 1) for day, rate in curve if rate >= share - 1e-9), None)


def rate_on(curve, day):
    """Return the rate by the end of a day."""
    position = bisect.bisect_right(curve, (day, math.inf))
    return curve[position - 1][1] if position else 0.0


def weekly(curve, today):
    """Return the curve at whole weeks up to the day ``today``, thinned to fit."""
    weeks = today // WEEK
    step = max(math.ceil(weeks / MAX_POINTS), 1)
    # Counted back from the newest, which tells most.
    chosen = range(weeks, 0, -step)
    return [(week * WEEK, rate_on(curve, week * WEEK)) for week in reversed(chosen)]


def forecast(points, final_day=FINAL_DAY):
    """Fit points of a curve and tell where it ends.

    :param points: as of ``weekly``
    :returns: ``Forecast``, or None where there is too little to tell
    """
    if len(points) < MIN_POINTS or points[-1][1] < MIN_RATE:
        return None
    reached = points[-1][1]
    final_day = max(final_day, points[-1][0])
    fits = list(_fits(points, final_day))
    best = min(fits, key=lambda fit: fit.error)
    roughness = max(best.error / max(len(points) - 3, 1), _ROUGHNESS**2)
    allowed = best.error + _TOLERANCE * roughness
    ends = [end for fit in fits for end in fit.ends(allowed)]
    return Forecast(
        rate=max(best.end, reached),
        low=max(min(ends), reached),
        high=max(*ends, reached),
        ceiling=best.ceiling,
        scale=best.scale,
        shape=best.shape,
    )


def is_behind(rate, day, usual):
    """Whether a recall is clearly behind others of its age.

    :param usual: ``(median rate of the others at that age, number of others)``
    """
    median, number = usual
    return day >= BEHIND_DAY and number >= BEHIND_PLANS and rate < BEHIND_SHARE * median


@dataclass(frozen=True)
class _Fit:
    ceiling: float  # R
    scale: float  # τ
    shape: float  # k
    error: float  # weighted squares
    weight: float  # how fast the error grows with the square of a change of R
    grown: float  # part of R that is reached on the final day

    @property
    def end(self):
        return min(self.ceiling * self.grown, 1.0)

    def ends(self, allowed):
        """The final rates between which the error stays within ``allowed``."""
        if self.error > allowed:
            return ()
        change = math.sqrt((allowed - self.error) / self.weight)
        return tuple(
            min(max(self.ceiling + sign * change, 0) * self.grown, 1.0)
            for sign in (-1, 1)
        )


def _fits(points, final_day):
    """Yield a ``_Fit`` for each τ and k."""
    days = [day for day, _rate in points]
    rates = [rate for _day, rate in points]
    gains = _differences(rates)
    weights = [1 / variance for variance in _variances(gains)]
    for scale in _SCALES:
        for shape in _SHAPES:
            grown = _grown(scale, shape, final_day)
            shares = _differences([_grown(scale, shape, day) for day in days])
            weight = sum(w * x * x for w, x in zip(weights, shares, strict=True))
            if weight < 1e-9:
                continue
            product = sum(
                w * x * y for w, x, y in zip(weights, shares, gains, strict=True)
            )
            ceiling = min(product / weight, 1 / grown)
            error = sum(
                w * (y - ceiling * x) ** 2
                for w, x, y in zip(weights, shares, gains, strict=True)
            )
            yield _Fit(ceiling, scale, shape, error, weight, grown)


def _differences(values):
    return [value - before for before, value in zip([0, *values], values, strict=False)]


def _variances(gains):
    """Noise of each gain: in proportion to the mean of those around it."""
    least = _NOISE * sum(gains) / len(gains) + _LEAST
    around = [
        gains[max(index - _AROUND, 0) : index + _AROUND + 1]
        for index in range(len(gains))
    ]
    return [(sum(some) / len(some)) ** 2 + least**2 for some in around]


@functools.lru_cache(maxsize=200_000)
def _grown(scale, shape, day):
    return -math.expm1(-((day / scale) ** shape))
