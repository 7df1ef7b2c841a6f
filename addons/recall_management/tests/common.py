# SPDX-License-Identifier: LGPL-3.0-only
import itertools
import json
import secrets
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import fields

from odoo.addons.recall_base.tests.common import RecallCommon
from odoo.addons.recall_base.tools.http_client import Answer

from ..models import recall_enterprise_pull

#: The phone number of every record made here; it must be nowhere in clear.
CANARY = "13912345678"
_repairs = itertools.count(1)


class PeerMock:
    """What answers in place of the enterprise terminals, for any test case."""

    @contextmanager
    def mock_peer(self, pages=(), **pages_by_url):
        """Answer the requests of the block in place of the terminals.

        :param pages: what is answered in turn, whoever asks: a list of records, a dict
            of members, bytes of a body, an ``Answer``, an exception to raise, or a
            function ``(url, payload)`` that gives one of these
        :param pages_by_url: the same for the terminals with the keyword in their URL
        :returns: list of the requests, each ``(url, payload)``

        A request for which there is no page fails the test, and a page nobody asked
        for too.
        """
        queues = {name: list(queue) for name, queue in pages_by_url.items()}
        queues[""] = list(pages)
        requests, unexpected, lock = [], [], threading.Lock()

        def post(url, payload):
            with lock:
                requests.append((url, payload))
                name = next((name for name in queues if name and name in url), "")
                if not queues[name]:
                    unexpected.append(url)
                    return make_answer([])
                page = queues[name].pop(0)
            if callable(page) and not isinstance(page, type):
                page = page(url, payload)
            return make_answer(page)

        with patch.object(recall_enterprise_pull, "_peer_post", lambda: post):
            yield requests
        self.assertEqual(unexpected, [], "requests for which there is no page")
        self.assertFalse(any(queues.values()), f"nobody asked for {queues}")


