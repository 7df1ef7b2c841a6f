# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models
from odoo.fields import Domain


class RecallEnterpriseDashboard(models.AbstractModel):
    _inherit = "recall.enterprise.dashboard"

    def _prepare_tiles(self, producers, chosen):
        """Extension: alarms about both logs, while there are any."""
        tiles = super()._prepare_tiles(producers, chosen)
        alarms = [self._tile_log(), self._tile_witness(producers, chosen)]
        return [*tiles, *(tile for tile in alarms if tile and tile["value"])]

    def _tile_log(self):
        """What is wrong with the log; that it is not sealed, everybody is told: after
        some hours nothing can be written any more.
        """
        Seal = self.env["recall.audit.seal"]
        reads = self.env["recall.audit.verification"].has_access("read")
        if reads:
            troubles = Seal._find_troubles()
        else:
            troubles = ["unsealed"] if Seal._is_behind() else []
        hints = {
            "unsealed": self.env._("not sealed: see that scheduled actions run"),
            "tampered": self.env._("it differs: open the last verification"),
        }
        return self._tile(
            "log",
            self.env._("Own operation log"),
            len(troubles),
            reads and self._open("recall_base.recall_audit_verification_action"),
            hint=", ".join(hints[trouble] for trouble in troubles),
            level="danger",
        )

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
