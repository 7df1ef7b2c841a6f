# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models


class RecallEnterpriseChecklist(models.AbstractModel):
    """The first steps: from nothing to the first accepted synchronisation."""

    _name = "recall.enterprise.checklist"
    _inherit = "recall.checklist"
    _description = "First steps of the enterprise terminal"

    def _prepare_steps(self, producers):
        """List of ``recall.dashboard._step``, in the order in which to do them."""
        # The newest one: a second producer is set up like the first.
        producer = producers[:1]
        return [
            self._step_producer(producers),
            self._step_keys(),
            self._step_plan(producers),
            self._step_dealers(producers, producer),
            self._step_interface(producers, producer),
            self._step_token(producers),
            self._step_collection(producers, producer),
            self._step_confirmed(producers),
            self._step_acknowledged(producers),
            self._step_mail(self._open("base.action_ir_mail_server_list")),
        ]

    def _step_producer(self, producers):
        return self._make(
            "producer",
            self.env._("Enter the producer"),
            self.env._("Type its name as it stands in the recall announcements."),
            producers,
            self.env._("Enter the producer"),
            self._form("recall.producer"),
        )

    def _step_plan(self, producers):
        return self._make(
            "plan",
            self.env._("Import the recall plan"),
            self.env._(
                "Upload the filed plan with its VIN list: the vehicles that the recall "
                "concerns."
            ),
            self._exists(
                "recall.plan",
                ("producer_id", "in", producers.ids),
                ("vehicle_count", ">", 0),
            ),
            self.env._("Import a plan"),
            self._open("recall_base.recall_import_action_plans"),
        )

    def _step_dealers(self, producers, producer):
        return self._make(
            "dealers",
            self.env._("Name the dealers"),
            self.env._(
                "Enter the dealers of the filing that the plan's file did not name: a "
                "report must come from one of them."
            ),
            self._exists("recall.dealer", ("producer_id", "in", producers.ids)),
            self.env._("Enter dealers"),
            self._open(
                "recall_base.recall_dealer_action", default_producer_id=producer.id
            ),
        )

    def _step_interface(self, producers, producer):
        return self._make(
            "interface",
            self.env._("Open the data interface"),
            self.env._(
                "Through it the regulator fetches confirmed reports: save the form, "
                "its name is made by itself."
            ),
            self._get_sync(producers),
            self.env._("Open the interface"),
            self._form(
                "recall.interface",
                purpose="sync",
                producer_id=producer.id,
                name=self.env._("Regulator"),
            ),
        )

    def _get_sync(self, producers):
        return self.env["recall.interface"].search(
            [("producer_id", "in", producers.ids), ("purpose", "=", "sync")], limit=1
        )

    def _step_token(self, producers):
        interface = self._get_sync(producers)
        live = self.env["recall.token"].search(
            [("purpose", "=", "sync"), ("producer_id", "in", producers.ids)]
        )
        return self._make(
            "token",
            self.env._("Issue the token"),
            self.env._(
                "Press Issue a token there and hand the token, the interface's name "
                "and its address to the regulator: the token is shown once."
            ),
            live.filtered(lambda token: token.state == "live"),
            self.env._("To the interface"),
            {
                "type": "ir.actions.act_window",
                "res_model": "recall.interface",
                "res_id": interface.id,
                "views": [(False, "form")],
            }
            if interface
            else self._open("recall_enterprise.recall_interface_action"),
        )

    def _step_collection(self, producers, producer):
        return self._make(
            "collection",
            self.env._("Let reports come in"),
            self.env._(
                "Save a collection interface for the dealers' system and issue its "
                "token there; or import a file of reports, or make a dealer's login."
            ),
            self._is_collecting(producers),
            self.env._("Open a collection interface"),
            self._form(
                "recall.interface",
                purpose="collect",
                producer_id=producer.id,
                name=self.env._("Dealers' system"),
            ),
        )

    def _is_collecting(self, producers):
        """Whether reports come in, by any of the three ways."""
        return (
            self._exists(
                "recall.interface",
                ("producer_id", "in", producers.ids),
                ("purpose", "=", "collect"),
            )
            or self._exists("recall.completion", ("producer_id", "in", producers.ids))
            or self._exists(
                "res.users", ("recall_dealer_id.producer_id", "in", producers.ids)
            )
        )

    def _step_confirmed(self, producers):
        return self._make(
            "confirmed",
            self.env._("Confirm the first report"),
            self.env._(
                "Reports without findings are confirmed by themselves within minutes; "
                "confirm the others in the list."
            ),
            self._exists(
                "recall.completion",
                ("producer_id", "in", producers.ids),
                ("confirmed_at", "!=", False),
            ),
            self.env._("To the reports"),
            self._open("recall_enterprise.recall_completion_action_today"),
        )

    def _step_acknowledged(self, producers):
        return self._make(
            "acknowledged",
            self.env._("The regulator has fetched"),
            self.env._(
                "Nothing to do here: the regulator asks by itself. If it does not, run "
                "the interface's self-test."
            ),
            self._exists(
                "recall.delivery",
                ("producer_id", "in", producers.ids),
                ("arrived_at", "!=", False),
            ),
            self.env._("To the deliveries"),
            self._open("recall_enterprise.recall_delivery_action"),
        )
