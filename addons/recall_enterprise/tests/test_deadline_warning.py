# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import freeze_time, tagged

from odoo.addons.recall_base.tests.common import GUARD_LOGGER

from .common import EnterpriseCommon

#: 15:59 and 16:00 in Shanghai.
BEFORE, HOUR = "2026-03-11 07:59:00", "2026-03-11 08:00:00"


@tagged("post_install", "-at_install")
class TestDeadlineWarning(EnterpriseCommon):
    """The mail to the reviewers: what is due by midnight or late, and why."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("zh_CN")
        cls.env["recall.producer"].search([]).warning_mail = False
        cls.producer.write({"warning_mail": True, "warning_hour": 16})
        cls.reviewer = cls.make_user(
            "watch_reviewer",
            "recall_enterprise.group_reviewer",
            email="reviewer@example.com",
            recall_producer_ids=cls.producer.ids,
        )

    def _make_late(self, state="checked", vin=0):
        return self.make_completion(
            self.plan, self.vins[vin], state=state, repair_date="2026-03-09"
        )

    def _run(self, now=HOUR):
        """Run the scheduled action; returns the mails it made."""
        Mail = self.env["mail.mail"]
        before = Mail.search([])
        with freeze_time(now), self.enter_registry_test_mode():
            self.env.ref("recall_enterprise.ir_cron_warn").method_direct_trigger()
        return Mail.search([]) - before

    def test_mail_comes_before_its_hour_or_twice(self):
        """E-DEADLINE: at the producer's hour, once a day, again the next day."""
        self._make_late()
        self.assertFalse(self._run(BEFORE))
        mail = self._run(HOUR)
        self.assertEqual(mail.recipient_ids, self.reviewer.partner_id)
        self.assertFalse(self._run("2026-03-11 15:00:00"))
        self.assertFalse(self._run("2026-03-12 07:59:00"))
        self.assertEqual(len(self._run("2026-03-12 08:00:00")), 1)

    def test_mail_comes_for_nothing(self):
        """E-DEADLINE: no mail when nothing is due or late."""
        self.make_completion(
            self.plan, self.vins[0], state="checked", repair_date="2026-03-11"
        )
        self.assertFalse(self._run())

    def test_mail_lacks_a_reason(self):
        """E-DEADLINE: it counts by reason, with the state of the interface."""
        self._make_late("checked")
        self._make_late("rejected", 1)
        self._make_late("confirmed", 2)
        mail = self._run()
        self.assertIn("0 repair reports due by midnight, 3 late", mail.subject)
        for text in (
            "Waits for confirmation",
            "Rejected: waits for a correction",
            "Waits until the regulator asks",
            "The regulator has not asked this interface yet.",
            "/odoo/recall-deadlines",
        ):
            self.assertIn(text, mail.body_html)
        self.assertNotIn("has not handed it in", mail.body_html)
        self.assertNotIn("138", mail.body_html)

    def test_closed_interface_is_not_named(self):
        """E-DEADLINE: a closed interface is the reason that is given."""
        self._make_late("confirmed")
        self.sync_interface.active = False
        self.assertIn("No synchronisation interface is open", self._run().body_html)

    def test_mail_is_in_the_wrong_language(self):
        """E-DEADLINE: each reviewer reads it in the account's own language."""
        self.reviewer.lang = "zh_CN"
        template = self.env.ref("recall_enterprise.mail_template_deadline")
        template.with_context(lang="zh_CN").subject = "截止提醒"
        self._make_late()
        self.assertEqual(self._run().subject, "截止提醒")

    def test_nobody_is_told(self):
        """E-DEADLINE: without a reviewer of the producer the administrators are told;
        a reviewer of another producer never."""
        self.reviewer.recall_producer_ids = self.make_producer()
        administrator = self.make_user(
            "watch_admin",
            "recall_enterprise.group_administrator",
            email="administrator@example.com",
        )
        self._make_late()
        people = self._run().recipient_ids
        self.assertIn(administrator.partner_id, people)
        self.assertNotIn(self.reviewer.partner_id, people)

    def test_fault_of_one_producer_silences_the_others(self):
        """E-DEADLINE: where one producer's mail fails, the others' go out."""
        self._make_late()
        # The first in the order of names.
        broken = self.make_producer("A", warning_mail=True, warning_hour=16)
        warn = type(broken)._warn

        def fail(producer):
            warn(producer)
            if producer == broken:
                raise ZeroDivisionError

        self.patch(type(broken), "_warn", fail)
        with self.assertLogs(GUARD_LOGGER, "ERROR"):
            mails = self._run()
        self.assertEqual(mails.recipient_ids, self.reviewer.partner_id)
        self.assertFalse(broken.warned_on)

    def test_switched_off_mail_comes(self):
        """E-DEADLINE: a producer may do without."""
        self.producer.warning_mail = False
        self._make_late()
        self.assertFalse(self._run())
