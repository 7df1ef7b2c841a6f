# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models


class RecallInterface(models.Model):
    """What sync requests tell of refused records, and what answers it (E-SYNC)."""

    _inherit = "recall.interface"

    def _note_refusals(self, request):
        """Keep what an authorised request tells in its optional member.

        :param request: ``tools.messages.SyncRequest``
        """
        self.env["recall.refusal"]._note(self.producer_id, request.api_refused)

    def _assign(self, delivery, ids):
        super()._assign(delivery, ids)
        self.env["recall.refusal"]._answer(ids)
