# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields

from .common import EnterpriseCommon

PHONE = "13812344321"


class DealerCommon(EnterpriseCommon):
    """Two dealers of one producer and one of another, each with a login.

    ``desk``, ``entries`` and ``appointments`` are what the first dealer's login works
    with. Reviewers confirm, not rules, so that handed-in reports stay where they are.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.producer.auto_confirm = False
        cls.other_dealer = cls.make_dealer(cls.producer)
        cls.foreign_producer = cls.make_producer()
        cls.foreign_dealer = cls.make_dealer(cls.foreign_producer)
        cls.foreign_plan = cls.make_plan(cls.foreign_producer)
        cls.foreign_vins = cls.add_vehicles(cls.foreign_plan, 2)
        cls.adviser = cls.make_adviser("dealer_adviser", cls.dealer)
        cls.rival = cls.make_adviser("dealer_rival", cls.other_dealer)
        cls.stranger = cls.make_adviser("dealer_stranger", cls.foreign_dealer)
        cls.clerk = cls.make_user(
            "dealer_clerk",
            "recall_enterprise.group_clerk",
            recall_producer_ids=cls.producer.ids,
        )
        cls.foreign_clerk = cls.make_user(
            "dealer_foreign_clerk",
            "recall_enterprise.group_clerk",
            recall_producer_ids=cls.foreign_producer.ids,
        )
        cls.reviewer = cls.make_user(
            "dealer_reviewer",
            "recall_enterprise.group_reviewer",
            recall_producer_ids=cls.producer.ids,
        )
        cls.desk = cls.env["recall.desk"].with_user(cls.adviser)
        cls.entries = cls.env["recall.completion"].with_user(cls.adviser)
        cls.appointments = cls.env["recall.appointment"].with_user(cls.adviser)

    @classmethod
    def make_adviser(cls, login, dealer):
        return cls.make_user(
            login,
            "recall_enterprise.group_dealer,base.group_allow_export",
            recall_dealer_id=dealer.id,
            tz="Asia/Shanghai",
        )

    @classmethod
    def entry_vals(cls, vin=None, **vals):
        """What an adviser types in a good report."""
        cls.repairs = getattr(cls, "repairs", 0) + 1
        return {
            "vin": vin or cls.vins[0],
            "recall_number": cls.plan.recall_number,
            "repair_date": "2025-03-01",
            "repair_number": f"WO-{cls.repairs:06}",
            "part_numbers": "BH-1",
            "reported_measure": cls.plan.measure,
            "phone": PHONE,
            **vals,
        }

    def make_entry(self, vin=None, user=None, **vals):
        """Save a draft as an adviser's login does."""
        entries = self.entries.with_user(user or self.adviser)
        return entries.create(self.entry_vals(vin, **vals))

    def book(self, vin=None, user=None, days=2):
        """Book an appointment for a vehicle in some days."""
        return self.appointments.with_user(user or self.adviser).create(
            {
                "vin": vin or self.vins[0],
                "recall_number": self.plan.recall_number,
                "planned_at": fields.Datetime.add(fields.Datetime.now(), days=days),
            }
        )

    def last_event(self, action):
        return self.env["recall.audit.event"].search([("action", "=", action)], limit=1)
