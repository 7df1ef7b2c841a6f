# SPDX-License-Identifier: LGPL-3.0-only
import json
import time
from contextlib import contextmanager
from datetime import datetime
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.recall_base.tests.browser_common import LANGUAGES, RecallBrowserCase
from odoo.addons.recall_base.tools import messages

from ..tools.puller import Fetched
from .common import PullCommon, make_answer, make_page

TODAY = "/odoo/recall-today"
#: What the tours look for.
VIN = "LTZAA11B4SA900001"


@tagged("post_install", "-at_install")
class TestTours(RecallBrowserCase, PullCommon):
    """The work of officer and engineer in a real browser, in both languages."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # What others have left in the database is not on these pages.
        others = cls.env["recall.producer"].search([("id", "!=", cls.producer.id)])
        others.active = False
        cls.env["recall.wmi"].search([("code", "=", "LTZ")]).producer_id = False
        reasons = cls.env["recall.quarantine.reason"]
        reasons.create({"name": "Tour reason", "code": "tour1", "purpose": "return"})
        reasons.create({"name": "Tour release", "code": "tour2", "purpose": "release"})
        cls.put_in_scope(cls.plan, [VIN])

    def make_account(self, role, lang):
        return self.make_user(f"tour_{role}_{lang}", f"recall_management.group_{role}")

    @contextmanager
    def in_each_language(self):
        """Undo what a tour has done before the next one begins."""
        savepoint = self.env.cr.savepoint()
        try:
            yield
        finally:
            savepoint.close(rollback=True)
            self.env.invalidate_all()

    def store(self, *records):
        """Take records in as if the terminal had just been asked."""
        body = json.dumps(make_page(records)).encode()
        answer = make_answer(body)
        fetched = Fetched(self.enterprise.id, {}, time.time(), 0.1, answer)
        self.env.flush_all()
        self.env["recall.intake"]._take_in(
            self.enterprise, fetched, messages.parse_sync_answer(body)
        )

    def test_officer_gets_stuck(self):
        """Use, M-MONITOR, M-VERIFY: from the board to the terminal that fails, to the
        records in quarantine, and to a vehicle."""
        releasable = self.make_record(repairNum="RO-RELEASE", dealerName="Elsewhere")
        hopeless = self.make_record(repairNum="RO-RETURN", vehicleVin="LTZAA11B9SA9")
        report = self.make_record(VIN)
        for lang in LANGUAGES:
            with self.subTest(lang=lang), self.in_each_language():
                self.store(report, releasable, hopeless)
                self.enterprise.state = "failing"
                account = self.make_account("officer", lang)
                with self.mock_peer([[]]):
                    self.walk("recall_officer_works", account, TODAY, lang)
                self.assertEqual(self.get_quarantine(hopeless).state, "returned")
                self.assertEqual(self.get_quarantine(releasable).state, "released")
                self.authenticate(account.login, account.login)
                workbook = self.url_open("/recall/statistics.xlsx")
                self.assertEqual(workbook.content[:2], b"PK", workbook.text[:200])

    def test_palette_does_not_find_a_vehicle(self):
        """Use: the search is there on every page."""
        for lang in LANGUAGES:
            with self.subTest(lang=lang):
                account = self.make_account("viewer", lang)
                self.walk("recall_officer_uses_the_palette", account, TODAY, lang)

    def test_engineer_gets_stuck(self):
        """Use, M-PLAN, M-PULL: files a plan, connects a terminal, sets its schedule."""
        Import = type(self.env["recall.import"])
        # The scheduled action, which no server runs here.
        at_once = patch.object(Import, "_wake", lambda job: job._cron_run())
        for lang in LANGUAGES:
            with self.subTest(lang=lang), self.in_each_language(), at_once:
                account = self.make_account("engineer", lang)
                self.walk("recall_engineer_sets_up", account, TODAY, lang)
                terminal = self.env["recall.enterprise"].search(
                    [("producer_id.name", "=", "Tour Motors")]
                )
                self.assertEqual(terminal.interval_minutes, 30)
                self.assertTrue(terminal.has_token)
                self.assertLess(terminal.next_pull_at, datetime(2100, 1, 1))

    def test_engineer_cannot_add_a_legacy_vin(self):
        """Use, M-LEGACY: a number that does not meet GB 16735, with its document."""
        for lang in LANGUAGES:
            with self.subTest(lang=lang), self.in_each_language():
                account = self.make_account("engineer", lang)
                self.walk("recall_engineer_adds_a_legacy_vin", account, TODAY, lang)
                exception = self.env["recall.vin.exception"].search(
                    [("vin", "=", "TOUR1985")]
                )
                self.assertEqual(exception.producer_id, self.producer)

    def test_account_of_a_producer_gets_stuck(self):
        """M-ACCESS: what it may see opens: board, plan with messages, terminal."""
        officer = self.make_account("officer", "en_US")
        self.plan.message_post(
            body="Tour message",
            author_id=officer.partner_id.id,
            subtype_xmlid="mail.mt_comment",
        )
        wrong = self.make_record(recallTime="2020-01-01")
        for lang in LANGUAGES:
            with self.subTest(lang=lang), self.in_each_language():
                self.store(self.make_record(), wrong)
                account = self.make_account("producer", lang)
                account.recall_producer_ids = self.producer
                self.walk("recall_producer_reads", account, TODAY, lang)
