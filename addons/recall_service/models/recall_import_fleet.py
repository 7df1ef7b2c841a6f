# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.recall_base.models.recall_import_kind import (
    Fault,
    Item,
    Outcome,
    vin_column,
)
from odoo.addons.recall_base.models.recall_import_vins import vin_faults
from odoo.addons.recall_base.tools import vin

from .recall_fleet_vehicle import MOST_VEHICLES


class RecallImport(models.Model):
    """Files of VINs that partners or operators bring for a fleet."""

    _inherit = "recall.import"
    _written_fields = {"data_user_id", "fleet_mode"}

    kind = fields.Selection(
        selection_add=[("fleet", "Fleet of a data user")],
        ondelete={"fleet": "cascade"},
    )
    data_user_id = fields.Many2one(
        "recall.data.user",
        string="Data user",
        index="btree_not_null",
        ondelete="restrict",
        help="Whose fleet the vehicles are of.",
    )
    fleet_mode = fields.Selection(
        [
            ("add", "Add these vehicles"),
            ("replace", "Replace the fleet by these vehicles"),
            ("remove", "Take these vehicles out"),
        ],
        string="Do what",
        default="add",
    )
    removed_count = fields.Integer(
        string="Taken out",
        readonly=True,
        copy=False,
        help="Vehicles that a file which replaces the fleet did not name.",
    )

    def _choose_vin_column(self, position):
        """Read this column of the file as the VIN, and no other."""
        self._check_open()
        for column in self.column_ids:
            column.target = "fleet.vin" if column.position == position else False
        self._after_mapping()

    def _test_whole(self):
        """Try the whole file; at once where it is short."""
        short = self.row_estimate - self.header_row <= 1000
        self.test_rows = "1000" if short else "all"
        self.action_test()


class RecallImportKindFleet(models.AbstractModel):
    """VINs that enter or leave a partner's fleet.

    Files of one fleet may be at work side by side. A vehicle remembers the last file
    that named it: the end of one that replaces the fleet takes out only what neither
    it nor a later file has named.
    """

    _name = "recall.import.kind.fleet"
    _inherit = "recall.import.kind"
    _description = "Import of a fleet"

    _groups = "recall_service.group_operator,recall_service.group_partner"
    _needs_producer = False
    _fills = "recall_fleet_vehicle"
    _most_bytes = 16 << 20
    _most_rows = MOST_VEHICLES

    @api.model
    def _columns(self):
        return [vin_column(self.env)]

    @api.model
    def _guess(self, headers):
        # A list with one column needs no name to be known by.
        return super()._guess(headers) if len(headers) > 1 else ["vin"]

    @api.model
    def _check_job(self, job):
        if not job.data_user_id:
            raise UserError(self.env._("Choose the data user whose fleet this is."))
        job.data_user_id._check_enabled()

    @api.model
    def _prepare(self, job):
        def prepare(items):
            items = [Item(item.number, (item.values[0].upper(),)) for item in items]
            rows, faults = {}, []
            fits = vin.check_many(item.values[0] for item in items)
            for item, good in zip(items, fits, strict=True):
                if good:
                    rows.setdefault(item.values[0], item.number)
                else:
                    faults += vin_faults(item)
            return rows, sum(fits), faults

        return prepare

    @api.model
    def _take_in(self, job, prepared):
        rows, count, faults = prepared
        Vehicle = self.env["recall.fleet.vehicle"]
        if job.fleet_mode == "remove":
            removed = Vehicle._take_out(job.data_user_id, list(rows))
            return Outcome(removed, count - removed, faults)
        added, over = Vehicle._put_in(job.data_user_id, list(rows), job.id)
        full = [Fault(rows[text], "fleet_full", "vin", text) for text in over]
        return Outcome(added, count - added - len(over), [*faults, *full])

    @api.model
    def _after_job(self, job):
        named = job.taken_count + job.repeated_count
        # A file without a single VIN is hardly meant to end a fleet.
        if job.fleet_mode == "replace" and named:
            job.removed_count = self.env["recall.fleet.vehicle"]._keep_only(
                job.data_user_id, job.id
            )
        self.env["recall.audit.event"]._record(
            "fleet.store",
            job.data_user_id,
            mode=job.fleet_mode,
            changed=job.taken_count,
            removed=job.removed_count,
        )
        if job.fleet_mode != "remove" and job.taken_count:
            self.env.ref("recall_service.ir_cron_expand")._trigger()