class PullCommon(PeerMock, RecallCommon):
    """An enterprise terminal that is asked over a mocked transport.

    Ready is ``enterprise``, the terminal of ``producer``. ``make_record`` gives a good
    record, ``pull`` has the scheduled action ask and answers with given pages.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # All is done on the one connection of the test.
        cls.startClassPatcher(patch.object(recall_enterprise_pull, "STORERS", 1))
        # Terminals of the database the tests run in are not asked.
        cls.env["recall.enterprise"].search([]).active = False
        cls.enterprise = cls.make_enterprise(cls.producer)
        cls.cron = cls.env.ref("recall_management.ir_cron_pull")

    @classmethod
    def make_enterprise(cls, producer, **vals):
        return cls.env["recall.enterprise"].create(
            {
                "producer_id": producer.id,
                "url": f"https://terminal{producer.id}.example/recall/v1/sync",
                "api_cfg": f"cfg-{producer.id}",
                "api_token": f"key{producer.id}.secret",
                "next_pull_at": datetime(2100, 1, 1),  # not before ``pull``
                **vals,
            }
        )

    @classmethod
    def make_record(cls, vin=None, plan=None, **members):
        """Build a record of annex B; without ``vin`` for a new vehicle in scope.

        A member given as None is left out.
        """
        plan = plan or cls.plan
        record = {
            "recallNum": plan.recall_number,
            "vehicleVin": vin or cls.add_vehicles(plan)[0],
            "recallTime": "2025-03-01",
            "repairNum": f"RO-{next(_repairs):06}",
            "dealerName": plan.producer_id.dealer_ids.sorted("id")[:1].name,
            "telNum": CANARY,
            "collectTime": "2025-03-02 08:00:00",
            **members,
        }
        return {name: value for name, value in record.items() if value is not None}

    def pull(self, *pages, enterprises=None, **pages_by_url):
        """Have the scheduled action ask the terminals; returns the requests."""
        enterprises = enterprises or self.enterprise
        enterprises.next_pull_at = datetime(2000, 1, 1)
        with (
            self.mock_peer(pages, **pages_by_url) as requests,
            self.enter_registry_test_mode(),
        ):
            result = self.cron.method_direct_trigger()
        self.assertEqual(result, True, "the scheduled action failed")
        return requests

    def take_in(self, *records, **members):
        """Pull one page with these records; returns its exchange."""
        before = self.last_exchange()
        # A page with a cursor is acknowledged at once, by one more request.
        acknowledged = [[]] if records and "next_cursor" in members else []
        self.pull(make_page(records, **members), *acknowledged)
        exchange = self.env["recall.exchange"].search(
            [("enterprise_id", "=", self.enterprise.id), ("id", ">", before.id or 0)],
            order="id",
            limit=1,
        )
        self.assertEqual(exchange.outcome, "success", exchange.error)
        return exchange

    def last_exchange(self, enterprise=None):
        enterprise = enterprise or self.enterprise
        return self.env["recall.exchange"].search(
            [("enterprise_id", "=", enterprise.id)], limit=1
        )

    @classmethod
    def set_lost_language(cls, enterprise):
        """Give a terminal's contact a language that is deactivated then."""
        lang = cls.env["res.lang"]._activate_lang("fr_FR")
        enterprise.technical_lang = lang.code
        lang.active = False

    @classmethod
    def rotate_blind_key(cls):
        """Put a new key for digests beside the old one, and use it for what is new."""
        document = json.loads(cls.key_file.read_text())
        document["blind"]["new"] = secrets.token_hex(32)
        document["active"]["blind"] = "new"
        cls.key_file.write_text(json.dumps(document))

    # === What became of it === #

    def get_completion(self, record):
        return self.env["recall.completion"].search(
            [
                ("recall_number", "=", record["recallNum"]),
                ("vin", "=", record["vehicleVin"]),
                ("repair_number", "=", record["repairNum"]),
            ]
        )

    def get_quarantine(self, record=None, **members):
        """Return the quarantine entries of a record's key, the newest first."""
        record = {**(record or {}), **members}
        names = {
            "recallNum": "recall_number",
            "vehicleVin": "vin",
            "repairNum": "repair_number",
        }
        domain = [
            (field, "=", record[member])
            for member, field in names.items()
            if member in record
        ]
        return self.env["recall.quarantine"].search(
            [("enterprise_id", "=", self.enterprise.id), *domain]
        )

    def assertCounts(self, exchange, **counts):
        """The exchange counts these records, no others, and they add up."""
        names = ("new", "same", "corrected", "withdrawn", "quarantined")
        found = {name: exchange[f"{name}_count"] for name in names}
        self.assertEqual(found, {**dict.fromkeys(names, 0), **counts})
        self.assertEqual(sum(found.values()), exchange.record_count)

    def assertCodes(self, entry, *codes):
        """The entry has these errors, no others, whatever the warnings."""
        errors = entry.finding_ids.filtered(lambda item: item.severity == "error")
        self.assertEqual(set(errors.mapped("code")), set(codes))

    def assertVehicle(self, record, state, day=None):
        plan = self.env["recall.plan"].search(
            [("recall_number", "=", record["recallNum"])]
        )
        vehicle = self.get_vehicle(plan, record["vehicleVin"])
        self.assertEqual(vehicle.state, state)
        self.assertEqual(vehicle.state_date, fields.Date.to_date(day) or False)

    def assertCountersAgree(self):
        """The counters of all plans agree with a recount of their vehicles."""
        self.env.invalidate_all()
        self.assertFalse(self.env["recall.plan"].search([])._recount())


def make_page(records, **members):
    """Build an answer of annex B with ``records``."""
    records = list(records)
    return {"records": records, "count": len(records), "api_status": 200, **members}


def make_answer(page, **options):
    """Turn what ``mock_peer`` is given for a page into an answer, or raise it."""
    if isinstance(page, Exception):
        raise page
    if isinstance(page, Answer):
        return page
    if isinstance(page, list):
        page = make_page(page)
    if isinstance(page, dict):
        page = json.dumps(page, ensure_ascii=False).encode()
    expires = datetime(2030, 1, 1) + timedelta(hours=1)
    return Answer(200, page, 0.01, expires, **options)
