# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models


class RecallAuditEvent(models.Model):
    _inherit = "recall.audit.event"

    # How many vehicles an account looked up in the last hour: asked at each look-up.
    _look_up_idx = models.Index("(user_id, time) WHERE action = 'vehicle.look_up'")
