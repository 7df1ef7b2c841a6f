# SPDX-License-Identifier: LGPL-3.0-only
import base64

from odoo.tests import tagged

from .share_common import ShareHttpCommon

LEGACY = "LZW-1994-00017"


@tagged("post_install", "-at_install")
class TestLegacyVin(ShareHttpCommon):
    """Vehicles from before GB 16735 that are in a recall by an exception."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        asking, deciding = (
            cls.make_user(f"legacy_{name}", "recall_base.group_keeper")
            for name in ("asking", "deciding")
        )
        cls.exception = (
            cls.env["recall.vin.exception"]
            .with_user(asking)
            .create(
                {
                    "vin": LEGACY,
                    "producer_id": cls.producer.id,
                    "plan_id": cls.plan.id,
                    "reason": "Built in 1994.",
                    "document": base64.b64encode(b"%PDF"),
                }
            )
        )
        cls.deciding = deciding

    def approve(self):
        self.exception.with_user(self.deciding).action_approve()

    def look_up(self, text):
        self.env.flush_all()
        response = self.url_open("/recall", data={"vin": text})
        self.assertEqual(response.status_code, 200)
        return response.text

    def test_legacy_vehicle_is_answered_as_no_vin(self):
        """M-LEGACY S-QUERY: its owner is told of the recall; while it waits for
        approval, and for any other such number, the answer is that it is no VIN."""
        self.assertNotIn(self.plan.recall_number, self.look_up(LEGACY))
        self.approve()
        self.assertIn(self.plan.recall_number, self.look_up(LEGACY.lower()))
        self.assertNotIn(self.plan.recall_number, self.look_up("LZW-1994-00018"))
        self.assertNotIn(self.plan.recall_number, self.look_up("%"))

    def test_legacy_vehicle_is_shared_as_no_vin(self):
        """M-LEGACY S-SHARE: data users get its recalls; 407 for what is in none."""
        self.approve()
        for text, status, count in (
            (LEGACY, 200, 1),
            ("LZW-1994-00018", 407, 0),
            (self.make_vin()[:16], 407, 0),
        ):
            with self.subTest(text=text):
                answer = self.ask(api_exchange_vin=text)
                self.assertEqual(answer["api_status"], status)
                self.assertEqual(len(answer["exchange_records"]), count)

    def test_repaired_legacy_vehicle_with_its_phone_ends_in_a_fault(self):
        """M-LEGACY S-CONTENT: the granted phone number comes with its recall."""
        self.approve()
        self.make_completion(self.plan, LEGACY)
        self.interface.write({"share_phone": True, "phone_basis": "Article 12"})
        answer = self.ask(api_exchange_vin=LEGACY)
        self.assertEqual(answer["api_status"], 200, answer)
        self.assertEqual(answer["exchange_records"][0]["telNum"], "13800138000")
