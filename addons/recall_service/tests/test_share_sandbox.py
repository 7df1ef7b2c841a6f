# SPDX-License-Identifier: LGPL-3.0-only
import time
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.recall_base.tools import messages, vin
from odoo.addons.recall_base.tools.messages import ApiStatus

from ..models import recall_share
from ..models import recall_share_sandbox as sandbox
from .share_common import ShareHttpCommon


@tagged("post_install", "-at_install")
class TestShareSandbox(ShareHttpCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface.write(
            {"sandbox": True, "allow_many": True, "allow_changes": True}
        )

    def test_every_case_is_answered_as_documented(self):
        """S-SHARE: the sandbox has each case and each code of annex C."""
        with patch.object(recall_share.time, "sleep"):
            for case in sandbox.CASES:
                with self.subTest(case=str(case.shows)):
                    answer = self.ask(api_exchange_vin=case.vin)
                    self.assertStatus(answer, case.api_status)
                    self.assertEqual(answer["count"], len(case.recalls))
                    for record in answer["exchange_records"]:
                        messages.validate(messages.ShareRecord, record)
        codes = {case.api_status for case in sandbox.CASES}
        self.assertEqual(codes, set(map(int, ApiStatus)))

    def test_vins_meet_the_standard(self):
        """S-SHARE: a program that checks VINs first can send every one but legacy."""
        wrong = [case.vin for case in sandbox.CASES if not vin.is_vin(case.vin)]
        self.assertEqual(wrong, ["LEGACY-0005"])

    def test_slow_answer_takes_four_seconds(self):
        """S-ANSWER: the sandbox lets a program show what it does after 3 s."""
        started = time.monotonic()
        self.assertStatus(self.ask(api_exchange_vin="LTZTEST10SA000008"), 200)
        self.assertGreater(time.monotonic() - started, sandbox.SLOW)

    def test_real_vehicles_are_not_told(self):
        """S-CONTENT: a sandbox knows its own vehicles only, whatever is granted."""
        self.make_completion(self.plan, self.vins[0])
        self.interface.write({"share_phone": True, "phone_basis": "Article 12"})
        answer = self.ask()
        self.assertStatus(answer, ApiStatus.SUCCESS)
        self.assertEqual(answer["count"], 0)

    def test_test_vins_mean_nothing_elsewhere(self):
        """S-SHARE: only interfaces marked so play the cases."""
        self.interface.sandbox = False
        answer = self.ask(api_exchange_vin="LTZTEST23SA000500")
        self.assertStatus(answer, ApiStatus.SUCCESS)
        self.assertEqual(answer["count"], 0)

    def test_other_methods_play_the_same_cases(self):
        """S-SHARE: many VINs and changes can be tried as well."""
        cases = sandbox.get_vehicles()
        many = self.ask_for(api_exchange_vins=[case.vin for case in cases])
        self.assertEqual(
            [result["count"] for result in many["exchange_results"]],
            [len(case.recalls) for case in cases],
        )
        changes = self.ask_for(api_exchange_cursor="")
        self.assertEqual(
            {result["vehicleVin"] for result in changes["exchange_results"]},
            {case.vin for case in sandbox.get_vehicles()},
        )
        again = self.ask_for(api_exchange_cursor=changes["next_cursor"])
        self.assertEqual((again["count"], again["has_more"]), (0, False))
