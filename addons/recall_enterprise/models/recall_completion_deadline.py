# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.recall_base.models.guarded_many2one import GuardedMany2one
from odoo.addons.recall_base.tools import deadline

from .recall_completion import OWN

#: What keeps a report from arriving, in the order in which it is dealt with.
STUCK = [
    ("draft", "The dealer has not handed it in"),
    ("rejected", "Rejected: waits for a correction"),
    ("checked", "Waits for confirmation"),
    ("faulty", "Cannot be delivered: its phone number does not open"),
    ("confirmed", "Waits until the regulator asks"),
    ("sent", "Sent, the regulator has not acknowledged it"),
]


#: In the place of the report ``rejected`` stands another one for the vehicle, or one
#: under its own key that a reviewer has withdrawn: the rejected one is not owed.
REPLACED = SQL(
    """rejected.state = 'rejected' AND EXISTS (
           SELECT FROM recall_completion other
            WHERE other.vin = rejected.vin
              AND other.recall_number = rejected.recall_number
              AND other.producer_id = rejected.producer_id
              AND (other.state IN ('checked', 'confirmed')
                   OR (other.state = 'withdrawn'
                       AND other.repair_number = rejected.repair_number)))"""
)


class RecallCompletion(models.Model):
    """The limit of clause 7.3: in the management terminal by 24:00 of the next day.

    A report has arrived when the first delivery that carried it has. That is known
    from the delivery, so that an acknowledgement writes to late reports only. Owed are
    the reports that have not arrived: they are few, and one partial index finds them.
    """

    _inherit = "recall.completion"

    first_delivery_id = GuardedMany2one(
        "recall.delivery",
        string="First delivery",
        index="btree_not_null",
        ondelete="restrict",
        readonly=True,
        copy=False,
        help="The batch that carried the report's first version to the regulator.",
    )
    arrived_late = fields.Boolean(
        string="Delivered late",
        readonly=True,
        copy=False,
        help="Arrived after 24:00 of the day after the repair (clause 7.3).",
    )
    # Not stored: shown for the rows of one page, searched by the stored columns.
    deadline = fields.Datetime(
        string="Limit",
        compute="_compute_deadline",
        compute_sudo=True,  # dealers may not read the producer
        help="24:00 of the day after the repair, in the producer's time zone.",
    )
    lateness = fields.Selection(
        [
            ("due", "Due today"),
            ("late", "Late"),
            ("arrived_late", "Delivered late"),
        ],
        compute="_compute_lateness",
        search="_search_lateness",
    )
    stuck = fields.Selection(STUCK, string="Why", compute="_compute_stuck")

    _owed_idx = models.Index(
        "(producer_id, state, repair_date)"
        " WHERE first_delivery_id IS NULL AND state != 'withdrawn'"
        " AND (state != 'confirmed' OR confirmed_at IS NOT NULL)"
    )
    _arrived_late_idx = models.Index(
        "(producer_id, repair_date) WHERE arrived_late IS TRUE"
    )

    @api.depends("repair_date", "producer_id.timezone")
    def _compute_deadline(self):
        for report in self:
            report.deadline = report.repair_date and deadline.limit_of(
                report.repair_date, report.producer_id.timezone
            )

    @api.depends("repair_date", "state", "first_delivery_id", "arrived_late")
    def _compute_lateness(self):
        own = Domain("id", "in", self.ids)
        due = self.search(own & self._lateness_domain("due"))
        late = self.search(own & self._lateness_domain("late"))
        for report in self:
            if report in due:
                report.lateness = "due"
            elif report in late:
                report.lateness = "late"
            else:
                report.lateness = report.arrived_late and "arrived_late"

    def _search_lateness(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain.OR(self._lateness_domain(name) for name in value)

    @api.model
    def _lateness_domain(self, name):
        """Reports that are due today, late or were late, for any reader's clock."""
        if not name:
            return ~self._search_lateness("in", ["due", "late", "arrived_late"])
        if name == "arrived_late":
            return Domain("arrived_late", "=", True)
        return Domain.AND([self._owed_domain(), self._days_domain(name)])

    def _days_domain(self, name):
        """Repair days that are due today (``due``) or past their limit (``late``)."""
        operator = "=" if name == "due" else "<"
        now = fields.Datetime.now()
        # sudo: the clocks of all producers; the rules limit which reports are found.
        producers = self.env["recall.producer"].sudo().with_context(active_test=False)
        return Domain.OR(
            Domain("producer_id", "in", group.ids)
            & Domain("repair_date", operator, deadline.due_date(now, zone))
            for zone, group in producers.search([]).grouped("timezone").items()
        )

    @api.model
    def _owed_domain(self):
        """Reports that have not arrived and should."""
        # sudo: one delivery a producer may wait; the rules limit the reports found.
        waiting = (
            self.env["recall.delivery"]
            .sudo()
            .search([("mode", "=", "acknowledged"), ("acknowledged_at", "=", False)])
        )
        own = Domain("state", "!=", "confirmed") | Domain("confirmed_at", "!=", False)
        absent = (
            Domain("first_delivery_id", "=", False)
            & Domain("state", "!=", "withdrawn")
            & own
        )
        if waiting:
            absent |= Domain("first_delivery_id", "in", waiting.ids)
        replaced = Domain("id", "in", SQL("(%s)", self._replaced_rejections()))
        return absent & ~replaced

    @api.model
    def _replaced_rejections(self):
        """Query of rejected reports in whose place another one stands: not owed."""
        return SQL(
            """SELECT rejected.id FROM recall_completion rejected
                WHERE rejected.first_delivery_id IS NULL AND %s""",
            REPLACED,
        )

    @api.depends(
        "state", "confirmed_at", "first_delivery_id", "arrived_late", "fault_version"
    )
    def _compute_stuck(self):
        for report in self:
            # sudo: a dealer does not see deliveries, but why a report is stuck.
            first = report.sudo().first_delivery_id
            if first:
                report.stuck = not first.arrived_at and "sent"
            elif report.state == "confirmed":
                waits = "faulty" if report.undeliverable else "confirmed"
                report.stuck = report.confirmed_at and waits
            else:
                report.stuck = report.state != "withdrawn" and report.state

    @api.model
    def _count_owed(self, producers):
        """Count what has not arrived, by producer, reason and lateness.

        :returns: dict ``(producer id, reason)`` -> ``(due today, late, all)``
        """
        self.flush_model()
        if not producers:
            return {}
        self.env.cr.execute(
            SQL(
                """WITH today(producer_id, due) AS (VALUES %(days)s), owed AS (
                       SELECT producer_id, repair_date, state AS reason
                         FROM recall_completion
                        WHERE first_delivery_id IS NULL AND state != 'withdrawn'
                          AND %(own)s AND producer_id IN %(producers)s
                    UNION ALL
                       SELECT producer_id, repair_date, 'sent'
                         FROM recall_completion
                        WHERE first_delivery_id IN (
                              SELECT id FROM recall_delivery
                               WHERE mode = 'acknowledged' AND acknowledged_at IS NULL
                                 AND producer_id IN %(producers)s))
                SELECT producer_id, reason,
                       count(*) FILTER (WHERE repair_date = due),
                       count(*) FILTER (WHERE repair_date < due), count(*)
                  FROM owed JOIN today USING (producer_id) GROUP BY 1, 2""",
                days=self._due_days(producers),
                own=OWN,
                producers=tuple(producers.ids),
            )
        )
        counts = {(row[0], row[1]): row[2:] for row in self.env.cr.fetchall()}
        self._move_faulty(counts, producers)
        self._subtract_replaced(counts, producers)
        return counts

    def _due_days(self, producers):
        now = fields.Datetime.now()
        return SQL(", ").join(
            SQL("(%s, %s)", producer.id, deadline.due_date(now, producer.timezone))
            for producer in producers
        )

    def _move_faulty(self, counts, producers):
        """Count confirmed reports apart whose phone number does not open."""
        rows = self._count_days(
            SQL(
                """SELECT producer_id, repair_date FROM recall_completion
                    WHERE fault_version = version AND state = 'confirmed'
                      AND first_delivery_id IS NULL AND producer_id IN %s""",
                tuple(producers.ids),
            ),
            producers,
        )
        for producer_id, *numbers in rows:
            counts[producer_id, "faulty"] = tuple(numbers)
            self._subtract(counts, (producer_id, "confirmed"), numbers)

    def _subtract_replaced(self, counts, producers):
        rows = self._count_days(
            SQL(
                "SELECT producer_id, repair_date FROM recall_completion"
                " WHERE id IN (%s) AND producer_id IN %s",
                self._replaced_rejections(),
                tuple(producers.ids),
            ),
            producers,
        )
        for producer_id, *numbers in rows:
            self._subtract(counts, (producer_id, "rejected"), numbers)

    def _count_days(self, query, producers):
        self.env.cr.execute(
            SQL(
                """WITH today(producer_id, due) AS (VALUES %s), found AS (%s)
                SELECT producer_id, count(*) FILTER (WHERE repair_date = due),
                       count(*) FILTER (WHERE repair_date < due), count(*)
                  FROM found JOIN today USING (producer_id) GROUP BY 1""",
                self._due_days(producers),
                query,
            )
        )
        return self.env.cr.fetchall()

    @staticmethod
    def _subtract(counts, key, numbers):
        counts[key] = tuple(
            old - less for old, less in zip(counts[key], numbers, strict=True)
        )
