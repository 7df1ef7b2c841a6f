# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, models

#: So long entries may wait for their seal, and seals for a checkpoint.
SEALING_LIMIT = timedelta(minutes=15)


class RecallAuditSeal(models.AbstractModel):
    """Whether the sealer keeps up; the stop of ``recall.hashed.mixin`` follows it."""

    _inherit = "recall.audit.seal"

    @api.model
    def _get_lag(self):
        """Seconds that the log has waited for a seal or for a signed checkpoint."""
        self.env["recall.audit.event"].flush_model()
        self.env.cr.execute(
            """SELECT extract(epoch FROM clock_timestamp() - least(
                          recall_audit_behind_since(),
                          (SELECT sealed_at FROM recall_audit_seal
                            WHERE sequence > coalesce(
                                  (SELECT max(size) FROM recall_audit_checkpoint), 0)
                            ORDER BY sequence LIMIT 1)))"""
        )
        return max(float(self.env.cr.fetchone()[0] or 0), 0.0)

    @api.model
    def _find_troubles(self):
        """What is to be told: "unsealed", and "tampered" by the last verification.

        The latter is told to whoever may read verifications.
        """
        troubles = ["unsealed"] if self._is_behind() else []
        Verification = self.env["recall.audit.verification"]
        if not Verification.has_access("read"):
            return troubles
        verified = Verification.search(
            [("state", "in", ("unbroken", "broken"))], limit=1
        )
        return [*troubles, "tampered"] if verified.state == "broken" else troubles

    @api.model
    def _is_behind(self):
        """Whether the log has waited too long: that is to be told."""
        return self._get_lag() > SEALING_LIMIT.total_seconds()
