# SPDX-License-Identifier: LGPL-3.0-only
from collections import defaultdict
from datetime import datetime, time

from odoo import api, fields, models

from odoo.addons.recall_base.tools.messages import ApiStatus

from ..tools.quota import QUOTA_METHODS


class RecallShareUsage(models.Model):
    """Usage of today, as the board and a partner's page show it."""

    _inherit = "recall.share.usage"

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
