# SPDX-License-Identifier: LGPL-3.0-only
from odoo.addons.recall_base.tests.import_common import ImportCommon

from .partner_common import PartnerCommon


class FleetCommon(PartnerCommon, ImportCommon):
    """Two partners with accounts; files of VINs for the fleet of the first."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Vehicle = cls.env["recall.fleet.vehicle"]

    def upload(self, vins, mode="add", account=None, header=("VIN",), name="fleet.csv"):
        """Upload a file as an account does on its page; returns the import (sudo)."""
        file = self.make_csv([[text] for text in vins], header)
        own = self.own.with_user(account or self.account)
        return own._upload_fleet(file, name, mode).sudo()

    def take_fleet_in(self, vins, mode="add", **options):
        job = self.upload(vins, mode, **options)
        job.action_start()
        self.run_imports()
        return job

    def get_fleet(self, data_user=None):
        domain = [("data_user_id", "=", (data_user or self.own).id)]
        return set(self.Vehicle.search(domain).mapped("vin"))

    def new_vins(self, count):
        return [self.make_vin() for _ in range(count)]
