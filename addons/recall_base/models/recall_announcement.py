# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models


class RecallAnnouncement(models.Model):
    """What the regulator or a producer made public; it can hold several recalls."""

    _name = "recall.announcement"
    _description = "Recall announcement"
    _order = "date desc, number desc"
    _rec_name = "number"
    _rec_names_search = ["number", "title"]

    number = fields.Char(
        required=True, help="As printed on the announcement, e.g. 2025年第12号."
    )
    title = fields.Char()
    date = fields.Date()
    url = fields.Char(string="Page")
    plan_ids = fields.One2many(
        "recall.plan", "announcement_id", string="Recall plans", readonly=True
    )
    plan_count = fields.Integer(string="Recalls", compute="_compute_plan_count")

    _number_uniq = models.Constraint(
        "UNIQUE(number)", "An announcement with this number exists already."
    )

    @api.depends("plan_ids")
    def _compute_plan_count(self):
        counts = dict(
            self.env["recall.plan"]._read_group(
                [("announcement_id", "in", self.ids)], ["announcement_id"], ["__count"]
            )
        )
        for announcement in self:
            announcement.plan_count = counts.get(announcement, 0)

    @api.depends("number", "title")
    def _compute_display_name(self):
        for announcement in self:
            announcement.display_name = " ".join(
                filter(None, (announcement.number, announcement.title))
            )

    @api.model
    def _get_or_create(self, message):
        """The announcement that a filing names, brought in line with it.

        :param message: ``tools.plan_messages.PlanAnnouncement`` or None
        """
        if not message:
            return self
        given = {
            "title": message.title,
            "date": fields.Date.to_date(message.date),
            "url": message.url,
        }
        vals = {name: value for name, value in given.items() if value}
        found = self.search([("number", "=", message.number)])
        if not found:
            return self.create({"number": message.number, **vals})
        changed = {name: value for name, value in vals.items() if found[name] != value}
        if changed:
            found.write(changed)
        return found
