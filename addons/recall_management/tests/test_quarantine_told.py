# SPDX-License-Identifier: LGPL-3.0-only
import json
from unittest.mock import patch

from odoo.tests import freeze_time, tagged

from odoo.addons.recall_base.tests.common import GUARD_LOGGER
from odoo.addons.recall_base.tools import messages
from odoo.addons.recall_base.tools.http_client import PeerError

from ..models import recall_quarantine_told
from .common import CANARY
from .test_quarantine_decisions import DecisionCommon

TIMEOUT = PeerError("timeout", "No answer.")
REFUSED = {"records": [], "count": 0, "api_status": 407, "message": "What is this?"}


@tagged("post_install", "-at_install")
class TestQuarantineTold(DecisionCommon):
    """What producers are told of refused records, by request."""

    def told(self, page=()):
        """Have the terminal asked once; returns the member it was told."""
        requests = self.pull(page if isinstance(page, (dict, Exception)) else [*page])
        self.assertEqual(len(requests), 1)
        return requests[0][1].get("api_refused")

    def test_producer_is_not_told_what_was_refused(self):
        """M-VERIFY: with the next request: key, version, all reasons; no phone number,
        and nothing that the message does not allow."""
        record = self.make_record(self.make_vin(), recallTime="2025-01-01")
        self.take_in({**record, "recordKind": "correction", "recordVersion": 3})
        [told] = self.told()
        entry = self.get_quarantine(record)
        self.assertEqual(
            told,
            {
                "refusalId": entry.id,
                "status": "open",
                "recallNum": record["recallNum"],
                "vehicleVin": record["vehicleVin"],
                "repairNum": record["repairNum"],
                "recordVersion": 3,
                "codes": ["date_before_start", "phone_implausible", "vin_scope"],
            },
        )
        self.assertTrue(entry.told_at)

    def test_format_faults_are_told_without_a_sentence(self):
        """M-VERIFY: codes say too little of a wrong format."""
        self.take_in(self.make_record(dealerName=None))
        [told] = self.told()
        self.assertEqual(told["codes"], ["missing", "phone_implausible"])
        self.assertEqual(told["message"], "The member dealerName is missing.")

    def test_what_was_told_is_told_again(self):
        """M-VERIFY: each entry until one request that told it was answered."""
        self.take_in(self.make_record(dealerName="nobody"))
        self.assertEqual(len(self.told(TIMEOUT)), 1)
        # A terminal that fails is asked without it: it may be what it fails of.
        self.assertIsNone(self.told())
        self.assertEqual(len(self.told()), 1)
        self.assertIsNone(self.told())

    def test_decision_is_not_told(self):
        """M-VERIFY: a returned entry is told anew with the officer's words, and a
        settled one if the producer knows of it."""
        entry = self.keep(self.make_record(dealerName="nobody"))
        self.told()
        self.decide(entry, "return", "prove", "Which dealer?")
        [told] = self.told()
        self.assertEqual(told["status"], "returned")
        self.assertEqual(told["message"], "Send proof of the repair: Which dealer?")
        self.decide(entry, "release", "proved", False)
        self.assertEqual(self.told()[0]["status"], "released")
        unknown = self.keep(self.make_record(dealerName="nobody"))
        self.decide(unknown, "close", "test", False)
        self.assertIsNone(self.told())

    def test_decision_after_an_unanswered_request_is_never_told(self):
        """M-VERIFY X-FAULT: the terminal may have taken in what the request told: else
        the refusal stays open there for ever."""
        right = self.producer.dealer_ids[:1].name
        withdrawal = {"recordKind": "withdrawal", "recordVersion": 2}
        ways = {
            "closed": lambda entry, _: self.decide(entry, "close", "test", False),
            "released": lambda entry, _: self.decide(entry, "release"),
            "returned": lambda entry, _: self.decide(entry, "return"),
            "answered": lambda _, record: self.take_in({**record, "dealerName": right}),
            "withdrawn": lambda _, record: self.take_in({**record, **withdrawal}),
        }
        for name, settle in ways.items():
            with self.subTest(way=name):
                record = self.make_record(dealerName="nobody")
                entry = self.keep(record)
                self.assertTrue(self.told(TIMEOUT))
                settle(entry, record)
                status = "answered" if name == "withdrawn" else name
                self.assertState(entry, status)
                # A terminal that fails is asked without the member.
                [told] = self.told() or self.told()
                self.assertEqual(
                    (told["refusalId"], told["status"]), (entry.id, status)
                )
                self.assertIsNone(self.told())

    def test_decision_during_a_request_is_taken_for_told(self):
        """X-FAULT: the answer to a request acknowledges what that request told, not
        what was decided meanwhile, the other words of a second decision neither."""

        def give_back(entry, note):
            entry._return(self.reason("return"), note)

        def change_words(entry):
            entry._reopen(self.reason("reopen"), "By mistake.")
            give_back(entry, "Other words.")

        during = {
            "returned": lambda entry: give_back(entry, "Words."),
            "closed": lambda entry: entry._close(self.reason("close", "test")),
            "released": lambda entry: entry._release(self.reason("release", "proved")),
        }
        for status, decide in during.items():
            with self.subTest(status=status):
                entry = self.keep(self.make_record(dealerName="nobody"))
                self.assertEqual(self.told_while(decide, entry)["status"], "open")
                self.assertEqual(self.told()[0]["status"], status)
                self.assertIsNone(self.told())
        entry = self.keep(self.make_record(dealerName="nobody"))
        give_back(entry, "Words.")
        self.assertIn("Words.", self.told_while(change_words, entry)["message"])
        self.assertIn("Other words.", self.told()[0]["message"])

    def told_while(self, decide, entry):
        """What the terminal is told of an entry on which is decided meanwhile."""

        def answer(_url, _payload):
            decide(entry)
            return []

        [(_url, payload)] = self.pull(answer)
        [told] = payload["api_refused"]
        self.assertEqual(told["refusalId"], entry.id)
        return told

    def test_language_that_is_gone_keeps_refusals_from_being_told(self):
        """M-PULL M-VERIFY: they are told in the company's language."""
        entry = self.keep(self.make_record(dealerName="nobody"))
        self.decide(entry, "return", "prove", "Which dealer?")
        self.set_lost_language(self.enterprise)
        [told] = self.told()
        self.assertEqual(told["message"], "Send proof of the repair: Which dealer?")

    def test_plain_peer_is_told(self):
        """M-PULL: it gets the standard's members only."""
        self.enterprise.plain = True
        self.take_in(self.make_record(dealerName="nobody"))
        [(_url, payload)] = self.pull([])
        self.assertEqual(set(payload), {"api_token", "api_cfg"})

    def test_terminal_that_refuses_the_member_is_lost(self):
        """M-PULL X-FAULT: one that answers 407, or whose gateway refuses a long body,
        is asked without it from then on; cursor and members stay as they are."""
        failures = (
            lambda: [REFUSED, []],
            lambda: [PeerError("http", "HTTP status 413.")],
        )
        for failure in failures:
            with self.subTest(failure=failure):
                self.enterprise.write({"tells_refused": True, "cursor": "C1"})
                self.take_in(self.make_record(dealerName="nobody"))
                requests = self.pull(*failure())
                self.assertIn("api_refused", requests[0][1])
                self.assertFalse(self.enterprise.tells_refused)
                self.assertFalse(self.enterprise.plain)
                self.assertEqual(self.enterprise.cursor, "C1")
                self.assertIsNone(self.told())
                self.assertIsNone(self.told())

    def test_member_is_larger_than_a_terminal_takes(self):
        """M-VERIFY X-ATTACK: bounded in number and bytes, whatever the records hold;
        all of it is told in the end, and each request is a right message."""
        page = [
            self.make_record(
                "车" * 5000, recallNum="\x01" * 300, repairNum=[number], dealerName={}
            )
            for number in range(60)
        ]
        self.take_in(*page, "x", {"vehicleVin": {"telNum": CANARY}}, None)
        known = set()
        with patch.object(recall_quarantine_told, "TOLD_BYTES", 8000):
            while told := self.told():
                self.assertLessEqual(len(json.dumps(told)), 8000 + 1000)
                known |= {item["refusalId"] for item in told}
                messages.validate(
                    messages.SyncRequest,
                    {"api_token": "x", "api_cfg": "x", "api_refused": told},
                )
        self.assertEqual(len(known), 63)
        with patch.object(recall_quarantine_told, "MAX_REFUSALS", 10):
            self.env.cr.execute("UPDATE recall_quarantine SET untold = TRUE")
            self.env.invalidate_all()
            self.assertEqual(len(self.told()), 10)

    def test_rival_is_told(self):
        """X-ACCESS: each terminal hears of its own records only."""
        self.take_in(self.make_record(dealerName="nobody"))
        rival = self.make_enterprise(self.make_producer())
        self.pull([], enterprises=rival)
        [(_url, payload)] = self.pull([], enterprises=rival)
        self.assertNotIn("api_refused", payload)


