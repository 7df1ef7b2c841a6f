# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import cipher
from ..tools.notification import notify
from ..tools.phone import mask_phone
from .guarded_many2one import GuardedMany2one
from .person_mixin import PHONE, VIN
from .sealed_mixin import YEAR


class RecallCompletion(models.Model):
    """One repair report for one vehicle (annex A, elements 5 and 12 to 17).

    Up to 100 million rows: no chatter, no computed fields. The natural key is recall
    number, VIN and repair record number. What a report says is kept as it was said
    (texts), beside the records it was matched with (plan, vehicle, dealer).
    """

    _name = "recall.completion"
    _inherit = [
        *("recall.legacy.vin.mixin", "recall.hashed.mixin"),
        *("recall.person.mixin", "recall.sealed.mixin"),
    ]
    _description = "Repair report"
    _order = "id desc"
    _rec_name = "repair_number"
    _rec_names_search = ["vin", "repair_number", "recall_number"]
    _hashed = (
        *("state", "producer_id", "recall_number", "vin", "repair_date"),
        *("repair_number", "dealer_name", "phone_digest", "version"),
    )
    _sealed = {"phone_sealed": YEAR}
    _person_keys = {PHONE: "phone_digest", VIN: "vin"}
    _personal_columns = ("phone_sealed", "phone_digest", "phone_masked")

    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("checked", "To confirm"),
            ("rejected", "Rejected"),
            ("confirmed", "Confirmed"),
            ("withdrawn", "Withdrawn"),
        ],
        default="draft",
        required=True,
        readonly=True,
    )
    # Its index is the first column of several ones below.
    producer_id = GuardedMany2one("recall.producer", required=True, ondelete="restrict")
    recall_number = fields.Char(required=True)
    vin = fields.Char(string="VIN", required=True)
    repair_date = fields.Date(required=True)
    repair_number = fields.Char(string="Repair record number", required=True)
    dealer_name = fields.Char(string="Dealer as reported", required=True)
    phone_sealed = fields.Char(groups="base.group_system", copy=False)
    phone_digest = fields.Char(groups="base.group_system", copy=False)
    phone_masked = fields.Char(string="Contact phone", readonly=True, copy=False)
    part_numbers = fields.Char(string="Parts used", help="Separated by commas.")
    reported_measure = fields.Char(string="Measure as reported")
    synced_at = fields.Datetime(
        string="Synchronised at",
        readonly=True,
        help="When the enterprise terminal handed the record over (annex A, 17).",
    )
    version = fields.Integer(
        default=1, readonly=True, help="Counts the corrections of this record."
    )
    plan_id = GuardedMany2one(
        "recall.plan", index="btree_not_null", ondelete="restrict"
    )
    vehicle_id = GuardedMany2one(
        "recall.vehicle", index="btree_not_null", ondelete="restrict"
    )
    dealer_id = GuardedMany2one("recall.dealer", ondelete="restrict")
    finding_ids = fields.Many2many("recall.finding", string="Findings")

    # Holds those that may repeat as well, under their own ids: look-ups by VIN need
    # no second index.
    _natural_key_uniq = models.UniqueIndex(
        "(vin, recall_number, repair_number,"
        " (CASE WHEN state IN ('draft', 'rejected') THEN id ELSE 0 END))",
        "This repair was reported already: same recall, VIN and repair record number.",
    )
    # Serves dealers' lists, and counts a dealer's repairs of a day.
    _dealer_day_idx = models.Index(
        "(dealer_id, repair_date, state) WHERE dealer_id IS NOT NULL"
    )
    _repair_number_idx = models.Index("(producer_id, repair_number)")

    @api.model
    def _phone_context(self, recall_number, vin, repair_number):
        """What a sealed phone number is bound to: it opens in no other record."""
        return f"recall.completion:phone:{recall_number}|{vin}|{repair_number}"

    def _get_seal_context(self, column):
        return self._phone_context(self.recall_number, self.vin, self.repair_number)

    def _prepare_digests(self, keys, column, text):
        return {"phone_digest": keys.blind(text)}

    @api.model
    def _prepare_phone(self, phone, *natural_key, keys=None):
        """Seal a phone number for storage.

        :param keys: ``tools.cipher.KeyRing``, where there are many to seal
        :returns: ``(sealed, keyed digest for comparison, masked)``
        """
        keys = keys or cipher.KeyRing.from_environment()
        return (
            keys.seal(phone, self._phone_context(*natural_key)),
            keys.blind(phone),
            mask_phone(phone),
        )

    def _open_phone(self):
        """Return the phone number in clear. The caller answers for who sees it."""
        self.ensure_one()
        # sudo: the sealed text is hidden from every role; callers check their own.
        sealed = self.sudo().phone_sealed
        context = self._get_seal_context("phone_sealed")
        return cipher.KeyRing.from_environment().open(sealed, context)

    def action_reveal_phone(self):
        """Show the phone number to a reader of personal data, and log it."""
        self.ensure_one()
        self._check_personal_reader(
            self.env._("Only readers of personal data may see a phone number.")
        )
        self.env["recall.audit.event"]._record("completion.reveal_phone", self)
        return notify(
            self._open_for_reader(self._open_phone),
            kind="info",
            title=self.env._("Contact phone"),
        )

    @api.model
    def _close_vehicles(self, where):
        """Mark vehicles as done whose report is confirmed.

        :param SQL where: condition on ``recall_completion completion``
        :returns: number of vehicles that were open
        """
        self.flush_model()
        return self.env["recall.vehicle"]._move(
            SQL(
                """SELECT DISTINCT ON (vehicle_id) vehicle_id, 'done' AS state,
                          repair_date AS state_date
                     FROM recall_completion completion
                    WHERE state = 'confirmed' AND vehicle_id IS NOT NULL AND %s
                    ORDER BY vehicle_id, repair_date, id""",
                where,
            ),
            allowed_from=("open", "unreachable"),
        )

    @api.model
    def _redate_vehicles(self, where):
        """Give done vehicles the repair day of their corrected report.

        :param SQL where: condition on ``recall_completion completion``
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """UPDATE recall_vehicle vehicle SET state_date = completion.repair_date
                     FROM recall_completion completion
                    WHERE completion.vehicle_id = vehicle.id
                      AND completion.state = 'confirmed' AND vehicle.state = 'done'
                      AND vehicle.state_date != completion.repair_date AND %s""",
                where,
            )
        )
        self.env["recall.vehicle"].invalidate_model(["state_date"])

    @api.model
    def _reopen_vehicles(self, where):
        """Open vehicles again whose only confirmed report was withdrawn.

        :param SQL where: condition on ``recall_completion completion``
        :returns: number of vehicles opened
        """
        self.flush_model()
        return self.env["recall.vehicle"]._move(
            SQL(
                """SELECT DISTINCT vehicle_id, 'open' AS state, NULL::date AS state_date
                     FROM recall_completion completion
                    WHERE state = 'withdrawn' AND vehicle_id IS NOT NULL AND %s
                      AND NOT EXISTS (SELECT 1 FROM recall_completion other
                           WHERE other.vehicle_id = completion.vehicle_id
                             AND other.state = 'confirmed')""",
                where,
            ),
            allowed_from=("done",),
        )
