# SPDX-License-Identifier: LGPL-3.0-only
from collections import Counter, defaultdict
from datetime import datetime, time, timedelta

from odoo import api, fields, models

from odoo.addons.recall_base.tools.messages import ApiStatus

from ..tools.meter import QUOTA_METHODS


class RecallShareUsage(models.Model):
    """Usage by day, as a partner's page and the reports show it.

    Days are those of the quotas: of UTC.
    """

    _inherit = "recall.share.usage"

    @api.model
    def _read_days(self, domain, first, last):
        """Count requests by day and status, with the account's own rights.

        :param date first: first and ``last`` day, both with it
        :returns: dict of every day between -> ``Counter`` by ``api_status``
        """
        begin = datetime.combine(first, time.min)
        end = datetime.combine(last + timedelta(days=1), time.min)
        groups = self.with_context(tz="UTC")._read_group(
            [*domain, ("hour", ">=", begin), ("hour", "<", end)],
            ["hour:day", "api_status"],
            ["request_count:sum"],
        )
        counted = defaultdict(Counter)
        for day, status, count in groups:
            counted[day.date()][status] += count
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return {day: counted[day] for day in days}

    @api.model
    def _read_today(self, interfaces):
        """VINs of today that count against the quotas: dict interface -> number."""
        begin = datetime.combine(fields.Date.today(), time.min)
        groups = self._read_group(
            [
                ("interface_id", "in", interfaces.ids),
                ("hour", ">=", begin),
                ("method", "in", QUOTA_METHODS),
                ("api_status", "=", ApiStatus.SUCCESS),
            ],
            ["interface_id"],
            ["vin_count:sum"],
        )
        return defaultdict(int, groups)
