# SPDX-License-Identifier: LGPL-3.0-only
import contextlib
from datetime import date
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from ..models.recall_reseal import RECOUNT, SETTLE
from ..models.sealed_mixin import PASSING
from ..tools import cipher, key_file
from .common import RecallCommon

PHONES = [f"1380013800{digit}" for digit in range(5)]
LAST_YEAR = date.today().year - 1


class Killed(BaseException):
    """The server is killed: nothing handles it."""


@tagged("post_install", "-at_install")
class TestReseal(RecallCommon):
    """Keys are changed while the system runs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Only what is made here: no other data of the database has a key of the file.
        cls.env.cr.execute(
            "UPDATE recall_completion SET phone_sealed = NULL WHERE phone_sealed != ''"
        )
        cls.reports = cls.env["recall.completion"].concat(
            *(cls.make_completion(cls.plan, vin) for vin in cls.vins[:5])
        )
        for report, phone in zip(cls.reports, PHONES, strict=True):
            cls.set_phone(report, phone)
        cls.old = cipher.KeyRing.from_environment()

    def setUp(self):
        super().setUp()
        self.addCleanup(self._restore_keys, self.key_file.read_bytes())

    def run_until_killed(self):
        """Not by ``assertRaises``, which would undo what was committed."""
        with contextlib.suppress(Killed):
            self.reseal()

    def key(self, kid, section="seal"):
        return self.env["recall.key"].search(
            [("section", "=", section), ("kid", "=", kid)]
        )

    def kids(self):
        return {cipher.kid_of(report.phone_sealed) for report in self.reports}

    def assertReadable(self):
        self.assertEqual([one._open_phone() for one in self.reports], PHONES)

    def test_something_stays_under_the_old_key_or_is_lost(self):
        """X-CRYPTO: after a rotation everything moves, then the key can be retired."""
        [old_kid] = self.old.seal_keys
        self.rotate_keys()
        self.assertReadable()
        self.reseal()
        new = cipher.KeyRing.from_environment()
        self.assertEqual(self.kids(), {new.active["seal"]})
        self.assertEqual(
            self.reports.mapped("phone_digest"), [new.blind(one) for one in PHONES]
        )
        for section in ("seal", "blind"):
            self.assertEqual(self.key(old_kid, section).state, "needed")
        self.reseal(SETTLE)
        for section in ("seal", "blind"):
            self.assertEqual(self.key(old_kid, section).state, "free")
        self.assertEqual(self.key(new.active["seal"]).state, "active")
        key_file.retire(self.key_file, old_kid, ["seal", "blind"])
        self.assertReadable()
        self.reseal()
        self.assertFalse(self.key(old_kid))

    def test_rotation_leaves_no_trace_in_the_log(self):
        """X-TAMPER: the log has one event of each model, without personal data."""
        self.rotate_keys()
        before = self.env["recall.audit.event"].search([], limit=1).id or 0
        self.reseal()
        events = self.env["recall.audit.event"].search(
            [("id", ">", before), ("action", "=", "key.reseal")]
        )
        told = {event.detail["model"]: event.detail["count"] for event in events}
        self.assertEqual(told["recall.completion"], len(PHONES))
        self.assertEqual(len(events), len(told))
        self.assertNotIn("1380013800", str(events.mapped("detail")))

    def test_killed_job_begins_anew_or_leaves_some_out(self):
        """X-CRYPTO: what was done before the kill is not done again."""
        Completion = type(self.env["recall.completion"])
        done, reseal = [], Completion._reseal

        def killed(records, keys):
            if len(done) == 2:
                raise Killed
            done.extend(records.ids)
            return reseal(records, keys)

        self.rotate_keys("seal")
        with patch.object(Completion, "_reseal_batch", 1):
            with patch.object(Completion, "_reseal", killed):
                self.run_until_killed()
            self.env.invalidate_all()
            self.assertEqual(len(self.kids()), 2)
            first, done[:] = list(done), []
            with patch.object(
                Completion,
                "_reseal",
                lambda records, keys: done.extend(records.ids) or reseal(records, keys),
            ):
                self.reseal()
        self.assertEqual(first + done, sorted(self.reports.ids))
        self.assertEqual(len(self.kids()), 1)
        self.assertReadable()

    def test_change_meanwhile_is_written_over(self):
        """X-CRYPTO: a number that came while the job had the record stays."""
        self.rotate_keys("seal")
        keys = cipher.KeyRing.from_environment()
        report = self.reports[0]
        row = report._resealed(keys, "phone_sealed", set(self.old.seal_keys))
        self.set_phone(report, "13900139000")
        self.env.flush_all()
        self.assertEqual(report._store_resealed("phone_sealed", [row]), 0)
        report.invalidate_recordset()
        self.assertEqual(report._open_phone(), "13900139000")

    def test_late_value_under_the_old_key_lets_it_be_retired(self):
        """X-CRYPTO: work that held the old keys is found by the count, and moved."""
        [old_kid] = self.old.seal_keys
        self.rotate_keys("seal")
        self.reseal()
        report = self.reports[0]
        context = report._get_seal_context("phone_sealed")
        report.phone_sealed = self.old.seal(PHONES[0], context)
        self.env.flush_all()
        self.reseal(SETTLE)
        self.assertEqual(self.key(old_kid).state, "needed")
        self.assertEqual(self.key(old_kid).value_count, 1)
        self.reseal(SETTLE)
        self.assertEqual(self.key(old_kid).state, "free")
        self.assertReadable()

    def test_passing_values_keep_their_key_for_ever(self):
        """X-CRYPTO: what went by itself since the count is not counted any more."""
        [old_kid] = self.old.seal_keys
        self.rotate_keys("seal")
        with patch.object(
            type(self.env["recall.completion"]), "_sealed", {"phone_sealed": PASSING}
        ):
            self.reseal()
            self.reseal(SETTLE)
            self.assertEqual(self.key(old_kid).state, "needed")
            self.reports.phone_sealed = False
            self.env.flush_all()
            self.reseal(2 * SETTLE)
            self.assertEqual(self.key(old_kid).state, "needed")
            self.reseal(SETTLE + RECOUNT)
            self.assertEqual(self.key(old_kid).state, "free")

    def test_reports_are_counted_every_day(self):
        """X-CRYPTO: what keeps the key of its year is not read again without need."""
        self.rotate_keys("seal")
        self.reseal()
        self.reseal(SETTLE)
        job = self.env["recall.reseal"].search(
            [("res_model", "=", "recall.completion")]
        )
        counted = job.counted_at
        job.counts = {"20200101-abcdef": 1}
        self.reseal(SETTLE + RECOUNT)
        self.assertEqual(job.counted_at, counted)

    def test_button_counts_nothing(self):
        """X-CRYPTO: who asks for a count has one, whatever was counted before."""
        self.reseal()
        before = self.key(self.old.active["seal"]).value_count
        self.reports[0].phone_sealed = False
        self.env.flush_all()
        self.reseal()
        self.assertEqual(self.key(self.old.active["seal"]).value_count, before)
        keeper = self.make_user("reseal_keeper", "recall_base.group_keeper")
        self.env["recall.key"].with_user(keeper).action_count()
        self.reseal()
        self.assertEqual(self.key(self.old.active["seal"]).value_count, before - 1)

    def test_year_s_data_outlives_its_key_or_breaks_a_screen(self):
        """X-CRYPTO: destroying a year's key erases its data, in plain words."""
        kid = self.rotate_keys(year=LAST_YEAR)
        report = self.reports[0]
        context = report._get_seal_context("phone_sealed")
        keys = cipher.KeyRing.from_environment()
        report.phone_sealed = keys.seal(PHONES[0], context, kid)
        self.env.flush_all()
        self.rotate_keys()
        self.reseal()
        self.assertEqual(cipher.kid_of(report.phone_sealed), kid)
        self.assertEqual(self.key(kid).state, "holds")
        self.assertEqual(self.key(kid).year, str(LAST_YEAR))
        key_file.retire(self.key_file, kid)
        reader = self.make_user(
            "reseal_reader",
            "recall_base.group_personal_data",
            recall_producer_ids=self.producer.ids,
        )
        action = report.with_user(reader).action_reveal_phone()
        self.assertIn("Erased", action["params"]["message"])
        self.reseal()
        self.assertEqual(self.key(kid).state, "destroyed")
        self.assertEqual(self.key(kid).value_count, 1)

    def test_missing_key_of_next_year_goes_unnoticed(self):
        logger = "odoo.addons.recall_base.models.recall_reseal"
        day = date(date.today().year, 12, 1)
        with patch(f"{logger}.date", wraps=date, **{"today.return_value": day}):
            with self.assertLogs(logger, "WARNING") as logs:
                self.reseal()
            self.assertIn("--year", logs.output[0])
            self.rotate_keys(year=day.year + 1)
            with self.assertNoLogs(logger, "WARNING"):
                self.reseal()

    def test_altered_text_stops_the_job(self):
        """X-CRYPTO: one value that does not open keeps no other from its new key."""
        self.reports[0].phone_sealed = self.reports[1].phone_sealed
        self.env.flush_all()
        self.rotate_keys("seal")
        self.reseal()
        self.assertEqual(len(self.kids()), 2)
        self.reseal(SETTLE)
        self.assertEqual(self.key(next(iter(self.old.seal_keys))).value_count, 1)

    def test_token_s_key_is_retired_under_it(self):
        """X-CRYPTO: tokens stay under their key until they are issued anew."""
        vals = {"name": "T", "purpose": "sync", "producer_id": self.producer.id}
        token, _secret = self.env["recall.token"].issue(vals)
        [kid] = self.old.token_keys
        self.rotate_keys("token")
        self.reseal()
        self.assertEqual(self.key(kid, "token").state, "needed")
        self.assertGreaterEqual(self.key(kid, "token").value_count, 1)
        token.action_revoke()
        self.reseal()
        self.assertEqual(self.key(kid, "token").state, "free")

    def test_reader_starts_the_job(self):
        reader = self.make_user("reseal_auditor", "recall_base.group_auditor")
        with self.assertRaises(AccessError):
            self.env["recall.key"].with_user(reader).action_count()

    def test_what_needs_a_key_is_told_in_the_language_of_the_job(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.env["ir.module.module"]._load_module_terms(["recall_base"], ["zh_CN"])
        self.reseal()
        for section in ("seal", "blind", "sign"):
            keys = self.env["recall.key"].search([("section", "=", section)])
            told = keys.with_context(lang="en_US").mapped("detail")
            self.assertTrue(all(told), section)
            self.assertNotEqual(keys.with_context(lang="zh_CN").mapped("detail"), told)

    def test_model_with_a_sealed_column_is_left_out(self):
        """X-CRYPTO: every column of this form belongs to a model that the job knows."""
        known = {
            self.env[name]._table: set(self.env[name]._sealed)
            for name in self.env["recall.reseal"]._get_models()
        }
        self.env.cr.execute(
            SQL(
                """SELECT table_name, column_name FROM information_schema.columns
                    WHERE table_schema = current_schema
                      AND table_name LIKE %s AND column_name LIKE %s""",
                r"recall\_%",
                r"%sealed",
            )
        )
        found = {row for row in self.env.cr.fetchall() if "staging" not in row[0]}
        missing = {row for row in found if row[1] not in known.get(row[0], ())}
        self.assertFalse({row for row in missing if row[1] != "log_sealed"})
        self.assertTrue(found)
