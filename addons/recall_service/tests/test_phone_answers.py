# SPDX-License-Identifier: LGPL-3.0-only
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tests.committed_common import CommittedCase
from odoo.addons.recall_base.tools import cipher
from odoo.addons.sms.tools.sms_api import SmsApiBase

from ..models.recall_phone_code import SWITCH

QUICK, REFUSED, SENT = NUMBERS = ("13811110001", "13811110002", "13811110003")


@tagged("post_install", "-at_install")
class TestPhoneAnswers(CommittedCase):
    """Visitors quicker than the gateway, in transactions that really commit."""

    def setUp(self):
        super().setUp()
        self.codes = {}
        self.enterContext(
            patch.object(
                self.registry["res.company"],
                "_get_sms_api_class",
                lambda company: self.make_provider(),
            )
        )
        self.addCleanup(self.clean_up)
        with self.transaction() as env:
            parameters = env["ir.config_parameter"]
            self.was_on = parameters.get_param(SWITCH)
            parameters.set_param(SWITCH, True)
            for number in NUMBERS:
                env["recall.phone.code"]._ask(number, "192.0.2.1")

    def clean_up(self):
        with self.transaction() as env:
            env["ir.config_parameter"].set_param(SWITCH, self.was_on)
            self.find(env, *NUMBERS).unlink()

    def find(self, env, *numbers):
        blind = cipher.KeyRing.from_environment().blind
        digests = [blind(number) for number in numbers]
        return env["recall.phone.code"].search([("phone_digest", "in", digests)])

    def make_provider(self):
        case = self

        class Provider(SmsApiBase):
            def _send_sms_batch(self, messages, delivery_reports_url=False):
                results = []
                for message in messages:
                    [to] = message["numbers"]
                    number = to["number"].removeprefix("+86")
                    code = "".join(filter(str.isdigit, message["content"]))[:6]
                    case.codes[number] = code
                    state = "success" if number != REFUSED else "wrong_number_format"
                    results.append({"uuid": to["uuid"], "state": state})
                case.while_sending()
                return results

        return Provider

    def while_sending(self):
        """What visitors do after their code came and before the gateway answers."""

    def use(self, number=QUICK, code=None):
        with self.transaction() as env:
            Code = env["recall.phone.code"]
            return Code._check(number, code or self.codes[number])

    def send(self):
        with self.transaction() as env:
            env["recall.phone.code"]._cron_send()
        with self.transaction() as env:
            return {number: self.find(env, number).state for number in NUMBERS}

    def test_quick_visitor_loses_the_answers_about_the_others(self):
        """S-PUSH X-FAULT: a code used before the gateway has answered stays used, and
        what became of the other codes is noted."""
        self.while_sending = lambda: self.assertTrue(self.use())
        states = self.send()
        self.assertEqual(states, {QUICK: "used", REFUSED: "failed", SENT: "sent"})
        self.assertFalse(self.use(), "a second time")

    def test_code_asked_for_anew_counts_as_answered(self):
        """S-PUSH: an answer about a code is none about the next one."""

        def ask_again():
            with self.transaction() as env:
                self.find(env, REFUSED).state = "due"

        self.while_sending = ask_again
        with self.transaction() as env:
            self.find(env, *NUMBERS)._send()
        with self.transaction() as env:
            self.assertEqual(self.find(env, REFUSED).state, "due")
            self.assertEqual(self.find(env, SENT).state, "sent")

    @mute_logger("odoo.sql_db")
    def test_visitor_at_the_moment_of_storing_loses_the_answers(self):
        """S-PUSH X-FAULT: who types while the answers are written makes it begin anew,
        the codes are not sent again."""
        record = self.registry["recall.audit.event"]._record
        typed = []

        def type_meanwhile(events, action, *args, **options):
            if action == "phone_code.send" and not typed:
                typed.append(self.use(SENT, "000000x"))
            return record(events, action, *args, **options)

        with patch.object(
            self.registry["recall.audit.event"], "_record", type_meanwhile
        ):
            states = self.send()
        self.assertEqual(typed, [False])
        self.assertEqual(states, {QUICK: "sent", REFUSED: "failed", SENT: "sent"})
        with self.transaction() as env:
            self.assertEqual(self.find(env, SENT).tries, 1)
