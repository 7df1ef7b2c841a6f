# SPDX-License-Identifier: LGPL-3.0-only
from unittest.mock import patch

import psycopg2

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..controllers.lookup import RecallLookup
from ..models import recall_lookup
from ..models.counter_mixin import hand_over, meters
from .common import RecallServiceCommon
from .test_lookup_guard import GuardCommon

NOT_A_VIN = "LSVAA4182E2184I37"


@tagged("post_install", "-at_install")
class TestLookupUsage(HttpCase, GuardCommon):
    """S-REPORT: what is counted of the public search, seen from the browser."""

    def setUp(self):
        super().setUp()
        meters.clear()
        self.env["recall.lookup.usage"].search([]).unlink()

    def look_up(self, vin, lang=""):
        self.env.flush_all()
        return self.url_open(f"{lang}/recall", data={"vin": vin})

    def read_usage(self):
        """{(answer, language): look-ups} of the table after a hand-over."""
        hand_over(self.env.registry, "recall.lookup.usage", all_of_it=True)
        self.env.invalidate_all()
        usage = self.env["recall.lookup.usage"].search([])
        return {(row.answer, row.lang): row.lookup_count for row in usage}

    def test_answers_are_counted_as_something_else(self):
        """S-REPORT: each case of the page is counted as itself."""
        self.make_completion(self.plan, self.vins[1])
        self.look_up(self.vins[0])
        self.look_up(self.vins[0])
        self.look_up(self.vins[1])
        self.look_up(self.make_vin())
        self.look_up(NOT_A_VIN)
        self.assertEqual(
            self.read_usage(),
            {
                ("open", "en_US"): 2,
                ("done", "en_US"): 1,
                ("none", "en_US"): 1,
                ("invalid", "en_US"): 1,
            },
        )

    def test_fault_is_not_counted(self):
        """S-REPORT: what could not be checked is counted, as the operator must know."""
        fault = psycopg2.errors.QueryCanceled("too slow")
        with (
            mute_logger("odoo.addons.recall_service.controllers.lookup"),
            patch.object(recall_lookup.RecallLookup, "_find", side_effect=fault),
        ):
            self.look_up(self.vins[0])
        self.assertEqual(self.read_usage(), {("unavailable", "en_US"): 1})

    def test_hurdle_is_not_counted(self):
        """S-REPORT: whom the guard held up is counted, and is no answer."""
        self.use_up()
        self.assertEqual(self.look_up(self.vins[0]).status_code, 429)
        self.assertEqual(self.read_usage(), {("hurdle", "en_US"): 1})

    def test_languages_are_not_told_apart(self):
        """S-REPORT: the language is that of the page that was shown."""
        self.env["res.lang"]._activate_lang("zh_CN")
        self.env["website"].get_current_website().language_ids |= self.env[
            "res.lang"
        ]._lang_get("zh_CN")
        self.look_up(self.vins[0])
        self.look_up(self.vins[0], "/zh_CN")
        self.assertEqual(
            self.read_usage(), {("open", "en_US"): 1, ("open", "zh_CN"): 1}
        )

    def test_pages_that_answer_nothing_are_counted(self):
        """S-REPORT: the form, dead addresses and links given away are no look-ups."""
        Address = self.env["recall.lookup.address"]
        self.url_open("/recall")
        self.url_open("/recall/answer/forged")
        self.url_open(RecallLookup._shared_url + Address._make("shared", self.vins[0]))
        self.url_open(
            RecallLookup._link_url,
            data={"address": Address._make("answer", self.vins[0])},
        )
        self.assertEqual(self.read_usage(), {})

    def test_request_writes_to_the_table(self):
        """S-PERF: a look-up itself writes nothing that others write too."""
        counts = meters[self.env.cr.dbname, "recall.lookup.usage"]
        counts.take()  # the time of the next hand-over begins
        self.look_up(self.vins[0])
        self.look_up(self.vins[0])
        self.assertFalse(self.env["recall.lookup.usage"].search([]))
        [amounts] = dict(counts.pending()).values()
        self.assertEqual(amounts, (2,))

    def test_row_says_who_asked(self):
        """X-ACCESS: no VIN, address or person in what is counted; readers only read."""
        self.look_up(self.vins[0])
        self.read_usage()
        columns = set(self.env["recall.lookup.usage"]._fields)
        self.assertEqual(
            columns,
            {"id", "display_name", "hour", "answer", "lang", "lookup_count"},
        )
        reader = self.make_user("usage_rdr", "recall_base.group_reader")
        department = self.make_user("usage_dpt", "recall_service.group_department")
        for model in ("recall.lookup.usage", "recall.usage.comparison"):
            Usage = self.env[model]
            self.assertFalse(Usage.with_user(reader).has_access("read"))
            self.assertTrue(Usage.with_user(department).has_access("read"))
            for right in ("write", "create", "unlink"):
                self.assertFalse(Usage.with_user(department).has_access(right))


@tagged("post_install", "-at_install")
class TestUsageStore(RecallServiceCommon):
    """X-FAULT: counts of several processes meet in one row, and none is lost."""

    def store(self, *counts):
        self.env["recall.lookup.usage"]._store_counts(dict(counts))

    def test_processes_overwrite_each_other(self):
        """S-REPORT: what two processes counted in an hour adds up."""
        hour = int(fields.Datetime.to_datetime("2031-05-10 05:00:00").timestamp())
        hour -= hour % 3600
        for _process in range(2):
            self.store(((hour, "open", "zh_CN"), (3,)), ((hour, "none", "zh_CN"), (1,)))
        usage = self.env["recall.lookup.usage"].search([("hour", ">=", "2031-01-01")])
        counts = {row.answer: row.lookup_count for row in usage}
        self.assertEqual(counts, {"open": 6, "none": 2})

    def test_search_and_sharing_are_mixed_up(self):
        """S-REPORT: side by side, each under its channel and what became of it."""
        hour = int(fields.Datetime.to_datetime("2031-05-10 05:00:00").timestamp())
        hour -= hour % 3600
        answers = ("open", "done", "none", "invalid", "unavailable", "hurdle")
        self.store(*(((hour, answer, "zh_CN"), (1,)) for answer in answers))
        self.env["recall.share.usage"]._store_counts(
            {
                (hour, self.interface.id, "one", 200): (7, 7, 90),
                (hour, None, "unknown", 403): (2, 0, 9),
                (hour, self.interface.id, "one", 429): (1, 0, 9),
            }
        )
        groups = self.env["recall.usage.comparison"]._read_group(
            [("hour", ">=", "2031-01-01")],
            ["channel", "outcome"],
            ["request_count:sum"],
        )
        self.assertEqual(
            set(groups),
            {
                ("search", "answered", 3),
                ("search", "limited", 1),
                ("search", "refused", 2),
                ("share", "answered", 7),
                ("share", "limited", 1),
                ("share", "refused", 2),
            },
        )
