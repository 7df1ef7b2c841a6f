# SPDX-License-Identifier: LGPL-3.0-only
"""When a peer may be asked: hours of the day that belong to its own work."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60


def is_quiet(moment: datetime, zone: str, start: float, end: float) -> bool:
    """Whether a moment lies in the quiet hours.

    :param moment: in UTC without a time zone, as Odoo has it
    :param zone: IANA name of the zone in which the hours are meant
    :param start: hour of the day at which they begin, 0 to 24 (7.5 is 7:30)
    :param end: hour at which they end; before `start` it is the next day's; the same
        as `start` if there are no quiet hours
    """
    local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    first, last = _minutes(start), _minutes(end)
    if first <= last:
        return first <= minute < last
    return minute >= first or minute < last


def after_quiet(moment: datetime, zone: str, start: float, end: float) -> datetime:
    """The moment itself, or when the quiet hours end in which it lies.

    Arguments are those of `is_quiet`.
    """
    if not is_quiet(moment, zone, start, end):
        return moment
    local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    last = _minutes(end)
    days = 1 if last <= local.hour * 60 + local.minute else 0
    day = local.date() + timedelta(days=days + last // DAY_MINUTES)
    clock = time(last % DAY_MINUTES // 60, last % 60)
    ended = datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)
    return max(ended.replace(tzinfo=None), moment)


def _minutes(hour: float) -> int:
    return round(hour * 60)
