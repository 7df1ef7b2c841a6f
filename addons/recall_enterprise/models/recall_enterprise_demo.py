# SPDX-License-Identifier: LGPL-3.0-only
import logging
from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.recall_base.models.recall_interface_mixin import Grant
from odoo.addons.recall_base.tools import cipher, deadline
from odoo.addons.recall_base.tools.messages import CollectRequest

_logger = logging.getLogger(__name__)

DAYS = 24  # of repairs before today
LATE_EVERY = 6  # days of the month
NO_VIN_OF_A_PLAN = "LTZAA11B1SA999999"


class RecallEnterpriseDemo(models.AbstractModel):
    """Reports for an installation with demo data, through the real interfaces."""

    _name = "recall.enterprise.demo"
    _description = "Demo data of the enterprise terminal"

    @api.model
    def _load(self, collect_id, sync_id):
        """Collect, confirm and hand over made-up reports, in all states.

        :param int collect_id: ``recall.interface`` of the demo producer, likewise sync
        """
        try:
            cipher.KeyRing.from_environment()
        except cipher.KeyFileError:
            _logger.info("Demo reports are left out: RECALL_KEY_FILE names no keys.")
            return
        Interface = self.env["recall.interface"]
        collect, sync = Interface.browse(collect_id), Interface.browse(sync_id)
        self._collect(collect)
        today = deadline.today(collect.producer_id.timezone)
        for back in range(DAYS, 1, -1):
            self._live_through(sync, today - timedelta(days=back))
        self._withdraw_one(collect.producer_id)

    def _collect(self, interface):
        producer = interface.producer_id
        token, secret = self.env["recall.token"].issue(
            {"name": "Demo", "purpose": "collect", "producer_id": producer.id}
        )
        self.env.flush_all()
        request = CollectRequest(
            api_token=secret,
            api_cfg=interface.api_cfg,
            records=self._prepare_records(producer),
        )
        self.env["recall.collection"]._answer_collect(request, "demo", "127.0.0.1")
        token.action_revoke()

    def _prepare_records(self, producer):
        """Records as the dealers' system sends them; a few are wrong."""
        today = deadline.today(producer.timezone)
        dealers = producer.dealer_ids
        records = []
        for plan in producer.plan_ids:
            vehicles = plan.vehicle_ids.sorted("vin")
            for number, vehicle in enumerate(vehicles[: len(vehicles) * 2 // 3]):
                day = today - timedelta(days=number * DAYS // len(vehicles))
                records.append(
                    {
                        "recordId": f"DMS-{plan.recall_number}-{number:04}",
                        "recallNum": plan.recall_number,
                        "vehicleVin": vehicle.vin,
                        "recallTime": str(day),
                        "repairNum": f"RO-{plan.id}-{number:04}",
                        "dealerName": dealers[number % len(dealers)].name,
                        "telNum": f"138{number:04}{plan.id % 10000:04}",
                        "parts": plan.part_ids.mapped("number"),
                    }
                )
        for record in records[::13]:
            record["dealerName"] = "名单外的经销商"
        records[1]["vehicleVin"] = NO_VIN_OF_A_PLAN
        return records

    def _live_through(self, interface, day):
        """Confirm the repairs of a day and hand them over, on some days too late."""
        producer = interface.producer_id
        confirmed = self.env["recall.completion"]._confirm(
            SQL("producer_id = %s AND repair_date = %s", producer.id, day)
        )
        if not confirmed:
            return
        evening = deadline.day_start(day, producer.timezone) + timedelta(hours=20)
        arrival = evening + timedelta(days=2 if day.day % LATE_EVERY == 0 else 0.5)
        self.env.cr.execute(
            SQL(
                "UPDATE recall_completion SET confirmed_at = %s, changed_at = %s"
                " WHERE id IN %s",
                evening,
                evening,
                tuple(confirmed.ids),
            )
        )
        self.env.invalidate_all()
        delivery, _records = interface._next_page(
            None, Grant(interface.id, producer.id, False)
        )
        delivery.write({"sent_at": arrival, "acknowledged_at": arrival})
        delivery._note_arrival()

    def _withdraw_one(self, producer):
        Completion = self.env["recall.completion"]
        report = Completion.search(
            [("producer_id", "=", producer.id), ("state", "=", "confirmed")], limit=1
        )
        reason = self.env["recall.review.reason"].search(
            [("purpose", "=", "withdraw")], limit=1
        )
        report._withdraw(reason, "演示：车辆登记有误")
