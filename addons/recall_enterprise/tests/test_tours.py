# SPDX-License-Identifier: LGPL-3.0-only
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from odoo.addons.recall_base.tests.browser_common import LANGUAGES, RecallBrowserCase

from .common import COLLECT, SYNC, EnterpriseHttpCase

DASHBOARD = "/odoo/recall-dashboard"
#: In the file that the administrator's tour imports, and what the clerk's looks for.
VIN = "LTZAA11B4SA900001"


@tagged("post_install", "-at_install")
class TestTours(RecallBrowserCase, EnterpriseHttpCase):
    """Each role's work in a real browser, in both languages."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # What others have left in the database is not on these pages.
        others = cls.env["recall.producer"].search([("id", "!=", cls.producer.id)])
        others.active = False
        cls.producer.auto_confirm = False

    def _make_account(self, role, lang):
        return self.make_user(
            f"tour_{role}_{lang}",
            f"recall_enterprise.group_{role}",
            lang=lang,
            recall_producer_ids=self.producer.ids,
        )

    def _run(self, tour, user):
        self.walk(tour, user, url=DASHBOARD)

    def _keep_secrets(self):
        """Note the tokens that the browser is shown, by purpose."""
        secrets = {}
        Token = self.env.registry["recall.token"]
        issue = Token.issue

        def note(model, vals):
            token, secret = issue(model, vals)
            secrets[vals["purpose"]] = secret
            return token, secret

        self.patch(Token, "issue", note)
        return secrets

    def _open_interface(self, purpose):
        return self.env["recall.interface"].search(
            [("purpose", "=", purpose), ("producer_id.name", "=", "Tour Motors")]
        )

    def test_administrator_gets_stuck_before_the_first_synchronisation(self):
        """E-OPEN, E-SYNC: from nothing to the first accepted synchronisation with
        what the dashboard says."""
        self.producer.active = False
        user = self._make_account("administrator", "en_US")
        self._set_up(user)

    def test_administrator_gets_stuck_in_chinese(self):
        """E-OPEN, E-SYNC: the same in Chinese."""
        self.producer.active = False
        user = self._make_account("administrator", "zh_CN")
        self._set_up(user)

    def _set_up(self, user):
        secrets = self._keep_secrets()
        Import = type(self.env["recall.import"])
        # The scheduled action, which no server runs here.
        with patch.object(Import, "_wake", lambda job: job._cron_run()):
            self._run("recall_administrator_opens", user)
        producer = self.env["recall.producer"].search([("name", "=", "Tour Motors")])
        producer.auto_confirm = False
        self._collect_one(secrets["collect"])
        self._run("recall_administrator_confirms", user)
        [record] = self._fetch(secrets["sync"])
        self.assertEqual(record["vehicleVin"], VIN)
        # The last step is the system administrator's.
        self.env["ir.mail_server"].create({"name": "Out", "smtp_host": "mail.example"})
        self._run("recall_administrator_is_done", user)

    def _collect_one(self, secret):
        """Be the dealers' system: one repair of today."""
        record = self.make_record(
            VIN,
            recallNum="S2025M9901V",
            recallTime=str(fields.Date.today()),
            dealerName="Tour Dealer",
        )
        answer = self.post_json(
            COLLECT,
            {
                "api_token": secret,
                "api_cfg": self._open_interface("collect").api_cfg,
                "records": [record],
            },
        )
        self.assertEqual((answer["api_status"], answer["accepted"]), (200, 1), answer)

    def _fetch(self, secret):
        """Be the regulator: get the first page, and acknowledge it."""
        message = {
            "api_token": secret,
            "api_cfg": self._open_interface("sync").api_cfg,
        }
        first = self.post_json(SYNC, {**message, "api_cursor": ""})
        self.assertEqual(first["api_status"], 200, first)
        second = self.post_json(SYNC, {**message, "api_cursor": first["next_cursor"]})
        self.assertEqual((second["api_status"], second["records"]), (200, []))
        return first["records"]

    def _make_waiting(self, count=3):
        return self.env["recall.completion"].union(
            *(
                self.make_completion(
                    self.plan, vin, state="checked", repair_date=fields.Date.today()
                )
                for vin in self.vins[:count]
            )
        )

    def test_reviewer_cannot_confirm_or_reject(self):
        """E-AUDIT: from the figure to the list, several confirmed, one rejected."""
        for lang in LANGUAGES:
            with self.subTest(lang=lang):
                reports = self._make_waiting()
                self._run("recall_reviewer", self._make_account("reviewer", lang))
                states = sorted(reports.mapped("state"))
                self.assertEqual(states, ["confirmed", "confirmed", "rejected"])
                reports.sudo().write({"state": "rejected", "record_key": False})
                self.vins = self.vins[3:]

    def test_clerk_cannot_find_a_report_or_delivery(self):
        """E-SYNC: a clerk finds a VIN, reads its findings, opens a delivery."""
        self.put_in_scope(self.plan, [VIN])
        report = self.make_completion(
            self.plan, VIN, state="rejected", repair_date=fields.Date.today()
        )
        report.finding_ids = self.env["recall.finding"].search([], limit=1)
        now = fields.Datetime.now()
        self.make_completion(self.plan, self.vins[9], changed_at=now, confirmed_at=now)
        cursor = self.sync(api_cursor="")["next_cursor"]
        self.sync(api_cursor=cursor)
        for lang in LANGUAGES:
            with self.subTest(lang=lang):
                self._run("recall_clerk", self._make_account("clerk", lang))
