# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models
from odoo.fields import Domain


class RecallEnterpriseDashboard(models.AbstractModel):
    _inherit = "recall.enterprise.dashboard"

    def _prepare_tiles(self, producers, chosen):
        """Extension: alarms about both logs, while there are any."""
        tiles = super()._prepare_tiles(producers, chosen)
        witness = self._tile_witness(producers, chosen)
        alarms = [witness] if witness and witness["value"] else []
        return [*tiles, *self._tiles_log(), *alarms]

    def _tile_witness(self, producers, chosen):
        if not self.env["recall.witness"].has_access("read"):
            return None
        alarms = Domain("verdict", "!=", "fits") & Domain("acknowledged_id", "=", False)
        return self._count_tile(
            "witness",
            self.env._("Regulator's log differs"),
            "recall.witness",
            alarms & Domain("producer_id", "in", producers.ids),
            chosen,
            hint=self.env._("keep the checkpoints, ask the regulator"),
            level="danger",
        )
