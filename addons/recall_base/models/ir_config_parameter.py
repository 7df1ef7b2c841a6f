# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models


class IrConfigParameter(models.Model):
    _inherit = "ir.config_parameter"

    def _audit_value(self, name, hidden):
        # Others keep secrets there; ours do not, and an auditor reads what was set.
        if name == "value" and not self.key.startswith("recall"):
            hidden = True
        return super()._audit_value(name, hidden)
