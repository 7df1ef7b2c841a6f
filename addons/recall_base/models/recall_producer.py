# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallProducer(models.Model):
    """A vehicle producer: the party that is responsible for a recall."""

    _name = "recall.producer"
    _inherit = ["recall.hashed.mixin"]
    _description = "Vehicle producer"
    _order = "name"
    _hashed = ("name", "hotline")

    name = fields.Char(required=True, help="Name as printed in the announcement.")
    active = fields.Boolean(default=True)
    wmi_ids = fields.One2many("recall.wmi", "producer_id", string="WMIs")
    plan_ids = fields.One2many("recall.plan", "producer_id", string="Recall plans")
    dealer_ids = fields.One2many("recall.dealer", "producer_id", string="Dealers")
    token_ids = fields.One2many(
        "recall.token",
        "producer_id",
        string="Tokens",
        groups="recall_base.group_keeper",
    )
    technical_contact_id = fields.Many2one(
        "res.partner",
        help="Is told of interface faults by mail.",
    )
    hotline = fields.Char(help="Telephone number that owners are asked to call.")
    timezone = fields.Selection(
        selection=lambda self: self.env["res.partner"]._fields["tz"].selection,
        default="Asia/Shanghai",
        required=True,
        help="Zone in which the 24:00 of clause 7.3 is counted.",
    )

    _name_uniq = models.Constraint(
        "UNIQUE(name)", "Another producer has this name already."
    )

    def _get_or_create(self, names):
        """Find producers by exact name, creating the missing ones.

        :param names: iterable of producer names
        :returns: dict name -> ``recall.producer`` record
        """
        wanted = set(names)
        found = self.with_context(active_test=False).search(
            [("name", "in", list(wanted))]
        )
        missing = wanted - set(found.mapped("name"))
        found |= self.create([{"name": name} for name in sorted(missing)])
        return {producer.name: producer for producer in found}

    def _add_dealers(self, dealers):
        """Add the dealers of a filing that the producer does not have yet.

        :param dealers: list of ``tools.messages`` plan dealers
        """
        self.ensure_one()
        known = set(self.with_context(active_test=False).dealer_ids.mapped("name"))
        fresh = {dealer.dealerName: dealer for dealer in dealers}
        self.env["recall.dealer"].create(
            [
                {
                    "producer_id": self.id,
                    "name": name,
                    "code": dealer.dealerCode,
                    "region": dealer.region,
                }
                for name, dealer in fresh.items()
                if name not in known
            ]
        )
