# SPDX-License-Identifier: LGPL-3.0-only
import os
from unittest.mock import patch

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL
from odoo.tools.safe_eval import safe_eval

from odoo.addons.recall_base.tools import cipher

from .common import EnterpriseHttpCase

NOW = "2026-03-11 04:00:00"  # 12:00 in Shanghai


class DashboardCase(EnterpriseHttpCase):
    """A clerk and an administrator who read the page."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # What has waited since the installation would be told.
        cls.env["recall.audit.checkpoint"]._cron_seal()
        cls.clerk = cls._make_account("dash_clerk", "group_clerk")
        cls.administrator = cls._make_account("dash_admin", "group_administrator")

    @classmethod
    def _make_account(cls, login, group):
        return cls.make_user(
            login,
            f"recall_enterprise.{group}",
            recall_producer_ids=cls.producer.ids,
        )

    def _read(self, user=None, producer_id=None):
        self.env.flush_all()
        Dashboard = self.env["recall.enterprise.dashboard"].with_user(
            user or self.clerk
        )
        return Dashboard.get_figures(producer_id)

    def _tiles(self, **options):
        return {tile["key"]: tile for tile in self._read(**options)["tiles"]}

    def _values(self, **options):
        return {key: tile["value"] for key, tile in self._tiles(**options).items()}

    def _make(self, vin, state, day, plan=None, **vals):
        plan = plan or self.plan
        return self.make_completion(
            plan,
            self.vins[vin] if plan == self.plan else vin,
            state=state,
            repair_date=day,
            record_key=f"dash-{plan.id}-{vin}",
            **vals,
        )


@tagged("post_install", "-at_install")
class TestDashboard(DashboardCase):
    """The landing page: figures of the account's producers, each with its list."""

    def _make_some(self):
        self._make(0, "checked", "2026-03-10")
        self._make(1, "checked", "2026-03-11", held_back="sample")
        self._make(2, "rejected", "2026-03-01")
        self._make(3, "confirmed", "2026-03-10", confirmed_at=NOW, changed_at=NOW)

    def _list_of(self, tile):
        """Records of the list that a tile leads to."""
        action = tile["action"]
        if "xml_id" not in action:
            return self.env[action["res_model"]].search(action["domain"])
        window = self.env.ref(action["xml_id"]).sudo()
        arch = self.env[window.res_model].get_view(window.search_view_id.id, "search")
        domain = fields.Domain(self._eval(window.domain))
        for key, value in action["context"].items():
            name = key.removeprefix("search_default_")
            domain &= self._filter_domain(arch["arch"], name, value)
        return self.env[window.res_model].search(
            domain & fields.Domain("producer_id", "=", self.producer.id)
        )

    @staticmethod
    def _eval(text):
        return safe_eval(text or "[]")

    def _filter_domain(self, arch, name, value):
        found = etree.fromstring(arch).xpath(f"//filter[@name='{name}']")
        if not found:
            return fields.Domain(name, "=", value)
        return fields.Domain(self._eval(found[0].get("domain")))

    def test_tile_shows_another_number_than_its_list(self):
        """E-DEADLINE: each figure is the number of records in the list behind it."""
        with freeze_time(NOW):
            self._make_some()
            tiles = self._tiles()
            expected = {
                "checked": 2,
                "sampled": 1,
                "rejected": 1,
                "due": 2,
                "late": 1,
                "delivered": 0,
                "waiting": 1,
                "refused": 0,
            }
            self.assertEqual(
                {key: tile["value"] for key, tile in tiles.items()}, expected
            )
            for key, tile in tiles.items():
                with self.subTest(tile=key):
                    self.assertEqual(len(self._list_of(tile)), tile["value"])

    def test_delivered_today_ignores_the_producers_clock(self):
        """What arrived before the producer's midnight is not of today."""
        with freeze_time(NOW):
            self._make(0, "confirmed", "2026-03-10", confirmed_at=NOW, changed_at=NOW)
            cursor = self.sync(api_cursor="")["next_cursor"]
            self.sync(api_cursor=cursor)
            self.assertEqual(self._values()["delivered"], 1)
            self.assertEqual(self._values()["waiting"], 0)
        with freeze_time("2026-03-11 16:00:00"):
            self.assertEqual(self._values()["delivered"], 0)

    def test_figures_of_other_producers_show(self):
        """X-ACCESS: only producers of the account count; administrators see all."""
        other = self.make_producer()
        plan = self.make_plan(other)
        [vin] = self.add_vehicles(plan)
        with freeze_time(NOW):
            self._make(vin, "checked", "2026-03-10", plan)
            self.assertEqual(set(self._values().values()), {0})
            figures = self._read()
            self.assertEqual(
                [p["id"] for p in figures["producers"]], [self.producer.id]
            )
            self.assertEqual(self._values(producer_id=other.id)["checked"], 0)
            self.assertEqual(
                self._values(user=self.administrator, producer_id=other.id)["due"], 1
            )
            names = str(figures["plots"])
            self.assertIn(self.plan.recall_number, names)
            self.assertNotIn(plan.recall_number, names)

    def test_choice_of_a_producer_is_lost(self):
        """With several producers one can be chosen, and its lists are filtered."""
        other = self.make_producer()
        self.clerk.recall_producer_ids |= other
        self.make_plan(other)
        figures = self._read(producer_id=other.id)
        self.assertEqual(figures["producer_id"], other.id)
        self.assertEqual(len(figures["producers"]), 2)
        context = figures["tiles"][0]["action"]["context"]
        self.assertEqual(context["search_default_producer_id"], other.id)

    def test_stranger_reads_the_figures(self):
        """X-ACCESS: dealers and accounts without a role get no figure."""
        dealer = self.make_user(
            "dash_dealer",
            "recall_enterprise.group_dealer",
            recall_dealer_id=self.dealer.id,
        )
        stranger = self.make_user("dash_stranger", "base.group_user")
        for user in (dealer, stranger):
            for model in ("recall.enterprise.dashboard", "recall.dashboard"):
                with self.subTest(login=user.login, model=model):
                    Dashboard = self.env[model].with_user(user)
                    with self.assertRaises(AccessError):
                        Dashboard.get_figures()
                    with self.assertRaises(AccessError):
                        Dashboard.set_checklist_hidden(True)

    def test_day_of_the_plot_is_wrong(self):
        """The plot counts by the day on the producer's clock."""
        moments = ("2026-03-10 15:59:59", "2026-03-10 16:00:00", "2026-02-10 04:00:00")
        for number, moment in enumerate(moments):
            self._make(
                number,
                "confirmed",
                "2026-02-01",
                confirmed_at=moment,
                changed_at=moment,
            )
        with freeze_time(NOW):
            [days] = [p for p in self._read()["plots"] if p["key"] == "days"]
        self.assertEqual(len(days["labels"]), 30)
        self.assertEqual(days["series"][0]["values"][-2:], [1, 1])
        self.assertEqual(days["series"][0]["values"][0], 1)

    def test_rate_is_not_the_plans(self):
        """The bars show the plan's own rate and lead to the plan."""
        self._make(0, "confirmed", "2026-03-01")
        self.plan.invalidate_recordset()
        [rates] = [p for p in self._read()["plots"] if p["key"] == "rates"]
        self.assertEqual(rates["series"][0]["values"], [10.0])
        self.assertEqual(rates["actions"][0]["res_id"], self.plan.id)

    def test_page_counts_the_big_table(self):
        """No statement of the page reads the table of reports from end to end."""
        self._make_some()
        self.env.flush_all()
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        scans = []
        execute = type(self.env.cr).execute

        def explain(cr, query, *args, **kwargs):
            text = query.code if isinstance(query, SQL) else str(query)
            if "recall_completion" in text and text.lstrip()[:6] in (
                "SELECT",
                "WITH t",
            ):
                execute(cr, SQL("EXPLAIN %s", query))
                scans.extend(
                    row[0]
                    for row in cr.fetchall()
                    if "Seq Scan on recall_compl" in row[0]
                )
            return execute(cr, query, *args, **kwargs)

        with patch.object(type(self.env.cr), "execute", explain):
            self._read(self.administrator)
        self.assertFalse(scans)

    def test_empty_page_shows_nothing(self):
        """Without a plan the page says what comes next, in place of zeros."""
        self.clerk.recall_producer_ids = self.make_producer()
        figures = self._read()
        self.assertIn("No recall plan", figures["empty"])
        self.assertFalse(figures["tiles"] or figures["plots"])
        self.clerk.recall_producer_ids = False
        self.assertIn("No producer is assigned", self._read()["empty"])

    def test_interface_row_is_wrong(self):
        """Each interface shows whether it is open and when it was asked last."""
        self.sync()
        rows = self._read()["tables"][0]["rows"]
        cells = {row["cells"][0]: row["cells"][1:] for row in rows}
        self.assertEqual(cells["Test collect"], ["Yes", "None yet"])
        self.assertEqual(cells["Test sync"][0], "Yes")
        self.assertNotEqual(cells["Test sync"][1], "None yet")