@tagged("post_install", "-at_install")
class TestQuarantineMail(DecisionCommon):
    """The daily mail to the technical contact."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("zh_CN")
        cls.contact = cls.env["res.partner"].create(
            {"name": "Li", "email": "li@terminal.example", "lang": "zh_CN"}
        )
        cls.producer.technical_contact_id = cls.contact
        cls.enterprise.technical_email = False
        cls.enterprise.url = "https://terminal.example/recall/v1/sync"

    def mails(self, moment="2025-06-02 01:00:00"):
        """Run the scheduled action at that time (UTC); returns the mails it makes."""
        before = self.env["mail.mail"].search([]).ids
        with freeze_time(moment), self.enter_registry_test_mode():
            self.env.ref(
                "recall_management.ir_cron_mail_refusals"
            ).method_direct_trigger()
        self.env.invalidate_all()
        return self.env["mail.mail"].search([("id", "not in", before)])

    def test_contact_is_not_written_to_once_a_day(self):
        """M-VERIFY: from eight where the producer is, once a day, as long as something
        is refused."""
        self.assertFalse(self.mails("2025-06-01 01:00:00"))
        entry = self.keep(self.make_record(dealerName="nobody"))
        self.assertFalse(self.mails("2025-06-01 23:00:00"))  # 7:00 in Shanghai
        [mail] = self.mails("2025-06-02 00:10:00")
        self.assertEqual(mail.email_to, "li@terminal.example")
        self.assertFalse(self.mails("2025-06-02 09:00:00"))
        self.assertEqual(len(self.mails("2025-06-03 01:00:00")), 1)
        self.decide(entry, "close", "test", False)
        self.assertFalse(self.mails("2025-06-04 01:00:00"))

    def test_mail_says_too_much_or_too_little(self):
        """M-VERIFY: counts by reason, 20 records at most, no phone number; texts of a
        peer are no HTML."""
        page = [self.make_record(dealerName="nobody") for _ in range(25)]
        self.take_in(*page, self.make_record("<b>x</b>", dealerName="nobody"))
        [mail] = self.mails()
        body = str(mail.body_html)
        self.assertIn("26", mail.subject)
        self.assertEqual(body.count(self.plan.recall_number), 20)
        self.assertNotIn("<b>x</b>", body)
        self.assertIn("&lt;b&gt;x", body)
        self.assertNotIn(CANARY, body)

    def test_mail_is_not_in_the_language_of_the_contact(self):
        """M-VERIFY: names of findings as the contact reads them."""
        finding = self.env.ref("recall_base.finding_dealer_unknown")
        finding.with_context(lang="zh_CN").name = "经销商未备案"
        self.take_in(self.make_record(dealerName="nobody"))
        [mail] = self.mails()
        self.assertIn("经销商未备案", mail.body_html)

    def test_terminal_that_cannot_be_mailed_stops_the_others(self):
        """X-FAULT: it is logged, and tried again with the next run; a language that is
        gone is no reason."""
        self.take_in(self.make_record(dealerName="nobody"))
        self.enterprise.technical_email = "ops@terminal.example"
        self.set_lost_language(self.enterprise)
        Enterprise = type(self.enterprise)
        later = self.make_enterprise(self.make_producer())
        with (
            patch.object(Enterprise, "_prepare_digest", side_effect=ValueError),
            self.assertLogs(GUARD_LOGGER, "ERROR"),
        ):
            self.assertFalse(self.mails())
        self.assertTrue(later.refusal_mail_on)
        [mail] = self.mails("2025-06-02 01:10:00")
        self.assertEqual(mail.email_to, "ops@terminal.example")

    def test_mail_for_nobody_stops_the_others(self):
        """X-FAULT: without an address nothing is sent, and nothing fails."""
        self.contact.email = False
        self.take_in(self.make_record(dealerName="nobody"))
        self.assertFalse(self.mails())
        self.enterprise.technical_email = "ops@terminal.example, night@terminal.example"
        [mail] = self.mails("2025-06-03 01:00:00")
        self.assertEqual(mail.email_to, "ops@terminal.example, night@terminal.example")
