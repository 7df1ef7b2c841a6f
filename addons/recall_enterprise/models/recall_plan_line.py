# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models
from odoo.exceptions import UserError


class RecallPlanLine(models.Model):
    """Lines that notice rounds are limited to stay: without them all would be told."""

    _inherit = "recall.plan.line"

    def _filter_in_use(self):
        """Override of `recall_base` to keep the lines of notice rounds."""
        return super()._filter_in_use() | self._filter_with_rounds()

    @api.ondelete(at_uninstall=False)
    def _unlink_without_rounds(self):
        if kept := self._filter_with_rounds():
            raise UserError(
                self.env._(
                    "A round of owner notices is limited to the product line "
                    "%(line)s: it cannot be deleted. Take it out of the round first.",
                    line=kept[0].display_name,
                )
            )

    def _filter_with_rounds(self):
        # sudo: whoever files a plan need not see its rounds.
        rounds = self.env["recall.notice.round"].sudo()
        lines = rounds.search([("line_ids", "in", self.ids)]).line_ids
        return self & self.browse(lines.ids)