@tagged("post_install", "-at_install")
class TestChecklist(DashboardCase):
    """The first steps are read from what is there."""

    def _steps(self, producer):
        """Steps of a producer as ``{key: done}``."""
        self.env.flush_all()
        steps = self.env["recall.enterprise.checklist"]._prepare_steps(producer)
        return {step["key"]: step["done"] for step in steps}

    def test_step_is_done_or_open_wrongly(self):
        """Each step is done when its records are there, and not before."""
        self.env["ir.mail_server"].search([]).active = False
        producer = self.make_producer()
        done = {"producer", "keys"}
        self.assertEqual({k for k, v in self._steps(producer).items() if v}, done)

        def check(*keys):
            done.update(keys)
            found = {key for key, value in self._steps(producer).items() if value}
            self.assertEqual(found, done)

        plan = self.make_plan(producer)
        check()
        self.env["ir.mail_server"].create({"name": "Out", "smtp_host": "mail.example"})
        check("mail")
        [vin] = self.add_vehicles(plan)
        check("plan")
        self.make_dealer(producer)
        check("dealers")
        self.make_interface(producer, "sync")
        check("interface")
        self.issue_token("sync", "producer_id", producer)
        check("token")
        self.make_interface(producer, "collect")
        check("collection")
        report = self._make(vin, "checked", "2025-03-01", plan)
        check()
        report.action_confirm()
        check("confirmed")
        delivery = self.env["recall.delivery"].create(
            {
                "producer_id": producer.id,
                "interface_id": producer.interface_ids[0].id,
                "mode": "plain",
            }
        )
        delivery._note_arrival()
        check("acknowledged")

    def test_missing_keys_are_not_noticed(self):
        """Without a key file the step is open and says how to make one."""
        with patch.dict(os.environ, {cipher.ENVIRONMENT: ""}):
            self.assertFalse(self._steps(self.producer)["keys"])

    def test_revoked_token_counts(self):
        """A step opens again when its record goes."""
        self.sync_token.action_revoke()
        self.assertFalse(self._steps(self.producer)["token"])

    def test_clerk_sees_the_administrators_steps(self):
        """Only administrators can do the steps, and see them."""
        self.assertFalse(self._read()["checklist"])
        self.assertEqual(len(self._read(self.administrator)["checklist"]["steps"]), 10)

    def test_checklist_cannot_be_hidden(self):
        """Hidden and shown again, by each account for itself."""
        Dashboard = self.env["recall.enterprise.dashboard"].with_user(
            self.administrator
        )
        for hidden in (True, False):
            Dashboard.set_checklist_hidden(hidden)
            self.assertEqual(
                self._read(self.administrator)["checklist"]["hidden"], hidden
            )
