# SPDX-License-Identifier: LGPL-3.0-only
"""Hours of the day at which a terminal is not asked."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_puller import MANAGEMENT, load

schedule = load(MANAGEMENT / "tools" / "schedule.py")

SHANGHAI = "Asia/Shanghai"  # eight hours before UTC, all year


@pytest.mark.parametrize(
    ("hours", "moment", "ends"),
    [
        ((8, 18), "2026-03-02 00:00", "2026-03-02 10:00"),  # 8:00 there: they begin
        ((8, 18), "2026-03-02 09:59", "2026-03-02 10:00"),
        ((8, 18), "2026-03-02 10:00", None),  # 18:00 there: they are over
        ((8, 18), "2026-03-01 23:59", None),
        ((22.5, 6.25), "2026-03-02 14:30", "2026-03-02 22:15"),  # across midnight
        ((22.5, 6.25), "2026-03-02 16:00", "2026-03-02 22:15"),  # 0:00 there
        ((22.5, 6.25), "2026-03-02 22:14", "2026-03-02 22:15"),
        ((22.5, 6.25), "2026-03-02 22:15", None),
        ((0, 0), "2026-03-02 16:00", None),  # none are set
        ((9, 9), "2026-03-02 01:00", None),
        ((20, 24), "2026-03-02 15:59", "2026-03-02 16:00"),  # until midnight
        ((24, 3), "2026-03-02 16:30", "2026-03-02 19:00"),
    ],
)
def test_quiet_hours_end_when_they_say(hours, moment, ends):
    """M-PULL: in the producer's zone, also across midnight and at the very minute."""
    at = datetime.fromisoformat(moment)
    assert schedule.is_quiet(at, SHANGHAI, *hours) == bool(ends)
    expected = datetime.fromisoformat(ends) if ends else at
    assert schedule.after_quiet(at, SHANGHAI, *hours) == expected


HOUR = st.integers(0, 24 * 60).map(lambda minutes: minutes / 60)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    st.sampled_from([SHANGHAI, "Europe/Berlin", "America/St_Johns", "UTC"]),
    HOUR,
    HOUR,
)
def test_terminal_is_never_put_off_for_more_than_a_day(moment, zone, start, end):
    """M-PULL: whatever the hours and clock changes, nor into the past."""
    later = schedule.after_quiet(moment, zone, start, end)
    assert moment <= later <= moment + timedelta(hours=25)
    if later != moment:
        local = later.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone))
        minutes = round(end * 60) % (24 * 60)
        shift = local.hour * 60 + local.minute - minutes
        assert shift in (0, 60)  # 60: the clocks left this hour out
