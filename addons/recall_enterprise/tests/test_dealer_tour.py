# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import tagged

from odoo.addons.recall_base.tests.browser_common import RecallBrowserCase

from .dealer_common import DealerCommon

# The tours cannot be told which VIN to type: this one is made up once for all.
OPEN = "LTZAA11B4SA900001"


class RecallDealerTour(RecallBrowserCase, DealerCommon):
    """A service adviser's way from the VIN to the accepted report, in a browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.put_in_scope(cls.plan, [OPEN])

    def walk_through(self, lang, tour):
        """Walk from the landing page; see what was stored in the end."""
        self.walk(tour, self.adviser, lang=lang)
        vehicle = self.get_vehicle(self.plan, OPEN)
        report = self.env["recall.completion"].search([("vehicle_id", "=", vehicle.id)])
        self.assertRecordValues(
            report,
            [
                {
                    "state": "checked",
                    "dealer_id": self.dealer.id,
                    "repair_number": "WO-TOUR-1",
                    "part_numbers": "BH-1",
                    "phone_masked": "138****4321",
                }
            ],
        )
        appointment = self.env["recall.appointment"].search(
            [("vehicle_id", "=", vehicle.id)]
        )
        self.assertEqual(appointment.state, "kept")


@tagged("post_install", "-at_install")
class TestDealerDesktop(RecallDealerTour):
    browser_size = "1280x800"

    def test_way_breaks_on_a_desktop_in_english(self):
        """E-COLLECT: from the VIN to the accepted report, on a desktop, in English."""
        self.walk_through("en_US", "recall_dealer_english")

    def test_way_breaks_on_a_desktop_in_chinese(self):
        """E-COLLECT: from the VIN to the accepted report, on a desktop, in Chinese."""
        self.walk_through("zh_CN", "recall_dealer_chinese")


@tagged("post_install", "-at_install")
class TestDealerPhone(RecallDealerTour):
    browser_size = "375x667"
    touch_enabled = True

    def test_way_breaks_on_a_phone_in_english(self):
        """E-COLLECT: from the VIN to the accepted report, on a phone, in English."""
        self.walk_through("en_US", "recall_dealer_english")

    def test_way_breaks_on_a_phone_in_chinese(self):
        """E-COLLECT: from the VIN to the accepted report, on a phone, in Chinese."""
        self.walk_through("zh_CN", "recall_dealer_chinese")
