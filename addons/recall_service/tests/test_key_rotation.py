# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.recall_base.tools import cipher, key_file

from .common import SubscriptionCommon
from .objection_common import ObjectionCommon
from .sms_common import SmsCommon


@tagged("post_install", "-at_install")
class TestSubscriberKeys(SmsCommon):
    """Mobile numbers and what hangs on their digests, when the keys change."""

    def test_link_or_number_ends_with_the_old_keys(self):
        """X-CRYPTO S-PUSH: links in messages go on working after a rotation."""
        subscriber = self.subscribe_phone()
        link = subscriber._get_short_url().rpartition("/")[2]
        page = subscriber._get_key("open")
        new = self.assertMoved(lambda one: one._open_phone(), subscriber)
        self.assertEqual(subscriber._from_short_link(link), subscriber)
        self.assertEqual(subscriber._from_key(page), subscriber)
        self.assertEqual(subscriber.phone_digest, new.blind(self.NUMBER))
        self.assertEqual(
            subscriber.subscription_ids.phone_digest, subscriber.phone_digest
        )
        kids = [kid for kid in new.blind_keys if kid != new.active["blind"]]
        for kid in kids:
            key_file.retire(self.key_file, kid, ["blind"])
        self.assertEqual(subscriber._find_phone(self.NUMBER), subscriber)
        self.subscribe_phone()
        self.assertEqual(len(subscriber.subscription_ids), 1)

    def test_link_opens_another_subscriber(self):
        """X-CRYPTO: a link belongs to one subscriber, whatever its number."""
        first, second = self.subscribe_phone(), self.subscribe_phone("13900139000")
        token = first._get_short_token()
        self.assertFalse(first._from_short_link(f"{second.id:x}-{token}"))

    def test_erased_subscriber_is_told_something(self):
        """X-CRYPTO: erasing a person ends its subscriptions."""
        subscriber = self.subscribe_phone()
        subscriptions = subscriber.subscription_ids
        erasure = self.env["recall.erasure"].create({"sought": self.NUMBER})
        self.assertIn("recall.subscriber", erasure.line_ids.mapped("res_model"))
        erasure.action_erase()
        self.assertFalse(subscriber.exists() or subscriptions.exists())
        self.tell()
        self.assertFalse(self.gateway.taken)

    def test_number_whose_key_was_destroyed_stops_the_others(self):
        """X-CRYPTO S-PUSH: who cannot be told is passed over."""
        lost, told = self.subscribe_phone(), self.subscribe_phone("13900139000")
        keys = cipher.KeyRing.from_environment()
        kid = self.rotate_keys(year=2020)
        keys = cipher.KeyRing.from_environment()
        context = lost._get_seal_context("phone_sealed")
        lost.phone_sealed = keys.seal(self.NUMBER, context, kid)
        self.env.flush_all()
        key_file.retire(self.key_file, kid)
        with self.assertLogs("odoo.addons.recall_service.models.recall_push_sms"):
            self.tell()
        self.assertEqual([to for to, _text in self.gateway.taken], ["+8613900139000"])
        self.assertTrue(told)


