# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models

#: Field of the interface -> member of the record that it grants (annex A no. 13 to 16).
GRANTED_CONTENTS = {
    "share_repair_date": "recallTime",
    "share_repair_number": "repairNum",
    "share_dealer": "dealerName",
    "share_phone": "telNum",
}
#: Field of the interface -> method that it grants; one VIN may always be asked.
GRANTED_METHODS = {
    "allow_many": "many",
    "allow_changes": "changes",
    "allow_export": "export",
}
QUOTAS = ("quota_day", "quota_burst")


class RecallShareTermsMixin(models.AbstractModel):
    """What may be asked of the sharing interface, beyond one VIN and clause 8.2.

    An application wishes it, a decision grants it, an interface keeps what was granted.
    """

    _name = "recall.share.terms.mixin"
    _description = "Terms of sharing"
    _audit_plain = {"phone_basis"}

    share_repair_date = fields.Boolean(
        string="Repair date", help="Grants the member recallTime."
    )
    share_repair_number = fields.Boolean(
        string="Repair record number", help="Grants the member repairNum."
    )
    share_dealer = fields.Boolean(string="Dealer", help="Grants the member dealerName.")
    share_phone = fields.Boolean(
        string="Contact phone",
        help="Grants the member telNum: personal data, on a legal basis only. Each "
        "answer that holds phone numbers is in the operation log.",
    )
    phone_basis = fields.Text(
        string="Legal basis for the phone number",
        help="Law or court order that lets this data user have phone numbers.",
    )
    allow_many = fields.Boolean(
        string="Many VINs", help="Up to 10,000 VINs in one request."
    )
    allow_changes = fields.Boolean(
        string="Changes", help="All vehicles, and then those that changed since."
    )
    allow_export = fields.Boolean(
        string="Export files", help="The complete data as files."
    )
    quota_day = fields.Integer(
        string="VINs a day",
        default=10_000,
        required=True,
        help="What comes more on a day (UTC) is answered 429.",
    )
    quota_burst = fields.Integer(
        string="Requests in 10 seconds",
        default=200,
        required=True,
        help="What comes more is answered 429.",
    )

    _quota_positive = models.Constraint(
        "CHECK(quota_day > 0 AND quota_burst > 0)",
        "A quota is at least 1. Close the interface to allow nothing.",
    )

    @api.model
    def _get_term_names(self):
        return (*GRANTED_CONTENTS, *GRANTED_METHODS, *QUOTAS)

    def _get_terms(self):
        """Contents, methods and quotas, to be written to another record of terms."""
        self.ensure_one()
        return {name: self[name] for name in self._get_term_names()}

    def _describe_terms(self):
        """Labels of the contents and methods that are granted, for people."""
        self.ensure_one()
        granted = [*GRANTED_CONTENTS, *GRANTED_METHODS]
        labels = self.fields_get(granted, ["string"])
        return [labels[name]["string"] for name in granted if self[name]]
