# SPDX-License-Identifier: LGPL-3.0-only
import psycopg2

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .audit_common import AuditCommon


@tagged("post_install", "-at_install")
class TestAuditStop(AuditCommon, HttpCase):
    """What happens where the sealer falls behind."""

    def attempts(self):
        """Ways of changing business data: ORM, bulk, SQL."""
        return {
            "write": lambda: (
                self.plan.write({"defect": "x"}) and self.plan.flush_model()
            ),
            "create": lambda: self.make_dealer(self.producer).flush_recordset(),
            "bulk": lambda: self.add_vehicles(self.plan, 3),
            "delete": lambda: self.dealer.unlink(),
            "sql": lambda: self.env.cr.execute("UPDATE recall_vehicle SET vin = vin"),
        }

    @mute_logger("odoo.sql_db")
    def test_data_changes_while_nothing_is_sealed(self):
        """X-TAMPER: after 4 hours nobody writes business data, in no way; once the log
        is sealed everybody does again."""
        self.fall_behind(hours=5)
        for name, attempt in self.attempts().items():
            with (
                self.subTest(name),
                self.assertRaises(psycopg2.errors.CheckViolation),
                self.env.cr.savepoint(),
            ):
                attempt()
            self.env.invalidate_all(flush=False)
        self.Seal._cron_seal()
        for name, attempt in self.attempts().items():
            with self.subTest(name), self.env.cr.savepoint():
                attempt()

    def test_data_is_locked_too_early(self):
        """X-TAMPER: up to 4 hours there is an alarm only, from 15 minutes on."""
        self.fall_behind(hours=0.2)
        self.assertEqual(self.Seal._find_troubles(), [])
        self.fall_behind(hours=3)
        self.assertEqual(self.Seal._find_troubles(), ["unsealed"])
        for attempt in self.attempts().values():
            with self.env.cr.savepoint():
                attempt()
        self.Seal._cron_seal()
        self.assertEqual(self.Seal._find_troubles(), [])

    @mute_logger("odoo.sql_db", "odoo.http")
    def test_user_is_not_told_why_nothing_can_be_saved(self):
        """X-TAMPER: a sentence that says what to do, instead of a database error."""
        self.make_user("log_keeper", "recall_base.group_keeper")
        self.fall_behind(hours=5)
        self.authenticate("log_keeper", "log_keeper")
        call = {
            "model": "recall.dealer",
            "method": "write",
            "args": [self.dealer.ids, {"name": "Another name"}],
            "kwargs": {},
        }
        answer = self.url_open("/web/dataset/call_kw", json={"params": call}).json()
        message = answer["error"]["data"]["message"]
        self.assertIn("has not been sealed for 4 hours", message)

    def test_account_cannot_log_in_to_mend_it(self):
        """X-TAMPER: the log itself takes events all the while."""
        self.fall_behind(hours=5)
        self.Event._record("user.log_in")
        self.env.flush_all()

    # === Verification as a job === #

    def run_cron(self):
        self.env.ref("recall_base.ir_cron_verify").method_direct_trigger()

    def test_verification_is_lost_between_two_runs(self):
        """X-TAMPER: a job goes on where it was, and tells place and kind in words."""
        self.seal(3)
        auditor = self.make_user("log_auditor", "recall_base.group_auditor")
        action = self.Checkpoint.with_user(auditor).action_verify()
        job = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual((job.state, job.user_id), ("waiting", auditor))
        steps = 1
        while job._step():
            steps += 1
            job.invalidate_recordset(flush=True)
        self.assertGreater(steps, 4)
        self.assertRecordValues(
            job, [{"state": "unbroken", "progress": 100, "size": self.base + 3}]
        )
        self.assertIn(f"{self.base + 3} entries", job.with_user(auditor).report)

    def test_auditor_is_not_told_where_the_log_differs(self):
        """X-TAMPER: each difference is a sentence, and an alarm until it is gone."""
        events = self.seal(3)
        dealer = self.dealer
        self.spoil(
            "UPDATE recall_audit_event SET action = 'x' WHERE id = %s", events[1].id
        )
        self.spoil("UPDATE recall_dealer SET name = 'x' WHERE id = %s", dealer.id)
        job = self.env["recall.audit.verification"].create({})
        self.run_cron()
        self.assertEqual(job.state, "broken")
        self.assertEqual(
            job.report.splitlines(),
            [
                f"Entry {self.base + 2} of the log is not the one that was sealed.",
                f"Dealer {dealer.id} was changed in the database, past the "
                "application.",
            ],
        )
        self.assertEqual(self.Seal._find_troubles(), ["tampered"])

    def test_verification_cannot_be_stopped(self):
        job = self.env["recall.audit.verification"].create({})
        job.action_stop()
        self.run_cron()
        self.assertEqual(job.state, "stopped")
