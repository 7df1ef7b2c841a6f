# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models
from odoo.tools import SQL


class IrCron(models.Model):
    """Scheduled actions go on after a clock that was ahead has been put back."""

    _inherit = "ir.cron"

    def _register_hook(self):
        """Extension: done whenever a server starts."""
        super()._register_hook()
        self._plan_anew()

    @api.model
    def _plan_anew(self):
        """Make actions due whose last run lies in the future.

        The clock was ahead then, and so is their next run: they would stand still until
        the time has caught up.
        """
        self.env.cr.execute(
            SQL(
                """UPDATE ir_cron SET nextcall = %(now)s, lastcall = %(now)s
                    WHERE id IN (SELECT id FROM ir_cron
                                  WHERE lastcall > %(now)s + interval '1 minute'
                                    FOR NO KEY UPDATE SKIP LOCKED)""",
                now=self.env.cr.now().replace(microsecond=0),
            )
        )
        self.invalidate_model(["nextcall", "lastcall"])
