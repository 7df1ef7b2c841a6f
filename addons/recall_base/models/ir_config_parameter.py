# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models


class IrConfigParameter(models.Model):
    _inherit = "ir.config_parameter"

    def _audit_value(self, name, hidden):
        if name == "value":
            # Others keep secrets there. Ours do not: an auditor reads what was set.
            hidden = not self.key.startswith("recall") or "@" in (self.value or "")
        return super()._audit_value(name, hidden)
