# SPDX-License-Identifier: LGPL-3.0-only
"""Terms that are counted in working days, Monday to Friday."""

from datetime import date, timedelta


def add_working_days(day: date, count: int) -> date:
    """Return the last day of a term that begins with the day after `day`.

    Public holidays are not known here: a term that holds some ends as early as one
    without.
    """
    start = day - timedelta(days=max(day.weekday() - 4, 0))  # a weekend counts nothing
    weeks, rest = divmod(count, 5)
    weekend = 2 if start.weekday() + rest > 4 else 0
    return start + timedelta(weeks=weeks, days=rest + weekend)
