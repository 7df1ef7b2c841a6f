# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models

from .recall_incident_mail import ADDRESSES


class RecallTodayChecklist(models.AbstractModel):
    """The first steps of the regulator, read from the records themselves."""

    _name = "recall.today.checklist"
    _inherit = "recall.checklist"
    _description = "First steps of the management terminal"

    def _prepare_steps(self):
        """List of ``recall.dashboard._step``, in the order in which to do them."""
        return [
            self._step_keys(),
            self._step_mail(self._open_settings()),
            self._step_operator(),
            self._step_producer(),
            self._step_plan(),
            self._step_filing(),
            self._step_terminal(),
            self._step_asked(),
        ]

    def _open_settings(self):
        """Settings, for an account that may open them."""
        if not self.env.user.has_group("base.group_system"):
            return None
        return self._open("recall_management.res_config_settings_action")

    def _step_operator(self):
        # sudo: parameters are hidden from every role but the system's.
        parameters = self.env["ir.config_parameter"].sudo()
        return self._make(
            "operator",
            self.env._("Name the operator"),
            self.env._("Who is told when a terminal fails, by mail, day and night."),
            parameters.get_param(ADDRESSES),
            self.env._("Open the settings"),
            self._open_settings(),
        )

    def _step_producer(self):
        return self._make(
            "producer",
            self.env._("Enter the first producer"),
            self.env._(
                "Type its name as it stands in the announcements, and whom to tell of "
                "faults: the technical contact."
            ),
            self._exists("recall.producer"),
            self.env._("Enter a producer"),
            self._form("recall.producer"),
        )

    def _step_plan(self):
        return self._make(
            "plan",
            self.env._("Bring the first plans in"),
            self.env._(
                "Upload the filed plans with their VIN lists: the vehicles that the "
                "recalls concern."
            ),
            self._exists("recall.plan", ("vehicle_count", ">", 0)),
            self.env._("Import plans"),
            self._open("recall_base.recall_import_action_plans"),
        )

    def _step_filing(self):
        return self._make(
            "filing",
            self.env._("Open the interface for the filing system"),
            self.env._(
                "The recall information management system hands plans over by itself: "
                "name it, open an interface, and give it the token."
            ),
            self._exists("recall.plan.interface"),
            self.env._("Filing systems"),
            self._open("recall_management.recall_filing_system_action"),
        )

    def _step_terminal(self):
        return self._make(
            "terminal",
            self.env._("Connect the first terminal"),
            self.env._(
                "Enter the address, the interface name and the token that the producer "
                "has given."
            ),
            self._exists("recall.enterprise"),
            self.env._("Connect a terminal"),
            self._form("recall.enterprise"),
        )

    def _step_asked(self):
        return self._make(
            "asked",
            self.env._("See the first answer"),
            self.env._(
                "The terminal is asked within minutes. What went wrong stands with the "
                "terminal in plain words."
            ),
            self._exists("recall.enterprise", ("last_success_at", "!=", False)),
            self.env._("See the terminals"),
            self._open("recall_management.recall_enterprise_action"),
        )
