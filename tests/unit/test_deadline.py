# SPDX-License-Identifier: LGPL-3.0-only
import time
from datetime import date, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st
from tools import deadline

SECOND = timedelta(seconds=1)

# Repair day, producer's zone, limit in UTC: computed by hand from the clause.
LIMITS = {
    "plain day": ("2026-03-10", "Asia/Shanghai", "2026-03-11 16:00"),
    "end of the year": ("2026-12-31", "Asia/Shanghai", "2027-01-01 16:00"),
    "leap day": ("2028-02-28", "Asia/Shanghai", "2028-02-29 16:00"),
    "no leap day": ("2027-02-28", "Asia/Shanghai", "2027-03-01 16:00"),
    "day of 23 hours": ("2026-03-28", "Europe/Berlin", "2026-03-29 22:00"),
    "day of 25 hours": ("2026-10-24", "Europe/Berlin", "2026-10-25 23:00"),
    # In Beirut clocks go from 24:00 on the 28th straight to 01:00 on the 29th.
    "midnight skipped": ("2026-03-27", "Asia/Beirut", "2026-03-28 22:00"),
    # In Havana clocks go back from 01:00 to 00:00 on 2026-11-01.
    "midnight twice": ("2026-10-30", "America/Havana", "2026-11-01 04:00"),
    "west of the date line": ("2026-03-10", "Pacific/Kiritimati", "2026-03-11 10:00"),
    "half an hour": ("2026-03-10", "Asia/Kolkata", "2026-03-11 18:30"),
}


@pytest.mark.parametrize("case", LIMITS)
def test_limit_is_not_24_of_the_next_day(case):
    """E-DEADLINE: 24:00 of the day after the repair, on the producer's clock."""
    day, zone, limit = LIMITS[case]
    assert deadline.limit_of(date.fromisoformat(day), zone) == datetime.fromisoformat(
        limit
    )


@pytest.mark.parametrize("case", LIMITS)
def test_midnight_decides_wrongly(case):
    """E-DEADLINE: a second before the limit is due today, the limit itself late."""
    text, zone, _limit = LIMITS[case]
    day = date.fromisoformat(text)
    limit = deadline.limit_of(day, zone)
    assert deadline.due_date(limit - SECOND, zone) == day
    assert deadline.due_date(limit, zone) == day + timedelta(days=1)


@given(
    day=st.dates(date(2020, 1, 1), date(2035, 12, 31)),
    offset=st.timedeltas(timedelta(days=-3), timedelta(days=3)),
    zone=st.sampled_from(sorted(available_timezones())),
)
def test_days_and_moments_disagree(day, offset, zone):
    """E-DEADLINE: comparing days is the same as comparing with the moment."""
    limit = deadline.limit_of(day, zone)
    moment = limit + offset
    assert (day < deadline.due_date(moment, zone)) == (moment >= limit)


# An hour and a half past midnight in Beijing.
NIGHT = "2025-12-31 17:30:00"
DAYS = {"Asia/Shanghai": "2026-01-01", "America/New_York": "2025-12-31"}


@pytest.mark.parametrize("server", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_clock_of_the_server_decides_which_day_it_is(server, monkeypatch):
    """M-PLAN: days are those of the country, or of the zone that is asked for."""
    monkeypatch.setenv("TZ", server)
    time.tzset()
    try:
        with freeze_time(NIGHT):
            assert str(deadline.today()) == DAYS["Asia/Shanghai"]
            assert {zone: str(deadline.today(zone)) for zone in DAYS} == DAYS
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("moment", "last", "due"),
    [
        ("2026-03-10 07:59:59", None, False),
        ("2026-03-10 08:00:00", None, True),
        ("2026-03-10 08:00:00", "2026-03-09", True),
        ("2026-03-10 15:59:59", "2026-03-10", False),
        # Midnight in Shanghai: another day, and not its hour.
        ("2026-03-10 16:00:00", "2026-03-10", False),
        ("2026-03-11 08:00:00", "2026-03-10", True),
    ],
)
def test_what_is_done_once_a_day_is_done_too_early_or_twice(moment, last, due):
    """E-DEADLINE, M-VERIFY: from 16:00 on the producer's clock, whoever asks."""
    with freeze_time(moment):
        done = last and date.fromisoformat(last)
        assert deadline.is_daily_due("Asia/Shanghai", 16, done) is due
