# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models

from ..tools import cipher


class RecallChecklist(models.AbstractModel):
    """First steps of a terminal, read from the records themselves.

    Core's ``onboarding`` remembers that a step was done; these open again when what
    they ask for goes.
    """

    _name = "recall.checklist"
    _description = "First steps of a terminal"

    def _make(self, *values):
        return self.env["recall.dashboard"]._step(*values)

    def _open(self, xml_id, **context):
        return self.env["recall.dashboard"]._open(xml_id, **context)

    def _form(self, model, **defaults):
        """Action that opens a new record with the right defaults."""
        return {
            "type": "ir.actions.act_window",
            "res_model": model,
            "views": [(False, "form")],
            "context": {f"default_{name}": value for name, value in defaults.items()},
        }

    def _exists(self, model, *domain):
        return bool(self.env[model].search_count([*domain], limit=1))

    def _step_keys(self):
        return self._make(
            "keys",
            self.env._("Provide the keys"),
            self.env._(
                "On the server, make a key file outside the database (README, Keys), "
                "name it in RECALL_KEY_FILE, restart, and keep a copy of it apart."
            ),
            self._has_keys(),
            self.env._("Check again"),
            None,
        )

    @staticmethod
    def _has_keys():
        try:
            cipher.KeyRing.from_environment()
        except cipher.KeyFileError:
            return False
        return True

    def _step_mail(self, action):
        # sudo: only whether there is one, which is nobody's secret.
        servers = self.env["ir.mail_server"].sudo()
        return self._make(
            "mail",
            self.env._("Connect a mail server"),
            self.env._(
                "Alarms and notices are sent by mail, and from then on every log-in of "
                "staff asks for a second factor: a code by mail, or of an app that the "
                "account sets up in its preferences. Before that, give the company and "
                "each account a mail address."
            ),
            servers.search_count([], limit=1),
            self.env._("Open the settings"),
            action if self.env.user.has_group("base.group_system") else None,
        )
