# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models


class IrModuleModule(models.Model):
    _inherit = "ir.module.module"

    def _get_kept_modules(self):
        # Deliveries, and when a report was confirmed and handed over.
        return super()._get_kept_modules() | {"recall_enterprise"}
