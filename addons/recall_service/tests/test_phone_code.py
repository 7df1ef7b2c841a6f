# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import fields
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from ..models import recall_phone_code as model
from .sms_common import BROKEN, SmsCommon

_GATEWAY = "odoo.addons.recall_base.tools.short_message"


def later(**time):
    return freeze_time(fields.Datetime.now() + timedelta(**time))


@tagged("post_install", "-at_install")
class TestPhoneCode(SmsCommon):
    """The code that proves a mobile number."""

    def other_code(self, code):
        return f"{(int(code) + 1) % 10**model.DIGITS:0{model.DIGITS}}"

    def test_code_does_not_prove_the_number(self):
        """S-PUSH: a code of six digits, sent as short message, works once."""
        [code] = self.ask_code()
        self.assertFalse(self.Code._check("13900139000", code), "another number")
        self.assertTrue(self.Code._check(self.NUMBER, code))
        self.assertFalse(self.Code._check(self.NUMBER, code), "a second time")

    def test_code_is_guessed(self):
        """X-ATTACK: after five wrong tries the right code works no more."""
        [code] = self.ask_code()
        for _try in range(model.MAX_TRIES):
            self.assertFalse(self.Code._check(self.NUMBER, self.other_code(code)))
        self.assertFalse(self.Code._check(self.NUMBER, code))

    def test_fifth_try_is_refused(self):
        [code] = self.ask_code()
        for _try in range(model.MAX_TRIES - 1):
            self.Code._check(self.NUMBER, self.other_code(code))
        self.assertTrue(self.Code._check(self.NUMBER, code))

    def test_code_works_too_long_or_too_short(self):
        for minutes, works in ((9, True), (11, False)):
            with self.subTest(minutes=minutes):
                number = f"1380013800{minutes % 10}"
                [code] = self.ask_code(number)
                with later(minutes=minutes):
                    self.assertEqual(self.Code._check(number, code), works)

    def test_number_is_flooded_with_codes(self):
        """X-ATTACK: one code a minute and ten a day for a number."""
        start = fields.Datetime.now().replace(hour=1, minute=0)
        with freeze_time(start):
            self.ask_code()
            self.assertEqual(len(self.ask_code()), 1, "at once again")
        for count in range(1, 15):
            with freeze_time(start + timedelta(seconds=61 * count)):
                codes = self.ask_code()
        self.assertEqual(len(codes), model.PER_NUMBER_DAY)
        with freeze_time(start + timedelta(days=1)):
            self.assertEqual(len(self.ask_code()), model.PER_NUMBER_DAY + 1)

    def test_code_in_the_pause_ends_the_one_that_was_sent(self):
        [code] = self.ask_code()
        self.ask_code()
        self.assertTrue(self.Code._check(self.NUMBER, code))

    def test_network_makes_the_operator_pay(self):
        """X-ATTACK: a limit for each network, and one a day for all together."""
        for number in range(model.PER_ORIGIN_HOUR + 5):
            self.Code._ask(f"138{number:08}", "192.0.2.1")
        self.run_cron("phone_code")
        self.assertEqual(len(self.gateway.taken), model.PER_ORIGIN_HOUR)
        self.env["ir.config_parameter"].set_param(
            model.CODES_PER_DAY[0], model.PER_ORIGIN_HOUR + 2
        )
        for number in range(5):
            self.Code._ask(f"139{number:08}", f"198.51.100.{number}")
        self.run_cron("phone_code")
        self.assertEqual(len(self.gateway.taken), model.PER_ORIGIN_HOUR + 2)

    def test_number_or_code_is_in_the_database(self):
        """X-CRYPTO: neither number nor code is kept in clear, nor after it went."""
        self.Code._ask(self.NUMBER, "192.0.2.1")
        row = self.Code.search([])
        self.assertNotIn(self.NUMBER, str(row.read()))
        [code] = self.send_codes()
        self.assertFalse(row.phone_sealed)
        self.env.flush_all()
        self.env.cr.execute("SELECT to_jsonb(r)::text FROM recall_phone_code r")
        [(stored,)] = self.env.cr.fetchall()
        self.assertNotIn(self.NUMBER, stored)
        self.assertNotIn(f'"{code}"', stored)

    def test_killed_worker_sends_a_code_again(self):
        """X-FAULT: a code that was being sent may be lost, and is not sent twice."""
        self.Code._ask(self.NUMBER, "192.0.2.1")
        self.gateway.kill = "before"
        self.run_killed(self.Code, "_cron_send")
        self.gateway.kill = None
        self.env.invalidate_all()
        self.assertEqual(self.Code.search([]).state, "sending")
        self.assertFalse(self.send_codes())
        with later(minutes=2):
            self.assertEqual(len(self.ask_code()), 1, "the visitor asks for another")

    def test_code_comes_after_its_visitor_went(self):
        self.Code._ask(self.NUMBER, "192.0.2.1")
        with later(minutes=11):
            self.assertFalse(self.send_codes())
        self.assertIn("more than 10 minutes", self.Code.search([]).failure_text)

    @mute_logger(_GATEWAY)
    def test_operator_does_not_see_why_codes_fail(self):
        for answer, words in (
            ("unregistered", "not activated"),
            ("insufficient_credit", "no credit"),
            ("wrong_number_format", "does not know this number"),
            ("server_error", "may have been sent or not"),
        ):
            with self.subTest(answer=answer):
                self.gateway.answers = {f"+86{self.NUMBER}": answer}
                self.Code.search([]).unlink()
                self.ask_code()
                self.assertIn(words, self.Code.search([]).failure_text)
        self.gateway.fault = BROKEN
        self.Code.search([]).unlink()
        codes = self.ask_code()
        self.assertIn("did not answer", self.Code.search([]).failure_text)
        self.assertTrue(self.Code._check(self.NUMBER, codes[-1]), "it may have come")

    def test_old_rows_are_kept(self):
        self.ask_code()
        self.Code._gc_old()
        self.assertTrue(self.Code.search([]))
        with later(days=2):
            self.Code._gc_old()
        self.assertFalse(self.Code.search([]))

    def test_number_abroad_is_taken(self):
        """X-ATTACK: premium-rate fraud needs numbers abroad."""
        for typed, number in (
            ("138 0013 8000", "13800138000"),
            ("+86-138-0013-8000", "13800138000"),
            ("１３８００１３８０００", "13800138000"),
            ("+4915112345678", None),
            ("010-85260123", None),
            ("1380013800", None),
            ("", None),
        ):
            with self.subTest(typed=typed):
                self.assertEqual(self.Code._normalise(typed), number)

    def test_code_is_sent_while_switched_off(self):
        self.switch(False)
        self.assertFalse(self.ask_code())

    @mute_logger("odoo.addons.recall_service.models.recall_phone_code")
    def test_choice_is_offered_without_keys(self):
        self.assertTrue(self.Code._is_on())
        self.key_file.rename(self.key_file.with_suffix(".gone"))
        self.addCleanup(self.key_file.with_suffix(".gone").rename, self.key_file)
        self.assertFalse(self.Code._is_on())
