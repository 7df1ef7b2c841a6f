# SPDX-License-Identifier: LGPL-3.0-only
"""Clause 7.3: by 24:00 of the day after the repair, on the producer's clock.

Moments are naive and in UTC, as Odoo keeps them; ``today`` is the one way to tell which
day it is where the clock of a server or the zone of an account must not matter.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

#: The limit is the end of the day this many days after the repair day.
DAYS = 1
#: Zone of the calendar that plans, the regulator and the public page are kept by.
ZONE = "Asia/Shanghai"


def local_date(moment: datetime, zone: str) -> date:
    """Return the day on the clocks of ``zone`` at a moment."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def today(zone: str = ZONE) -> date:
    """Return the day it is on the clocks of ``zone``, whoever asks."""
    return datetime.now(ZoneInfo(zone)).date()


def is_daily_due(zone: str, hour: int, last: date | None) -> bool:
    """Whether it is time for what is done once a day.

    :param hour: of the day on the clocks of ``zone``, from which it is done
    :param last: day on which it was done last; nothing where it never was
    """
    local = datetime.now(ZoneInfo(zone))
    return local.hour >= hour and last != local.date()


def limit_of(repair_date: date, zone: str) -> datetime:
    """Return the moment by which a repair of that day must have arrived.

    Where the clocks skip midnight or show it twice, it is the first moment of the next
    day.
    """
    return day_start(repair_date + timedelta(days=DAYS + 1), zone)


def day_start(day: date, zone: str) -> datetime:
    """Return the first moment of a day on the clocks of ``zone``."""
    local = datetime.combine(day, time.min, ZoneInfo(zone))
    return local.astimezone(UTC).replace(tzinfo=None)


def due_date(moment: datetime, zone: str) -> date:
    """Return the repair day whose limit is the next midnight: repairs before it are
    late."""
    return local_date(moment, zone) - timedelta(days=DAYS)
