# SPDX-License-Identifier: LGPL-3.0-only
import itertools
import json

from odoo import fields
from odoo.tests import HttpCase

from odoo.addons.recall_base.tests.common import RecallCommon

_keys = itertools.count(1)

COLLECT = "/recall/v1/collect"
SYNC = "/recall/v1/sync"
#: The list that each interface answers.
LISTS = {COLLECT: "results", SYNC: "records"}


class EnterpriseCommon(RecallCommon):
    """A producer with its two interfaces open and a live token for each."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Reports that others left in the database are none of these tests' business.
        cls.sync_interface = cls.make_interface(cls.producer, "sync")
        cls.collect_interface = cls.make_interface(cls.producer, "collect")
        cls.sync_token, cls.sync_secret = cls.issue_token(
            "sync", "producer_id", cls.producer
        )
        cls.collect_token, cls.collect_secret = cls.issue_token(
            "collect", "producer_id", cls.producer
        )

    @classmethod
    def make_completion(cls, plan, vin_text, **vals):
        """Create a report of this terminal: it tells when it was confirmed here."""
        if vals.get("state", "confirmed") == "confirmed":
            vals.setdefault("confirmed_at", fields.Datetime.now())
        return super().make_completion(plan, vin_text, **vals)

    @classmethod
    def make_interface(cls, producer, purpose, **vals):
        return cls.env["recall.interface"].create(
            {
                "name": f"Test {purpose}",
                "producer_id": producer.id,
                "purpose": purpose,
                **vals,
            }
        )

    @classmethod
    def make_record(cls, vin_text=None, **members):
        """Make a good record of a collect message, as the dealers' system sends it."""
        key = next(_keys)
        return {
            "recordId": f"DMS-{key}",
            "recallNum": cls.plan.recall_number,
            "vehicleVin": vin_text or cls.vins[0],
            "recallTime": "2025-03-01",
            "repairNum": f"RO-{key}",
            "dealerName": cls.dealer.name,
            "telNum": "13800138000",
            **members,
        }

    @classmethod
    def reason(cls, code, purpose="reject"):
        """A reason as the product delivers it."""
        return cls.env.ref(f"recall_enterprise.review_reason_{purpose}_{code}")

    @classmethod
    def withdraw(cls, reports):
        """Withdraw reports as a reviewer does, for a reason."""
        reports._withdraw(cls.reason("reported_in_error", "withdraw"))

    def find_report(self, record):
        """Find the stored report of a record that was sent."""
        return self.env["recall.completion"].search(
            [
                ("producer_id", "=", self.producer.id),
                ("record_key", "=", record["recordId"]),
            ]
        )


class EnterpriseHttpCase(EnterpriseCommon, HttpCase):
    """Requests over HTTP to both interfaces, and what a peer sees of the answers."""

    def post(self, path, raw, *, method="POST", headers=None):
        """Send bytes; returns the decoded answer after checking its outer form."""
        self.env.flush_all()
        response = self.url_open(
            path,
            data=raw,
            method=method,
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        self.env.invalidate_all()
        return self.read_answer(response, LISTS[path])

    def post_json(self, path, message, **options):
        return self.post(path, json.dumps(message).encode(), **options)

    def collect_message(self, *records, **members):
        return {
            "api_token": self.collect_secret,
            "api_cfg": self.collect_interface.api_cfg,
            "records": list(records),
            **members,
        }

    def sync_message(self, **members):
        return {
            "api_token": self.sync_secret,
            "api_cfg": self.sync_interface.api_cfg,
            **members,
        }

    def collect(self, *records, **members):
        """Send records; returns their results after checking the sums."""
        answer = self.post_json(COLLECT, self.collect_message(*records, **members))
        self.assertEqual(answer["api_status"], 200, answer)
        results = answer["results"]
        rejected = sum(result["status"] == "rejected" for result in results)
        self.assertEqual(answer["rejected"], rejected)
        self.assertEqual(answer["accepted"], len(results) - rejected)
        self.assertEqual(
            [result["index"] for result in results], list(range(len(records)))
        )
        return results

    def collect_one(self, record):
        """Send one record; returns ``(status, set of finding codes)``."""
        [result] = self.collect(record)
        self.assertEqual(result["recordId"], record["recordId"])
        return result["status"], {item["code"] for item in result["findings"]}

    def sync(self, **members):
        answer = self.post_json(SYNC, self.sync_message(**members))
        self.assertEqual(answer["api_status"], 200, answer)
        return answer

    def confirm(self):
        """Run the scheduled confirmation, as the server does."""
        self.env.flush_all()
        self.env.ref("recall_enterprise.ir_cron_confirm").method_direct_trigger()
        self.env.invalidate_all()

    def collect_confirmed(self, *records):
        """Have records collected and confirmed; returns their reports."""
        results = self.collect(*records)
        self.assertEqual({result["status"] for result in results}, {"accepted"})
        self.confirm()
        reports = self.env["recall.completion"].union(*map(self.find_report, records))
        self.assertEqual(set(reports.mapped("state")), {"confirmed"})
        return reports

    def assertCountersRight(self):
        """The plan's counters are what a count of its vehicles gives."""
        self.assertFalse(self.plan._recount())

    def stored(self):
        """All that a request may change, to compare before and after."""
        self.env.flush_all()
        self.env.cr.execute(
            """SELECT (SELECT md5(string_agg(row::text, '|' ORDER BY id))
                         FROM recall_completion row),
                      (SELECT md5(string_agg(row::text, '|' ORDER BY id))
                         FROM recall_delivery row),
                      (SELECT md5(string_agg(row::text, '|' ORDER BY id))
                         FROM recall_vehicle row),
                      (SELECT count(*) FROM recall_audit_event),
                      (SELECT count(*) FROM ir_cron_trigger)"""
        )
        return self.env.cr.fetchone()
