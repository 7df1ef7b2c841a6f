# SPDX-License-Identifier: LGPL-3.0-only
import io
from datetime import UTC, timedelta

from openpyxl import load_workbook

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..report.usage_figures import UsageFigures
from .partner_common import PartnerCommon


class UsageCommon(PartnerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.department = cls.make_user(
            "usage_department", "recall_service.group_department"
        )
        cls.own.name, cls.other.name = "One partner Ltd", "Another partner Ltd"
        # What others have left in the database is not in these figures.
        cls.day = fields.Date.to_date("2031-05-10")
        hour = fields.Datetime.to_datetime("2031-05-10 05:00:00")
        cls.add_usage(cls.interface, hour, 200, requests=7, vins=7)
        cls.add_usage(cls.interface, hour, 429, requests=2)
        cls.add_usage(cls.other_interface, hour, 200, 3, 3000, method="many")
        cls.add_usage(cls.other_interface, hour, 407, requests=1)
        cls.add_usage(cls.interface, hour + timedelta(days=1), 200, 5, 5)
        for edge in (-1, 2):
            cls.add_usage(cls.interface, hour + timedelta(days=edge), 200, 1000, 1000)
        cls.add_lookups(hour, "open", 4)
        cls.add_lookups(hour, "none", 3, "zh_CN")
        cls.add_lookups(hour, "hurdle", 2)
        cls.add_lookups(hour + timedelta(days=1, hours=1), "invalid", 1)
        cls.add_lookups(hour + timedelta(days=2), "open", 1000)

    @classmethod
    def add_lookups(cls, hour, answer, count, lang="en_US"):
        seconds = int(hour.replace(tzinfo=UTC).timestamp())
        cls.env["recall.lookup.usage"]._store_counts(
            {(seconds, answer, lang): (count,)}
        )

    @classmethod
    def get_figures(cls, user=None):
        env = cls.env(user=user or cls.department)
        return UsageFigures(env, cls.day, cls.day + timedelta(days=1))


@tagged("post_install", "-at_install")
class TestUsageFigures(UsageCommon):
    """What the department's figures count, and who gets them."""

    def test_day_counts_what_is_of_another(self):
        """S-REPORT: each request on its day, by what became of it; ends are in."""
        rows = [tuple(row.values())[1:] for row in self.get_figures().sharing_days]
        self.assertEqual(rows, [(10, 2, 1, 3007), (5, 0, 0, 5)])

    def test_look_ups_are_counted_under_another_day_or_answer(self):
        """S-REPORT: look-ups by day, answer and language; who was held up is apart."""
        figures = self.get_figures()
        days = [
            (day["open"], day["none"], day["hurdle"], day["lookups"])
            for day in figures.lookup_days
        ]
        self.assertEqual(days, [(4, 3, 2, 7), (0, 0, 0, 1)])
        answers = {row["answer"]: row["lookups"] for row in figures.lookup_answers}
        self.assertEqual(answers["invalid"], 1)
        self.assertEqual(answers["done"], 0)
        languages = {row["lang"]: row["lookups"] for row in figures.lookup_languages}
        self.assertEqual(languages, {"en_US": 5, "zh_CN": 3})

    def test_hour_is_that_of_another_time_zone(self):
        """S-REPORT: hours of the day are those of the reader, search beside sharing."""
        self.department.tz = "Asia/Shanghai"
        hours = {row["name"]: row for row in self.get_figures().hours}
        self.assertEqual(len(hours), 24)
        self.assertEqual((hours["13:00"]["search"], hours["13:00"]["share"]), (9, 18))
        self.assertEqual((hours["14:00"]["search"], hours["14:00"]["share"]), (1, 0))

    def test_kind_or_method_is_mixed_up(self):
        """S-REPORT: by kind of partner and method, and by status of annex C."""
        figures = self.get_figures()
        kinds = [
            (row["kind"], row["method"], row["requests"], row["vins"])
            for row in figures.sharing_kinds
        ]
        self.assertEqual(
            kinds,
            [
                ("Inspection station", "One VIN", 14, 12),
                ("Insurer", "Many VINs", 3, 3000),
                ("Insurer", "One VIN", 1, 0),
            ],
        )
        statuses = {row["status"]: row["requests"] for row in figures.sharing_statuses}
        self.assertEqual(statuses, {200: 15, 429: 2, 407: 1})

    def test_subscriptions_and_messages_are_not_counted(self):
        """S-REPORT: confirmed subscriptions and messages on their days."""
        subscription = self.env["recall.subscription"].create(
            {"email": "o@example.com", "vin": self.vins[0]}
        )
        subscription._confirm()
        subscription.confirmed_at = f"{self.day} 23:59:59"
        self.env["recall.push"].create(
            {
                "subscription_id": subscription.id,
                "plan_id": self.plan.id,
                "event": "vehicle",
                "state": "sent",
                "sent_at": f"{self.day + timedelta(days=1)} 00:00:00",
            }
        )
        figures = self.get_figures()
        confirmed = [row["confirmed"] for row in figures.subscription_days]
        self.assertEqual(confirmed, [1, 0])
        self.assertEqual([row["sent"] for row in figures.push_days], [0, 1])

    def test_role_without_a_part_gets_figures(self):
        """X-ACCESS: partners and other roles get no report; departments no records."""
        reader = self.make_user("usage_reader", "recall_base.group_reader")
        for user in (reader, self.account):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.get_figures(user)
        for model in (
            "recall.data.user",
            "recall.data.application",
            "recall.token",
            "recall.subscription",
            "recall.vehicle",
        ):
            with self.subTest(model=model):
                Model = self.env[model].with_user(self.department)
                self.assertFalse(Model.has_access("read"))

    def test_period_that_ends_before_it_begins(self):
        """S-REPORT: a wrong or endless period is refused with words."""
        Report = self.env["recall.usage.report"].with_user(self.department)
        for last in (self.day - timedelta(days=1), self.day + timedelta(days=731)):
            with self.assertRaises(ValidationError):
                Report.create({"date_from": self.day, "date_to": last})

    def test_report_lacks_a_part(self):
        """S-REPORT: the printed report has the figures, the plot and no partner."""
        report = (
            self.env["recall.usage.report"]
            .with_user(self.department)
            .create({"date_from": self.day, "date_to": self.day})
        )
        self.assertEqual(
            report.action_print()["report_name"], "recall_service.recall_usage_report"
        )
        html, _kind = (
            self.env["ir.actions.report"]
            .with_user(self.department)
            ._render_qweb_html("recall_service.recall_usage_report", report.ids)
        )
        text = html.decode()
        for part in ("<svg", "3,007", "Many VINs", "407", "Held up by the puzzle"):
            self.assertIn(part, text)
        for name in (self.own.name, self.other.name):
            self.assertNotIn(name, text)

    def test_board_counts_the_wrong_things(self):
        """S-SHARE: applications, tokens, quotas and messages that wait for a person."""
        self.env["recall.data.application"].search([]).unlink()
        administrator = self.make_user("brd_adm", "recall_service.group_administrator")
        self.make_application()
        self.make_application("more", question="?")
        soon = fields.Datetime.now() + timedelta(days=5)
        Token = self.env["recall.token"]
        Token.search([("id", "!=", self.token.id)]).sudo().revoked_at = soon
        self.token.expires_at = soon
        self.env["recall.share.usage"].search([]).unlink()
        self.interface.quota_day = self.other_interface.quota_day = 10
        now = fields.Datetime.now().replace(minute=0, second=0)
        self.add_usage(self.interface, now, 200, 8, 8)
        self.add_usage(self.interface, now, 429, 99, 99)
        self.add_usage(self.other_interface, now, 200, 7, 7)
        # What has waited since the installation would be told, and has no list here.
        self.env["recall.audit.checkpoint"]._cron_seal()
        Today = self.env["recall.service.today"].with_user(administrator)
        figures = Today.get_figures()
        tiles = {tile["key"]: tile["value"] for tile in figures["tiles"]}
        expected = {"applications": 1, "asked": 1, "tokens": 1, "quotas": 1}
        self.assertLessEqual(expected.items(), tiles.items())
        self.assertEqual(
            [plot["key"] for plot in figures["plots"]], ["lookups", "requests"]
        )
        [table] = figures["tables"]
        self.assertEqual([row["cells"][2] for row in table["rows"]], ["8 / 10"])
        for tile in figures["tiles"]:
            domain = tile["action"]["domain"]
            model = self.env[tile["action"]["res_model"]].with_user(administrator)
            self.assertEqual(model.search_count(domain), tile["value"], tile["key"])

    def test_plot_of_look_ups_is_wrong(self):
        """S-REPORT: the board's days show today's open recalls as such."""
        self.env["recall.lookup.usage"].search([]).unlink()
        self.add_lookups(fields.Datetime.now().replace(minute=0, second=0), "open", 5)
        Today = self.env["recall.service.today"].with_user(self.operator)
        plot = Today.get_figures()["plots"][0]
        values = [serie["values"] for serie in plot["series"]]
        self.assertEqual([row[-1] for row in values], [5, 0, 0])
        self.assertEqual(sum(map(sum, values)), 5)

    def test_log_that_is_not_sealed_goes_unnoticed(self):
        """X-LOG: after 15 minutes it is on the board, also without other terminals."""
        Today = self.env["recall.service.today"].with_user(self.operator)
        self.env["recall.audit.checkpoint"]._cron_seal()
        for minutes, told in ((0, []), (16, [(1, "danger")])):
            self.fall_behind(minutes=minutes)
            tiles = Today.get_figures()["tiles"]
            self.assertEqual(
                [
                    (tile["value"], tile["level"])
                    for tile in tiles
                    if tile["key"] == "log"
                ],
                told,
            )

    def test_board_opens_for_who_has_no_part_in_it(self):
        """X-ACCESS: the board is the operator's."""
        self.env["recall.service.today"].with_user(self.operator).get_figures()
        for user in (self.department, self.account):
            with self.assertRaises(AccessError):
                self.env["recall.service.today"].with_user(user).get_figures()


@tagged("post_install", "-at_install")
class TestUsageWorkbook(HttpCase, UsageCommon):
    def get_workbook(self, user, first, last):
        user.password = user.login
        self.authenticate(user.login, user.login)
        return self.url_open(f"/recall/usage.xlsx?from={first}&to={last}")

    def test_workbook_lacks_a_sheet_or_a_chart(self):
        """S-REPORT: sheets with native charts, and the figures of the period."""
        answer = self.get_workbook(
            self.department, self.day, self.day + timedelta(days=1)
        )
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        book = load_workbook(io.BytesIO(answer.content))
        charts = [len(sheet._charts) for sheet in book]
        self.assertEqual(charts, [0, 1, 1, 1, 1, 1, 1, 1])
        searched = [[cell.value for cell in row] for row in book.worksheets[1].rows]
        self.assertEqual(
            [row[1:] for row in searched[1:]],
            [[4, 0, 3, 0, 0, 2, 7], [0, 0, 0, 1, 0, 0, 1]],
        )
        days = [[cell.value for cell in row] for row in book.worksheets[4].rows]
        self.assertEqual(
            [row[1:] for row in days[1:]], [[10, 3007, 2, 1], [5, 5, 0, 0]]
        )
        texts = {
            str(cell.value) for sheet in book for row in sheet.rows for cell in row
        }
        self.assertNotIn(self.own.name, texts)
        event = self.env["recall.audit.event"].search(
            [("action", "=", "report.export")], limit=1
        )
        self.assertEqual(event.user_id, self.department)
        self.assertEqual(
            (event.res_model, event.detail["kind"]), ("recall.usage.report", "xlsx")
        )

    @mute_logger("odoo.http")
    def test_workbook_goes_to_who_has_no_part_in_it(self):
        """X-ACCESS: neither partners nor other roles, nor with a wrong period."""
        reader = self.make_user("usage_reader", "recall_base.group_reader")
        for user in (reader, self.account):
            answer = self.get_workbook(user, self.day, self.day)
            self.assertNotEqual(answer.content[:2], b"PK")
            self.assertGreaterEqual(answer.status_code, 400)
        for first, last in ((self.day, "2031-01-01"), ("x", "y"), ("", "")):
            answer = self.get_workbook(self.department, first, last)
            self.assertNotEqual(answer.content[:2], b"PK")
            self.assertLess(answer.status_code, 500)
