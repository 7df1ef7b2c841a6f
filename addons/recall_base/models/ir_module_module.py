# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models
from odoo.exceptions import UserError


class IrModuleModule(models.Model):
    _inherit = "ir.module.module"

    def button_uninstall(self):
        """Refuse to drop tables and columns of reports that must be kept (7.4).

        Not in an uninstall hook: one that refuses would leave a database that cannot
        be loaded.
        """
        removed = self | self.downstream_dependencies()
        lost = self._get_kept_modules() & set(removed.mapped("name"))
        if lost and self.env["recall.completion"]._has_kept():
            raise UserError(
                self.env._(
                    "This database holds confirmed repair reports, which must be kept "
                    "for at least 10 years (GB/T 41047-2021, 7.4). Uninstalling "
                    "%(modules)s would delete them or what is known of them, so it is "
                    "refused.",
                    modules=", ".join(sorted(lost)),
                )
            )
        return super().button_uninstall()

    def write(self, vals):
        """Log what is installed, upgraded and uninstalled: asked for, and done."""
        before = {module.id: module.state for module in self}
        done = super().write(vals)
        if vals.get("state") and not self._removes_log(vals):
            self._log_states(before)
        return done

    def _removes_log(self, vals):
        return vals["state"] == "uninstalled" and "recall_base" in self.mapped("name")

    def _log_states(self, before):
        for module in self:
            if before[module.id] != module.state:
                self.env["recall.audit.event"]._record(
                    "module.state",
                    module,
                    name=module.name,
                    version=module.latest_version or None,
                    before=before[module.id],
                    after=module.state,
                )

    def _get_kept_modules(self):
        """Names of the add-ons whose tables or columns hold data that must be kept."""
        return {"recall_base"}
