# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallProducer(models.Model):
    _inherit = "recall.producer"

    public_url = fields.Char(
        string="Public recall page",
        help="Where owners look up their vehicle, e.g. the regulator's page. Notices "
        "name it and letters show it as a QR code.",
    )

    _public_url_form = models.Constraint(
        "CHECK(public_url ~ '^https://[^[:space:]]+$')",
        "The address of the public recall page begins with https:// and has no blanks.",
    )
