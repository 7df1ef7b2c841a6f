# SPDX-License-Identifier: LGPL-3.0-only
import atexit
import logging
from collections import defaultdict
from datetime import UTC, datetime

from odoo import SUPERUSER_ID, api, fields, models
from odoo.modules.registry import Registry
from odoo.tools import SQL

from odoo.addons.recall_base.tools.messages import ApiStatus, MessageError

from ..tools.meter import QUOTA_METHODS, Meter

_logger = logging.getLogger(__name__)

#: The counts of this process, by the name of the database.
meters = defaultdict(Meter)


class RecallShareUsage(models.Model):
    """Counting in memory, handing over to the table, and the quotas that rest on it."""

    _inherit = "recall.share.usage"

    @classmethod
    def _meter_exchange(cls, registry, facts):
        """Count an answered request; called by the dispatcher outside a transaction.

        Every few seconds it hands the counts of this process over to the table, by one
        statement for all interfaces.
        """
        meter = meters[registry.db_name]
        caller = facts["caller"]
        meter.count(
            caller.get("interface_id"),
            facts["method"],
            int(facts["api_status"]),
            facts["vins"],
            facts["answer_bytes"],
        )
        if counts := meter.take():
            _hand_over(registry, counts)

    @api.model
    def _admit(self, interface_id, terms, vins):
        """Refuse a request that is above a quota of its interface.

        :param terms: values of the interface's fields
        :param int vins: how many of the day's VINs it takes
        :raises MessageError: 429
        """
        meter = meters[self.env.cr.dbname]
        wait = meter.wait_for_burst(interface_id, terms["quota_burst"])
        if wait:
            raise MessageError(
                ApiStatus.RATE_LIMITED,
                f"More than {terms['quota_burst']} requests in 10 seconds. Wait "
                f"{wait} seconds, then send again.",
                retry_after=wait,
            )
        wait = meter.wait_for_day(
            interface_id,
            vins,
            terms["quota_day"],
            lambda: self._read_used([interface_id]).get(interface_id, 0),
        )
        if wait:
            raise MessageError(
                ApiStatus.RATE_LIMITED,
                f"The quota of {terms['quota_day']} VINs a day would be exceeded. It "
                "begins anew at midnight UTC.",
                retry_after=wait,
            )

    def _read_used(self, interface_ids):
        """VINs of today that the table knows of, by interface."""
        self.env.cr.execute(
            SQL(
                """SELECT interface_id, sum(vin_count)::bigint FROM recall_share_usage
                    WHERE interface_id = ANY(%s) AND hour >= %s
                      AND method IN %s AND api_status = %s GROUP BY interface_id""",
                interface_ids,
                fields.Datetime.now().replace(hour=0, minute=0, second=0),
                QUOTA_METHODS,
                int(ApiStatus.SUCCESS),
            )
        )
        return dict(self.env.cr.fetchall())

    @api.model
    def _store_counts(self, counts):
        """Add the counts of one process to the table; returns today's VINs of these.

        :param dict counts: ``meter.Key`` -> ``meter.Count``
        """
        # In one order for all processes: they wait for each other, and never in a ring.
        rows = sorted(
            ((_to_time(key.hour), *key[1:], *count) for key, count in counts.items()),
            key=lambda row: (row[1] or 0, row[0], *row[2:4]),
        )
        # No answer hangs on it: a crash of the database server may lose the last half
        # second, and who holds a row up is not waited for.
        self.env.cr.execute(
            SQL(
                """SET LOCAL synchronous_commit = off; SET LOCAL lock_timeout = 500;
                   INSERT INTO recall_share_usage AS known
                          (hour, interface_id, method, api_status, request_count,
                           vin_count, answer_bytes, data_user_id)
                   SELECT v.*, interface.data_user_id
                     FROM (VALUES %s) AS v(hour, interface_id, method, api_status,
                                           request_count, vin_count, answer_bytes)
                     LEFT JOIN recall_share_interface interface
                       ON interface.id = v.interface_id
                    WHERE v.interface_id IS NULL OR interface.id IS NOT NULL
                   ON CONFLICT (interface_id, hour, method, api_status) DO UPDATE
                      SET request_count = known.request_count + excluded.request_count,
                          vin_count = known.vin_count + excluded.vin_count,
                          answer_bytes = known.answer_bytes + excluded.answer_bytes""",
                SQL(", ").join(
                    SQL(
                        "(%s::timestamp, %s::int, %s, %s, %s, %s, %s::numeric)",
                        *row,
                    )
                    for row in rows
                ),
            )
        )
        self.invalidate_model()
        return self._read_used([key.interface_id for key in counts if key.interface_id])


def _to_time(seconds):
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def _hand_over(registry, counts):
    """Store counts in a transaction of their own; what fails is kept for later."""
    meter = meters[registry.db_name]
    try:
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            used = env["recall.share.usage"]._store_counts(counts)
    except Exception:  # the peer's answer does not depend on our counts
        meter.give_back(counts)
        _logger.warning("Usage is not stored yet; it is tried again", exc_info=True)
    else:
        meter.note_used(used.items())


@atexit.register
def _hand_over_the_rest():
    """A process that ends in order leaves no counts behind."""
    for name, meter in meters.items():
        if counts := meter.take(all_of_it=True):
            _hand_over(Registry(name), counts)
