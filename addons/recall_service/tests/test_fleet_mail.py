# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from ..models import recall_push_fleet
from .common import SubscriptionCommon

ADDRESS = "fleet@partner.example"


@tagged("post_install", "-at_install")
class TestFleetMail(SubscriptionCommon):
    """Mail addresses of a partner's fleet, from the question to the mail."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Vehicle = cls.env["recall.fleet.vehicle"]
        cls.Vehicle._put_in(cls.data_user, cls.vins[:2])

    def add_address(self, rhythm="now", email=ADDRESS):
        mail = self.data_user._ask_fleet_mail(email, rhythm)
        mail._confirm()
        return mail

    def tell(self, at=None):
        """Run the scheduled actions; returns the mails that the address has."""
        with freeze_time(at or fields.Datetime.now()):
            self.run_cron("expand")
            self.run_cron("digest")
        return self.get_mails(ADDRESS)

    def test_unconfirmed_address_is_told(self):
        """S-PUSH: an address gets one mail to confirm, and nothing else before."""
        mail = self.data_user._ask_fleet_mail(ADDRESS, "now")
        self.run_cron("ask")
        [asked] = self.tell()
        self.assertIn(self.data_user.name, asked.body_html)
        self.assertIn("confirm", self.get_links(asked))
        mail._confirm()
        self.assertEqual(len(self.tell()), 2)

    def test_fleet_is_told_by_vehicle_or_twice(self):
        """S-PUSH: one message for a recall, with number, VINs and link; once."""
        address = self.add_address()
        for _run in range(2):
            mails = self.tell()
        [mail] = mails
        self.assertEqual(len(address.push_ids), 1)
        self.assertIn("scope: <strong>2</strong>", mail.body_html)
        for vin in self.vins[:2]:
            self.assertIn(vin, mail.body_html)
        page = f"/my/recall/fleet/{self.data_user.id}?recall={self.plan.recall_number}"
        self.assertIn(page, mail.body_html)
        self.assertIn("List-Unsubscribe-Post", mail.headers)
        self.assertIn(f"/recall/subscription/{address.id}/unsubscribe", mail.headers)

    def test_later_vehicle_is_lost_or_the_first_told_again(self):
        """S-PUSH: a vehicle that comes in later is told alone."""
        self.add_address()
        self.tell()
        self.Vehicle._put_in(self.data_user, [self.vins[2]])
        mails = self.tell()
        self.assertEqual(len(mails), 2)
        self.assertIn(self.vins[2], mails[1].body_html)
        self.assertNotIn(self.vins[0], mails[1].body_html)

    def test_later_address_is_not_told_what_is_open(self):
        """S-PUSH: each address is told for itself, whatever others were told."""
        self.add_address(email="first@partner.example")
        self.tell()
        self.add_address()
        self.assertEqual(len(self.tell()), 1)

    def test_mail_names_all_vehicles_of_a_big_fleet(self):
        """S-PUSH: the first 30 VINs and the number of the others."""
        vins = [self.make_vin() for _ in range(40)]
        self.put_in_scope(self.plan, vins)
        self.Vehicle._put_in(self.data_user, vins)
        self.add_address()
        [mail] = self.tell()
        named = [vin for vin in [*vins, *self.vins[:2]] if vin in mail.body_html]
        self.assertEqual(len(named), recall_push_fleet.NAMED)
        self.assertIn("scope: <strong>42</strong>", mail.body_html)

    def test_repaired_vehicle_is_told(self):
        """S-PUSH: what was repaired before the mail left is not named."""
        self.add_address("daily")
        self.run_cron("expand")
        for vin in self.vins[:2]:
            self.make_completion(self.plan, vin)
        self.assertFalse(self.tell(fields.Datetime.now() + timedelta(days=2)))

    def test_rhythm_is_ignored(self):
        """S-PUSH: a digest waits for its hour; a new choice moves what waits."""
        address = self.add_address("weekly")
        self.assertFalse(self.tell())
        self.data_user._ask_fleet_mail(ADDRESS.upper(), "now")
        self.assertEqual(address.rhythm, "now")
        self.assertEqual(len(self.tell()), 1)

    def test_suspended_data_user_is_told(self):
        """X-ACCESS: nothing is made or sent meanwhile; what waited leaves after it."""
        self.add_address("daily")
        self.run_cron("expand")
        self.data_user._suspend("The agreement has ended.")
        self.Vehicle._put_in(self.data_user, [self.vins[2]])
        later = fields.Datetime.now() + timedelta(days=2)
        self.assertFalse(self.tell(later))
        self.data_user.action_unarchive()
        [waited] = self.tell(later + timedelta(days=2))
        self.assertIn(self.vins[0], waited.body_html)
        [_waited, missed] = self.tell(later + timedelta(days=4))
        self.assertIn(self.vins[2], missed.body_html)

    def test_ended_address_is_told(self):
        """S-PUSH: one click ends an address; the fleet has it no more."""
        address = self.add_address("daily")
        self.run_cron("expand")
        address.action_cancel()
        self.assertFalse(self.tell(fields.Datetime.now() + timedelta(days=2)))
        self.assertFalse(self.data_user.fleet_mail_ids)

    def test_wrong_wish_is_taken(self):
        """S-PUSH: no address, no rhythm, a suspended data user: plain words."""
        for email, rhythm in (("nobody", "now"), (ADDRESS, "hourly")):
            with self.subTest(email=email), self.assertRaises(UserError):
                self.data_user._ask_fleet_mail(email, rhythm)
        self.data_user._suspend("The agreement has ended.")
        with self.assertRaises(UserError):
            self.data_user._ask_fleet_mail(ADDRESS, "now")
