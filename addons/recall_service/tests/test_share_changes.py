# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import tagged

from odoo.addons.recall_base.tools.messages import ApiStatus

from ..hooks import uninstall_hook
from .share_common import ShareHttpCommon


@tagged("post_install", "-at_install")
class TestShareChanges(ShareHttpCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface.allow_changes = True
        cls.changes = cls.env["recall.share.change"]
        cls.env.cr.execute("TRUNCATE recall_share_inbox, recall_share_change")
        cls.env.cr.execute("SELECT coalesce(max(id), 0) FROM recall_vehicle")
        cls.vehicle_count = cls.env["recall.vehicle"].search_count([])

    def seal(self):
        self.env.flush_all()
        return self.changes._seal()

    def page(self, cursor, **members):
        answer = self.ask_for(api_exchange_cursor=cursor, **members)
        self.assertStatus(answer, ApiStatus.SUCCESS)
        return answer

    def follow(self, cursor, limit=3):
        """Read to the end; returns results by VIN and the last cursor."""
        told, more = {}, True
        while more:
            answer = self.page(cursor, api_limit=limit)
            told |= {
                result["vehicleVin"]: result["status"]
                for result in answer["exchange_results"]
            }
            cursor, more = answer["next_cursor"], answer["has_more"]
        return told, cursor

    def test_empty_cursor_begins_with_all_vehicles(self):
        """S-SHARE: page by page every vehicle of a published recall is told once."""
        told, cursor = self.follow("")
        self.assertLessEqual(set(self.vins), set(told))
        self.assertEqual(set(told.values()), {"found"})
        self.assertEqual(self.page(cursor)["exchange_results"], [])

    def test_repaired_vehicle_is_a_change(self):
        """S-SHARE: after a repair the vehicle is told again, in its present state."""
        _told, cursor = self.follow("")
        self.make_completion(self.plan, self.vins[4])
        self.seal()
        answer = self.page(cursor)
        [record] = answer["exchange_records"]
        self.assertEqual(record["vehicleVin"], self.vins[4])
        self.assertIs(record["isRecalled"], True)
        self.assertEqual(self.page(answer["next_cursor"])["count"], 0)

    def test_what_commits_late_is_numbered_late(self):
        """S-SHARE: a change whose transaction ended after the next is not lost."""
        _told, cursor = self.follow("")
        late, early = self.get_vehicle(self.plan, self.vins[1]), self.vins[2]
        self.make_completion(self.plan, early)
        self.seal()
        told, cursor = self.follow(cursor)
        self.assertEqual(set(told), {early})
        # Its row came into the inbox before; it became visible only now.
        self.env.cr.execute(
            "INSERT INTO recall_share_inbox (vehicle_id) VALUES (%s)", [late.id]
        )
        self.seal()
        self.assertEqual(set(self.follow(cursor)[0]), {late.vin})

    def test_change_while_all_are_read_is_told_afterwards(self):
        """S-SHARE: nothing that happens behind the reader's back is lost."""
        first = self.page("", api_limit=3)
        self.make_completion(self.plan, self.vins[0])
        added = self.add_vehicles(self.plan, 2)
        self.seal()
        _told, cursor = self.follow(first["next_cursor"])
        told, _cursor = self.follow(cursor)
        self.assertEqual(set(told), {self.vins[0], *added})

    def test_withdrawn_recall_takes_its_vehicles_back(self):
        """S-SHARE: vehicles of a withdrawn plan are told as having none."""
        _told, cursor = self.follow("")
        self.plan.sudo().state = "withdrawn"
        self.seal()
        told, _cursor = self.follow(cursor)
        self.assertEqual(told, dict.fromkeys(self.vins, "none"))

    def test_vehicle_that_left_the_scope_is_told(self):
        """S-SHARE: who is not in scope any more is told as having none."""
        _told, cursor = self.follow("")
        self.env["recall.vehicle"]._take_out(self.plan, self.vins[:1])
        self.seal()
        self.assertEqual(self.follow(cursor)[0], {self.vins[0]: "none"})

    def test_filed_plans_stay_hidden_until_published(self):
        """S-SHARE: no VIN of a plan that is not public gets out, and none is lost."""
        _told, cursor = self.follow("")
        filed = self.make_plan(self.producer, state="filed")
        hidden = self.add_vehicles(filed, 4)
        self.seal()
        self.assertFalse(set(hidden) & set(self.follow("")[0]))
        self.assertEqual(self.follow(cursor)[0], {})
        filed.sudo().state = "published"
        self.seal()
        self.assertEqual(self.follow(cursor)[0], dict.fromkeys(hidden, "found"))

    def test_new_texts_are_told_and_counters_are_not(self):
        """S-SHARE: texts of plan, line and producer are told; counters cost nothing."""
        _told, cursor = self.follow("")
        for record, vals in (
            (self.plan, {"defect": "The brake hose cracks."}),
            (self.plan.line_ids, {"model": "TST7000C"}),
            (self.producer, {"name": "Renamed producer"}),
        ):
            with self.subTest(record=record):
                record.write(vals)
                self.seal()
                told, cursor = self.follow(cursor)
                self.assertEqual(set(told), set(self.vins))
        self.plan.write({"announced_count": 77})
        self.producer.write({"hotline": "400-1"})
        self.env.flush_all()
        self.env.cr.execute("SELECT count(*) FROM recall_share_inbox")
        self.assertEqual(self.env.cr.fetchone()[0], 0)

    def test_numbers_only_grow(self):
        """S-SHARE: two seals at one moment, or a clock set back, repeat no number."""
        self.make_completion(self.plan, self.vins[0])
        self.seal()
        self.env.cr.execute("UPDATE recall_share_change SET sequence = sequence + 1e15")
        before = self.changes._get_last()
        self.make_completion(self.plan, self.vins[1])
        self.seal()
        self.assertEqual(self.changes._get_last(), before + 1)

    def test_wrong_cursors_are_refused(self):
        """S-SHARE: 407 for what was never a cursor."""
        for cursor in ("x", "since:", "all:1", "since:1;--", "since:" + "9" * 30, " "):
            with self.subTest(cursor=cursor):
                answer = self.ask_for(api_exchange_cursor=cursor)
                self.assertStatus(answer, ApiStatus.PARAMETER_FORMAT)
        for limit in (0, -1, 10_001, "5", 1.5):
            answer = self.ask_for(api_exchange_cursor="", api_limit=limit)
            self.assertStatus(answer, ApiStatus.PARAMETER_FORMAT)

    def test_scheduled_action_seals(self):
        """S-SHARE: changes are numbered without anybody's doing."""
        self.make_completion(self.plan, self.vins[0])
        self.env.flush_all()
        self.env.ref("recall_service.ir_cron_seal_changes").method_direct_trigger()
        self.env.cr.execute("SELECT count(*) FROM recall_share_inbox")
        self.assertEqual(self.env.cr.fetchone()[0], 0)
        self.assertGreater(self.changes._get_last(), 0)

    def test_uninstalled_add_on_leaves_nothing_behind(self):
        """X-FAULT: vehicles and plans can be changed when the add-on is gone."""
        uninstall_hook(self.env)
        self.make_completion(self.plan, self.vins[0])
        self.plan.defect = "The brake hose cracks."
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'recall_share_%'"
        )
        self.assertEqual(self.env.cr.fetchone()[0], 0)
