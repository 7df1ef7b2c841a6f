# SPDX-License-Identifier: LGPL-3.0-only
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import EnterpriseHttpCase


@tagged("post_install", "-at_install")
class TestRefusals(EnterpriseHttpCase):
    """What the regulator refused, at the producer (clause 7.2)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls.make_user(
            "clerk_refusal",
            "recall_enterprise.group_clerk",
            recall_producer_ids=cls.producer.ids,
        )

    def deliver(self, **members):
        """Have a report confirmed and handed over; returns it and the cursor."""
        report = self.collect_confirmed(self.make_record(**members))
        answer = self.sync(api_cursor="")
        self.assertTrue(answer["records"])
        return report, answer["next_cursor"]

    def refusal(self, report, number=7, **members):
        """Build what the regulator says of a report."""
        return {
            "refusalId": number,
            "status": "open",
            "recallNum": report.recall_number,
            "vehicleVin": report.vin,
            "repairNum": report.repair_number,
            "recordVersion": 1,
            "codes": ["dealer_unknown", "date_before_start"],
            **members,
        }

    def known(self):
        return self.env["recall.refusal"].search(
            [("producer_id", "=", self.producer.id)]
        )

    def test_refusal_does_not_reach_the_clerk(self):
        """E-SYNC M-VERIFY: it stands at the report with all reasons and the officer's
        words, and the report is found by the filter."""
        report, cursor = self.deliver()
        told = self.refusal(report, message="Which dealer?")
        self.sync(api_cursor=cursor, api_refused=[told])
        [refusal] = report.with_user(self.clerk).refusal_ids
        self.assertEqual(refusal.state, "open")
        self.assertEqual(set(refusal.finding_ids.mapped("code")), set(told["codes"]))
        self.assertEqual(refusal.message, "Which dealer?")
        found = (
            self.env["recall.completion"]
            .with_user(self.clerk)
            .search([("refusal_ids.state", "=", "open")])
        )
        self.assertEqual(found, report)
        figures = self.env["recall.enterprise.dashboard"].with_user(self.clerk)
        tiles = {tile["key"]: tile for tile in figures.get_figures()["tiles"]}
        self.assertEqual(tiles["refused"]["value"], 1)

    def test_refusal_told_twice_is_kept_twice(self):
        """E-SYNC X-FAULT: the answer to a request may be lost; then it comes again."""
        report, cursor = self.deliver()
        told = self.refusal(report)
        for _ in range(2):
            self.sync(api_cursor=cursor, api_refused=[told, told])
        self.assertEqual(len(self.known()), 1)
        events = self.env["recall.audit.event"].search_count(
            [
                ("action", "=", "refusal.receive"),
                ("res_id", "=", self.producer.id),
            ]
        )
        self.assertEqual(events, 1)

    def test_correction_does_not_answer_a_refusal(self):
        """E-SYNC M-VERIFY: the version that is handed over next answers it, the one
        that was refused does not; what is refused again is a new case."""
        report, cursor = self.deliver()
        self.sync(api_cursor=cursor, api_refused=[self.refusal(report)])
        self.assertEqual(self.known().state, "open")
        self.withdraw(report)
        self.assertEqual(self.known().state, "open")
        [record] = self.sync(api_cursor=cursor)["records"]
        self.assertEqual(record["recordVersion"], 2)
        refusal = self.known()
        self.assertEqual(refusal.state, "answered")
        self.assertTrue(refusal.answered_at)
        # Told once more before the regulator has read the correction.
        told = self.refusal(report, status="returned")
        self.sync(api_cursor=cursor, api_refused=[told])
        self.assertEqual((refusal.state, refusal.status), ("answered", "returned"))
        again = self.refusal(report, number=8, recordVersion=2)
        self.sync(api_cursor=cursor, api_refused=[again])
        self.assertEqual(sorted(self.known().mapped("state")), ["answered", "open"])

    def test_settled_case_stays_to_do(self):
        """E-SYNC: what the regulator has released, closed or got is done with."""
        report, cursor = self.deliver()
        for number, status in enumerate(("released", "closed", "answered"), 1):
            with self.subTest(status=status):
                told = self.refusal(report, number)
                self.sync(api_cursor=cursor, api_refused=[told])
                self.sync(api_cursor=cursor, api_refused=[{**told, "status": status}])
                refusal = self.known().filtered(lambda r, n=number: r.reference == n)
                self.assertEqual(refusal.state, "settled")

    def test_record_that_matches_no_report_is_lost(self):
        """E-SYNC: also what has no key, or a code that is not known here."""
        _report, cursor = self.deliver()
        told = [
            {"refusalId": 1, "status": "open", "codes": ["missing", "no_such_code"]},
            {"refusalId": 2, "status": "open", "vehicleVin": "", "message": "x" * 1000},
        ]
        self.sync(api_cursor=cursor, api_refused=told)
        first, second = self.known().sorted("reference")
        self.assertEqual(first.finding_ids.mapped("code"), ["missing"])
        self.assertEqual(first.codes, "missing, no_such_code")
        self.assertFalse(first.completion_id or second.completion_id)

    def test_member_has_no_bounds(self):
        """X-ATTACK: too many, too long, of a wrong type: 407, and nothing is kept."""
        report, cursor = self.deliver()
        good = self.refusal(report)
        wrong = (
            [good] * 501,
            "x",
            [{**good, "message": "x" * 1001}],
            [{**good, "vehicleVin": "x" * 201}],
            [{**good, "codes": ["x"] * 51}],
            [{**good, "refusalId": "7"}],
            [{**good, "refusalId": 2**31}],
            [{**good, "status": "gone"}],
            [{"status": "open"}],
            [None],
        )
        for member in wrong:
            with self.subTest(member=str(member)[:80]):
                answer = self.post_json(
                    "/recall/v1/sync",
                    self.sync_message(api_cursor=cursor, api_refused=member),
                )
                self.assertIn(answer["api_status"], (402, 407))
        self.assertFalse(self.known())

    def test_foreign_producer_is_told(self):
        """X-ACCESS: a token brings cases of its own producer only, and matches none of
        another one's reports."""
        report, _cursor = self.deliver()
        stranger = self.make_producer()
        interface = self.make_interface(stranger, "sync")
        _token, secret = self.issue_token("sync", "producer_id", stranger)
        message = {
            "api_token": secret,
            "api_cfg": interface.api_cfg,
            "api_cursor": "",
            "api_refused": [self.refusal(report)],
        }
        answer = self.post_json("/recall/v1/sync", message)
        self.assertEqual(answer["api_status"], 200)
        self.assertFalse(report.refusal_ids)
        foreign = self.env["recall.refusal"].search([("producer_id", "=", stranger.id)])
        self.assertFalse(foreign.completion_id)
        self.assertFalse(self.env["recall.refusal"].with_user(self.clerk).search([]))
        with self.assertRaises(AccessError):
            foreign.with_user(self.clerk).read(["vin"])
        # Neither a wrong token nor a plain request brings any.
        before = len(self.env["recall.refusal"].search([]))
        refused = self.sync_message(api_token="x.y", api_refused=[self.refusal(report)])
        self.assertNotEqual(
            self.post_json("/recall/v1/sync", refused)["api_status"], 200
        )
        self.sync(api_refused=[self.refusal(report)])
        self.assertEqual(len(self.env["recall.refusal"].search([])), before)

    def test_clerk_writes_what_the_regulator_said(self):
        """X-TAMPER: no role writes or deletes cases."""
        report, cursor = self.deliver()
        self.sync(api_cursor=cursor, api_refused=[self.refusal(report)])
        administrator = self.make_user(
            "admin_refusal", "recall_enterprise.group_administrator"
        )
        refusal = self.known().with_user(administrator)
        for refused in (
            lambda: refusal.write({"state": "settled"}),
            refusal.unlink,
            lambda: refusal.create({"reference": 1}),
        ):
            with self.assertRaises(AccessError):
                refused()
