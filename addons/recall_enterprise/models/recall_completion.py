# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.recall_base.models.guarded_many2one import GuardedMany2one

CONFIRM_BATCH = 5000
#: A report of this terminal. Where the regulator's terminal shares the database, those
#: that it received are confirmed too, but not here: nobody here owes or delivers them.
OWN = SQL("(state != 'confirmed' OR confirmed_at IS NOT NULL)")
#: Goes to the regulator, once it asks: a report does with its phone number, which may
#: be erased once it was given.
_TRAVELS = (
    "state = 'confirmed' AND confirmed_at IS NOT NULL AND phone_sealed IS NOT NULL"
)
#: No delivery carries the present version yet.
DELIVERABLE = SQL(
    f"delivery_id IS NULL AND (({_TRAVELS}) OR (state = 'withdrawn' AND handed_out))"
)
#: The present version was never given, in whatever way.
UNGIVEN = SQL(f"{_TRAVELS} AND (synced_at IS NULL OR synced_at < changed_at)")


class RecallCompletion(models.Model):
    _inherit = "recall.completion"

    interface_id = GuardedMany2one(
        "recall.interface",
        string="Collected by",
        index="btree_not_null",
        ondelete="restrict",
        readonly=True,
        help="The collection interface the report came through.",
    )
    import_id = GuardedMany2one(
        "recall.import",
        string="Imported by",
        index="btree_not_null",
        ondelete="restrict",
        readonly=True,
        copy=False,
        help="The file import the report came through.",
    )
    record_key = fields.Char(
        string="Sender's record id", readonly=True, copy=False, help="recordId"
    )
    content_digest = fields.Char(
        readonly=True, copy=False, help="Tells a repeated report from an amended one."
    )
    confirmed_at = fields.Datetime(readonly=True, copy=False)
    changed_at = fields.Datetime(
        readonly=True, copy=False, help="Last confirmation, correction or withdrawal."
    )
    delivery_id = GuardedMany2one(
        "recall.delivery",
        index="btree_not_null",
        ondelete="restrict",
        readonly=True,
        copy=False,
        help="The batch that carries the present version to the regulator.",
    )
    handed_out = fields.Boolean(
        readonly=True, copy=False, help="Some version was in a delivery."
    )

    held_back = fields.Selection(
        [
            ("sample", "Sampled for review"),
            ("warning", "Has warnings"),
            ("review", "Was rejected by a reviewer before"),
        ],
        readonly=True,
        copy=False,
        groups="recall_enterprise.group_clerk",
        help="Why a reviewer looks at a report though no check refuses it. Dealers do "
        "not see it.",
    )
    reject_reason_id = GuardedMany2one(
        "recall.review.reason",
        string="Rejected by a reviewer",
        index="btree_not_null",
        readonly=True,
        copy=False,
        ondelete="restrict",
    )
    reject_note = fields.Char(string="Reviewer's words", readonly=True, copy=False)
    reject_digest = fields.Char(
        readonly=True,
        copy=False,
        export_string_translation=False,
        groups="base.group_system",
        help="What a reviewer rejected: the mere repeat of it stays rejected.",
    )
    event_ids = fields.One2many(
        "recall.completion.event",
        "completion_id",
        string="History",
        groups="recall_enterprise.group_reviewer",
    )

    _record_key_uniq = models.UniqueIndex(
        "(producer_id, record_key) WHERE record_key IS NOT NULL",
        "The producer has a report with this record id already.",
    )
    # Two batches side by side do not see each other's reports: the checks would pass
    # both. By the vehicle's id: half the size of its texts, and what passes has one.
    _vehicle_uniq = models.UniqueIndex(
        "(vehicle_id)"
        " WHERE state IN ('checked', 'confirmed') AND record_key IS NOT NULL",
        "The vehicle's repair was reported already.",
    )
    _deliverable_idx = models.Index(f"(producer_id, id) WHERE {DELIVERABLE.code}")
    _ungiven_idx = models.Index(f"(producer_id, id) WHERE {UNGIVEN.code}")
    _waiting_idx = models.Index("(id) WHERE state = 'checked'")
    _hand_rejected_idx = models.Index(
        "(recall_number, vin) WHERE reject_digest IS NOT NULL"
    )
    _changed_idx = models.Index("(producer_id, changed_at) WHERE state = 'confirmed'")

    def _confirm(self, where):
        """Confirm up to ``CONFIRM_BATCH`` reports that wait and close their vehicles.

        :param SQL where: condition on ``recall_completion``
        :returns: the reports confirmed
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                # Materialised: a sub-select could be run again and lock further rows.
                """WITH batch AS MATERIALIZED (
                       SELECT id FROM recall_completion WHERE state = 'checked' AND %s
                        ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
                   UPDATE recall_completion completion
                      SET state = 'confirmed', confirmed_at = now() AT TIME ZONE 'UTC',
                          changed_at = now() AT TIME ZONE 'UTC'
                     FROM batch WHERE completion.id = batch.id
                RETURNING completion.id""",
                where,
                CONFIRM_BATCH,
            )
        )
        ids = sorted(row[0] for row in self.env.cr.fetchall())
        self.invalidate_model()
        if ids:
            self._close_vehicles(SQL("completion.id IN %s", tuple(ids)))
            self.env["recall.audit.event"]._record(
                "completion.confirm",
                self.browse(ids[0]),
                count=len(ids),
                first=ids[0],
                last=ids[-1],
            )
        return self.browse(ids)

    def _cron_confirm(self):
        """Confirm, batch by batch, what the rules have passed and nobody looks at."""
        Cron = self.env["ir.cron"]
        producers = self.env["recall.producer"].search([("auto_confirm", "=", True)])
        waiting = [
            ("state", "=", "checked"),
            ("producer_id", "in", producers.ids),
            ("held_back", "=", False),
        ]
        Cron._commit_progress(remaining=self.search_count(waiting))
        where = SQL(
            "producer_id IN %s AND held_back IS NULL", tuple(producers.ids or [0])
        )
        while confirmed := self._confirm(where):
            if not Cron._commit_progress(len(confirmed)):
                break
