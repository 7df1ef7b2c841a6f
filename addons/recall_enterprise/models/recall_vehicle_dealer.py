# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL


class RecallVehicle(models.Model):
    _inherit = "recall.vehicle"

    responsible_dealer_id = fields.Many2one(
        "recall.dealer",
        string="Responsible dealer",
        index="btree_not_null",
        readonly=True,
        ondelete="set null",
        help="Dealer that is to see to this vehicle. The repair report names the one "
        "that did the work.",
    )

    @api.depends("vin")
    @api.depends_context("uid")
    def _compute_display_name(self):
        """Override to hide VINs from dealers: a reference shows its name to anyone.

        Whoever may create a record can have a form name any vehicle by its id, and
        could list them all by counting up.
        """
        super()._compute_display_name()
        if self.env["recall.desk"]._is_at_desk():
            self.display_name = False

    def _assign_dealer(self, dealer, keep_assigned=False):
        """Make a dealer responsible for these vehicles.

        :param keep_assigned: leave vehicles alone that have a responsible dealer
        :returns: number of vehicles that changed
        """
        self.check_access("read")
        dealer.check_access("read")
        if not (
            self.env.su or self.env.user.has_group("recall_enterprise.group_clerk")
        ):
            raise AccessError(
                self.env._("Only clerks may say which dealer sees to a vehicle.")
            )
        if self.plan_id.producer_id - dealer.producer_id:
            raise UserError(
                self.env._(
                    "%(dealer)s is no dealer of the producer of all these vehicles.",
                    dealer=dealer.name,
                )
            )
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                """UPDATE recall_vehicle SET responsible_dealer_id = %(dealer)s
                    WHERE id IN %(ids)s
                      AND responsible_dealer_id IS DISTINCT FROM %(dealer)s
                      AND (responsible_dealer_id IS NULL OR NOT %(keep)s)""",
                dealer=dealer.id,
                ids=tuple(self.ids or [0]),
                keep=keep_assigned,
            )
        )
        changed = self.env.cr.rowcount
        self.invalidate_recordset(["responsible_dealer_id"], flush=False)
        if changed:
            self.env["recall.audit.event"]._record(
                "vehicle.assign_dealer", self, dealer=dealer.id, count=changed
            )
        return changed