@tagged("post_install", "-at_install")
class TestSubscriberAddresses(SubscriptionCommon):
    """Mail addresses of subscribers: sealed, and whatever the keys become."""

    def test_address_of_a_subscriber_stands_in_clear(self):
        """X-CRYPTO: kept are an SM4-GCM seal, a keyed digest and a masked form."""
        subscription = self.subscribe()
        self.env["recall.subscription"]._watch(
            subscription.subscriber_id, [self.vins[1]]
        )
        self.env.flush_all()
        for table in ("recall_subscription", "recall_subscriber"):
            self.env.cr.execute(f"SELECT row::text FROM {table} row")
            rows = " ".join(row[0] for row in self.env.cr.fetchall())
            self.assertIn("SM4-GCM|", rows)
            self.assertNotIn("owner@", rows)
        watched = subscription.subscriber_id.subscription_ids
        self.assertEqual(len(watched), 2)
        for one in (*watched, subscription.subscriber_id):
            self.assertEqual(one._open_email(), self.EMAIL)
            self.assertEqual(one.email_masked, "o***@e***.com")

    def test_administrator_reads_an_address(self):
        """X-ACCESS: it is typed in, found when written out, and shown masked."""
        groups = "recall_service.group_administrator,base.group_allow_export"
        operator = self.make_user("mail_keeper", groups)
        Subscription = self.env["recall.subscription"].with_user(operator)
        values = {"email": " Second@Example.com ", "brand": "Testbrand"}
        made = Subscription.create(values)
        self.assertEqual(Subscription.search([("email", "=", values["email"])]), made)
        self.assertFalse(Subscription.search([("email", "=", "else@example.com")]))
        shown = f"{made.read()} {made.export_data(['email', 'email_masked'])}"
        self.assertNotIn("second", shown)
        self.assertIn("s***@e***.com", shown)
        for column in ("email_sealed", "email_digest", "email_seed"):
            with self.assertRaises(AccessError):
                made.read([column])
            with self.assertRaises(AccessError):
                Subscription.create({**values, "brand": "Other", column: "x"})

    def test_change_of_keys_doubles_a_subscription(self):
        """X-CRYPTO S-PUSH: an address is known again, whichever key finds it."""
        first = self.subscribe()
        links = first._get_url("unsubscribe"), first.subscriber_id._get_key("open")
        self.rotate_keys()
        about = {"vin": self.vins[0]}
        first._ask(self.EMAIL, about, "192.0.2.1")
        first._ask(self.EMAIL, {"vin": self.vins[1]}, "192.0.2.1")
        second = first.search([("vin", "=", self.vins[1])])
        second._confirm()
        self.assertEqual(first.search([("email", "=", self.EMAIL)]), first + second)
        self.assertEqual(second.subscriber_id, first.subscriber_id)
        # The rest moves by itself; mails of before go on working.
        new = self.assertMoved(lambda one: one._open_email(), first, second)
        self.assertEqual(first.email_digest, new.blind(self.EMAIL))
        self.assertEqual(first.subscriber_id.email_digest, first.email_digest)
        self.assertEqual(first._get_url("unsubscribe"), links[0])
        self.assertTrue(first.subscriber_id._from_key(links[1]))

    def test_erased_address_stops_the_others(self):
        """X-CRYPTO S-PUSH: who cannot be told is passed over; it is over once the count
        of the keys says so."""
        lost = self.subscribe(brand="Testbrand")
        told = self.subscribe("told@example.com", brand="Testbrand")
        kid = self.rotate_keys(year=2020)
        keys = cipher.KeyRing.from_environment()
        seal = lost._get_seal_context("email_sealed")
        lost.email_sealed = keys.seal(self.EMAIL, seal, kid)
        self.add_vehicles(self.make_plan(self.producer, brand="Testbrand"))
        key_file.retire(self.key_file, kid)
        self.push()
        self.assertFalse(self.get_mails())
        self.assertTrue(self.get_mails("told@example.com"))
        self.assertEqual(set(lost.push_ids.mapped("state")), {"waiting"})
        self.assertEqual(set(told.push_ids.mapped("state")), {"sent"})
        self.reseal()
        lost.push_ids.next_try_at = fields.Datetime.now()
        self.push()
        self.assertEqual(set(lost.push_ids.mapped("state")), {"cancelled"})


@tagged("post_install", "-at_install")
class TestServiceKeys(ObjectionCommon):
    """Visitors' addresses and partners' secrets, when the keys change."""

    def test_visitor_s_address_stays_under_the_old_key(self):
        """X-CRYPTO: it moves, with its digest, and is erased on request."""
        objection = self.object(email="visitor@example.com")
        new = self.assertMoved(lambda one: one._open_email(), objection)
        self.assertEqual(objection.email_digest, new.blind("visitor@example.com"))
        erasure = self.env["recall.erasure"].create({"sought": "Visitor@example.com"})
        self.assertEqual(erasure.line_ids.mapped("res_model"), ["recall.objection"])
        erasure.action_erase()
        self.env.invalidate_all()
        self.assertFalse(objection.email_sealed or objection.email_masked)
        self.assertFalse(objection.mail_due)
        self.assertEqual(objection.state, "received")

    def test_visitor_whose_key_was_destroyed_stops_the_mails(self):
        """X-CRYPTO: the mail to an erased address is left out, for good."""
        objection = self.object(email="visitor@example.com")
        kid = cipher.kid_of(objection.email_sealed)
        self.rotate_keys("seal")
        key_file.retire(self.key_file, kid, ["seal"])
        self.assertIsNone(objection._open_email())
        objection._make_mail()
        self.assertFalse(objection.mail_due)

    def test_partner_s_secret_is_lost_with_its_year(self):
        """X-CRYPTO S-PUSH: a secret lives on: it moves to the key in use, both of
        them while two are valid."""
        user = self.env["recall.data.user"].create({"name": "P", "purpose": "Test"})
        hook = self.env["recall.webhook"].create(
            {
                "name": "H",
                "data_user_id": user.id,
                "url": "https://partner.example.com/recalls",
                "email": "it@partner.example.com",
            }
        )
        hook._issue_secret()
        hook._issue_secret()
        new = self.assertMoved(lambda one: one._open_secrets(), hook)
        for column in ("secret_sealed", "old_secret_sealed"):
            self.assertEqual(cipher.kid_of(hook[column]), new.sealing_kid())
