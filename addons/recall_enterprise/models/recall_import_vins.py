# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models
from odoo.tools import SQL

from odoo.addons.recall_base.models.recall_import_kind import Column, Fault


class RecallImportKindVins(models.AbstractModel):
    """A plan's VIN list can name the dealer that sees to each vehicle."""

    _inherit = "recall.import.kind.vins"

    @api.model
    def _columns(self):
        return [
            *super()._columns(),
            Column(
                "dealer",
                self.env._("Responsible dealer"),
                aliases=("Dealer", "Dealer name", "责任经销商", "经销商", "经销商名称"),
                example="上海示例汽车销售服务有限公司",
            ),
        ]

    @api.model
    def _prepare(self, job):
        prepare_rows = super()._prepare(job)
        dealers = {
            dealer.name: dealer.id
            for dealer in job.env["recall.dealer"].search(
                [("producer_id", "=", job.producer_id.id)]
            )
        }

        def prepare(items):
            good, faults = [], []
            for item in items:
                dealer = item.values[-1]
                if dealer and dealer not in dealers:
                    faults.append(
                        Fault(item.number, "dealer_unknown", "dealer", dealer)
                    )
                else:
                    good.append(item)
            rows, found = prepare_rows(good)
            named = {
                item.values[0]: dealers[item.values[-1]]
                for item, _line in rows
                if item.values[-1]
            }
            return rows, [*faults, *found], named

        return prepare

    @api.model
    def _take_in(self, job, prepared):
        rows, faults, named = prepared
        # Before the new ones come: a vehicle of the list that was in scope already and
        # gets another dealer is no mere repeat.
        changed = self._assign(job.plan_id, named)
        outcome = super()._take_in(job, (rows, faults))
        self._assign(job.plan_id, named)
        return outcome._replace(
            taken=outcome.taken + changed, repeated=outcome.repeated - changed
        )

    def _assign(self, plan, named):
        """Note the responsible dealers of vehicles in scope.

        :param dict named: VIN -> id of the dealer
        :returns: number of vehicles whose dealer is another than before
        """
        if not named:
            return 0
        staged = self.env["recall.staging"]._load(
            "recall_dealer_staging",
            {"vin": "varchar", "dealer_id": "int"},
            named.items(),
        )
        self.env.cr.execute(
            SQL(
                """UPDATE recall_vehicle vehicle SET responsible_dealer_id = dealer_id
                     FROM %(staged)s staged
                    WHERE vehicle.vin = staged.vin AND vehicle.plan_id = %(plan)s
                      AND vehicle.state != 'removed'
                      AND vehicle.responsible_dealer_id IS DISTINCT FROM dealer_id""",
                staged=staged,
                plan=plan.id,
            )
        )
        changed = self.env.cr.rowcount
        self.env["recall.vehicle"].invalidate_model(["responsible_dealer_id"])
        return changed
