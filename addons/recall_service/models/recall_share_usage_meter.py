# SPDX-License-Identifier: LGPL-3.0-only
from collections import defaultdict
from functools import partial

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.recall_base.tools.messages import ApiStatus, MessageError

from ..tools.quota import QUOTA_METHODS, Quotas
from .counter_mixin import hand_over, meters
from .recall_lookup import STATEMENT_LIMIT

#: What this process knows of the quotas, by the name of the database.
quotas = defaultdict(Quotas)


class RecallShareUsage(models.Model):
    """Counting of the sharing interface, and the quotas that rest on it."""

    _inherit = "recall.share.usage"

    _counted_by = ("interface_id", "method", "api_status")
    _counted = ("request_count", "vin_count", "answer_bytes")
    _shown_by = "api_status"

    @classmethod
    def _meter_exchange(cls, registry, facts):
        """Count an answered request; called by the dispatcher outside a transaction."""
        meters[registry.db_name, cls._name].count(
            (
                facts["caller"].get("interface_id"),
                facts["method"],
                int(facts["api_status"]),
            ),
            (1, facts["vins"], facts["answer_bytes"]),
        )
        hand_over(registry, cls._name)

    @api.model
    def _admit(self, interface_id, terms, vins):
        """Refuse a request that is above a quota of its interface.

        :param terms: values of the interface's fields
        :param int vins: how many of the day's VINs it takes
        :raises MessageError: 429
        """
        known = quotas[self.env.cr.dbname]
        wait = known.wait_for_burst(interface_id, terms["quota_burst"])
        if wait:
            raise MessageError(
                ApiStatus.RATE_LIMITED,
                f"More than {terms['quota_burst']} requests in 10 seconds. Wait "
                f"{wait} seconds, then send again.",
                retry_after=wait,
            )
        wait = known.wait_for_day(
            interface_id,
            vins,
            terms["quota_day"],
            lambda: self._read_used([interface_id]).get(interface_id, 0),
            partial(self._count_pending, interface_id),
        )
        if wait:
            raise MessageError(
                ApiStatus.RATE_LIMITED,
                f"The quota of {terms['quota_day']} VINs a day would be exceeded. It "
                "begins anew at midnight UTC.",
                retry_after=wait,
            )

    def _count_pending(self, interface_id, since):
        """VINs on the quota that this process has served and not handed over."""
        return sum(
            vins
            for (hour, interface, method, status), (_requests, vins, _size) in meters[
                self.env.cr.dbname, self._name
            ].pending()
            if interface == interface_id
            and method in QUOTA_METHODS
            and status == ApiStatus.SUCCESS
            and hour >= since
        )

    def _read_used(self, interface_ids):
        """VINs of today that the table knows of, by interface."""
        self.env.cr.execute(
            SQL(
                """SET LOCAL statement_timeout = %s;
                   SELECT interface_id, sum(vin_count)::bigint FROM recall_share_usage
                    WHERE interface_id = ANY(%s) AND hour >= %s
                      AND method IN %s AND api_status = %s GROUP BY interface_id""",
                STATEMENT_LIMIT,
                interface_ids,
                fields.Datetime.now().replace(hour=0, minute=0, second=0),
                QUOTA_METHODS,
                int(ApiStatus.SUCCESS),
            )
        )
        return dict(self.env.cr.fetchall())

    def _complete_counts(self, counted):
        """Override of the mixin: with the data user; without deleted interfaces."""
        return ("data_user_id",), SQL(
            """SELECT v.*, interface.data_user_id FROM %s
                 LEFT JOIN recall_share_interface interface
                   ON interface.id = v.interface_id
                WHERE v.interface_id IS NULL OR interface.id IS NOT NULL""",
            counted,
        )

    @api.model
    def _prepare_stored(self, counts):
        """Override of the mixin to learn what other processes have served."""
        interfaces = {interface for _hour, interface, *_rest in counts if interface}
        used = self._read_used(list(interfaces))
        return partial(quotas[self.env.cr.dbname].note_used, used.items())
