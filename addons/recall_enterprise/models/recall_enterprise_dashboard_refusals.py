# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models


class RecallEnterpriseDashboard(models.AbstractModel):
    _inherit = "recall.enterprise.dashboard"

    def _prepare_tiles(self, producers, chosen):
        refused = self.env["recall.refusal"].search_count(
            [("producer_id", "in", producers.ids), ("state", "=", "open")]
        )
        return [
            *super()._prepare_tiles(producers, chosen),
            self._tile(
                "refused",
                self.env._("Refused by the regulator"),
                refused,
                self._open(
                    "recall_enterprise.recall_refusal_action",
                    chosen=chosen,
                    search_default_open=1,
                ),
                hint=self.env._("correct and send again"),
                level="danger",
            ),
        ]
