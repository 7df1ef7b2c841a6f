# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.recall_base.tools import deadline

#: Clause 9.1 c: the annual downtime does not exceed 3 % of the year.
TARGET = 97.0
COUNTERS = (
    "cycles",
    "failed",
    "observed",
    "down",
    "requests",
    "seconds_sum",
    "seconds_max",
    "records",
    "refused",
)
#: Those that are no whole numbers: PostgreSQL must not take a first 0 for one.
TIMES = ("observed", "down", "seconds_sum", "seconds_max")


class RecallAvailabilityDay(models.Model):
    """Availability and response times of one terminal on one day (M-MONITOR).

    Kept by the transaction that stores an answer, which holds the terminal's row: no
    two of them meet here, and nothing ever counts the exchanges.

    Availability is the share of the observed time that a terminal was up. A cycle
    stands for the time since the cycle before; it is down time when the cycle failed.
    """

    _name = "recall.availability.day"
    _description = "Availability of a terminal on a day"
    _audited = frozenset()
    _order = "day desc, enterprise_id"
    _rec_name = "day"
    _log_access = False

    enterprise_id = fields.Many2one(
        "recall.enterprise",
        string="Terminal",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    day = fields.Date(required=True, readonly=True, help="In the producer's time zone.")
    cycles = fields.Integer(readonly=True)
    failed = fields.Integer(string="Failed cycles", readonly=True)
    observed = fields.Float(
        string="Observed (s)", readonly=True, help="Time that the cycles stand for."
    )
    down = fields.Float(string="Down (s)", readonly=True)
    requests = fields.Integer(string="Answers", readonly=True)
    seconds_sum = fields.Float(string="Answering (s)", readonly=True)
    seconds_max = fields.Float(
        string="Slowest answer (s)", readonly=True, aggregator="max"
    )
    records = fields.Integer(string="New records", readonly=True)
    refused = fields.Integer(string="Records in quarantine", readonly=True)
    availability = fields.Float(
        string="Availability (%)", readonly=True, aggregator="avg", digits=(5, 2)
    )
    seconds_avg = fields.Float(
        string="Response time (s)", readonly=True, aggregator="avg", digits=(8, 3)
    )

    _day_uniq = models.UniqueIndex("(enterprise_id, day)")
    _day_idx = models.Index("(day)")

    @api.model
    def _add(self, enterprise, **amounts):
        """Add to today's counters of a terminal, whose row the caller has locked.

        :param amounts: of ``COUNTERS``; of ``seconds_max`` the larger one stays
        """
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_availability_day AS kept (
                          enterprise_id, day, cycles, failed, observed, down, requests,
                          seconds_sum, seconds_max, records, refused, availability,
                          seconds_avg)
                   SELECT added.*, 100 * (1 - down / nullif(observed, 0)),
                          seconds_sum / nullif(requests, 0)
                     FROM (VALUES (%s)) AS added (
                          enterprise_id, day, cycles, failed, observed, down, requests,
                          seconds_sum, seconds_max, records, refused)
                   ON CONFLICT (enterprise_id, day) DO UPDATE
                      SET cycles = kept.cycles + excluded.cycles,
                          failed = kept.failed + excluded.failed,
                          observed = kept.observed + excluded.observed,
                          down = kept.down + excluded.down,
                          requests = kept.requests + excluded.requests,
                          seconds_sum = kept.seconds_sum + excluded.seconds_sum,
                          seconds_max = greatest(
                              kept.seconds_max, excluded.seconds_max),
                          records = kept.records + excluded.records,
                          refused = kept.refused + excluded.refused,
                          availability = 100 * (
                              1 - (kept.down + excluded.down)
                                  / nullif(kept.observed + excluded.observed, 0)),
                          seconds_avg = (kept.seconds_sum + excluded.seconds_sum)
                              / nullif(kept.requests + excluded.requests, 0)""",
                SQL(", ").join(
                    SQL("%s", value)
                    for value in (
                        enterprise.id,
                        deadline.today(enterprise.producer_id.timezone),
                        *(
                            float(amounts.get(name, 0))
                            if name in TIMES
                            else amounts.get(name, 0)
                            for name in COUNTERS
                        ),
                    )
                ),
            )
        )
        self.invalidate_model()

    @api.model
    def _get_availability(self, enterprises, days):
        """Availability over the last days, in percent.

        :returns: dict ``recall.enterprise`` -> percent; who was not asked is not in it
        """
        since = fields.Date.today() - timedelta(days=days)
        groups = self._read_group(
            [("enterprise_id", "in", enterprises.ids), ("day", ">", since)],
            ["enterprise_id"],
            ["observed:sum", "down:sum"],
        )
        return {
            enterprise: 100 * (1 - down / observed)
            for enterprise, observed, down in groups
            if observed
        }
